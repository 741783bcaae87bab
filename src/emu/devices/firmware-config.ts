import { type Device, numberField, type Platform, type StateValue } from './device.ts';

const SELECT_PORT = 0x510;
const DATA_PORT = 0x511;
/** Keys of QEMU's firmware configuration device (its docs/specs/fw_cfg.rst). */
const KEY = { signature: 0x00, interfaces: 0x01, ramSize: 0x03, processors: 0x05, maximumProcessors: 0x0f } as const;
/** Only the port interface, no DMA. */
const TRADITIONAL = 1;

/** The part of QEMU's firmware configuration device that bare-metal test suites ask: memory size and processors. */
export class FirmwareConfig implements Device {
  readonly name = 'firmware-config';
  private readonly items: ReadonlyMap<number, Uint8Array>;
  private key = 0;
  private offset = 0;

  constructor(platform: Platform, processors: number) {
    this.items = new Map([
      [KEY.signature, new TextEncoder().encode('QEMU')],
      [KEY.interfaces, little(TRADITIONAL, 4)],
      [KEY.ramSize, little(platform.memory.size, 8)],
      [KEY.processors, little(processors, 2)],
      [KEY.maximumProcessors, little(processors, 2)],
    ]);
    platform.claimPorts(SELECT_PORT, 1, {
      name: this.name,
      portRead: () => 0,
      portWrite: (_port, _size, value) => {
        this.key = value & 0xffff;
        this.offset = 0;
      },
    });
    platform.claimPorts(DATA_PORT, 1, {
      name: this.name,
      portWidth: 1,
      portRead: () => this.items.get(this.key)?.[this.offset++] ?? 0,
      portWrite: () => {},
    });
  }

  reset(): void {
    this.key = 0;
    this.offset = 0;
  }

  save(): StateValue {
    return { key: this.key, offset: this.offset };
  }

  restore(state: StateValue): void {
    this.key = numberField(state, 'key');
    this.offset = numberField(state, 'offset');
  }
}

function little(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) & 0xff);
}
