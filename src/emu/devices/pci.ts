import { type Device, type Platform, type PortHandler, type StateValue, stateFields } from './device.ts';
import { PciFunction } from './pci-function.ts';

const ADDRESS_PORT = 0xcf8;
const DATA_PORT = 0xcfc;
/** Reset control register of the PIIX family, which the FADT names: bit 2 resets the processor. */
export const RESET_PORT = 0xcf9;
const RESET_CPU = 1 << 2;
const SLOTS = 32;

/** ISA lines that INTA# of slot n ends at, n modulo their number. Level-triggered: see the PIC's ELCR and the DSDT. */
export const PCI_LINES = [10, 11] as const;

/** Where firmware places BARs; the DSDT tells the guest the same ranges. */
export const PCI_MEMORY = { base: 0xe000_0000, size: 0x1e00_0000 } as const;
export const PCI_IO = { base: 0xc000, size: 0x3000 } as const;

/** Bus 0 behind configuration mechanism 1 (ports CF8h, CFCh), with an i440FX-like host bridge in slot 0. */
export class PciBus implements Device, PortHandler {
  readonly name = 'pci';
  private readonly platform: Platform;
  private readonly slots: (PciFunction | undefined)[] = new Array(SLOTS).fill(undefined);
  private address = 0;

  constructor(platform: Platform) {
    this.platform = platform;
    platform.claimPorts(ADDRESS_PORT, 8, this);
    this.plug(
      0,
      new PciFunction(platform, {
        vendor: 0x8086,
        device: 0x1237,
        revision: 2,
        classCode: 0x06_0000,
        subsystemVendor: 0,
        subsystem: 0,
      }),
    );
  }

  /** Puts a function (number 0) into a slot of its own and wires its INTA#. */
  plug(slot: number, pciFunction: PciFunction): void {
    if (this.slots[slot] !== undefined) throw new Error(`PCI slot ${slot} is taken`);
    this.slots[slot] = pciFunction;
    if (slot !== 0) pciFunction.wire(this.platform.line(lineOfSlot(slot)));
  }

  /** What firmware does at power-on: bases for all BARs, interrupt lines, decoding on. */
  assignResources(): void {
    let memory: number = PCI_MEMORY.base;
    let io: number = PCI_IO.base;
    for (const [slot, pciFunction] of this.slots.entries()) {
      if (pciFunction === undefined) continue;
      for (const { index, kind, size } of pciFunction.resources()) {
        const next = kind === 'io' ? io : memory;
        const base = Math.ceil(next / size) * size;
        pciFunction.assign(index, base);
        if (kind === 'io') io = base + size;
        else memory = base + size;
      }
      pciFunction.enable(lineOfSlot(slot));
    }
  }

  portRead(port: number, size: number): number {
    if (port < DATA_PORT) return size === 4 ? this.address : 0xffff_ffff;
    const target = this.selected();
    if (target === undefined) return 0xffff_ffff;
    return target.configRead((this.address & 0xfc) + (port & 3), size);
  }

  portWrite(port: number, size: number, value: number): void {
    if (port < DATA_PORT) {
      if (size === 4) this.address = value >>> 0;
      else if (port === RESET_PORT && (value & RESET_CPU) !== 0) this.platform.stop({ kind: 'reset' });
      return;
    }
    this.selected()?.configWrite((this.address & 0xfc) + (port & 3), size, value);
  }

  reset(): void {
    this.address = 0;
    for (const pciFunction of this.slots) pciFunction?.reset();
  }

  save(): StateValue {
    return { address: this.address, functions: this.slots.map((slot) => slot?.save() ?? null) };
  }

  restore(state: StateValue): void {
    const { address, functions } = stateFields(state);
    this.address = address as number;
    for (const [slot, saved] of (functions as readonly StateValue[]).entries()) {
      if (saved !== null) this.slots[slot]?.restore(saved);
    }
  }

  private selected(): PciFunction | undefined {
    const { address } = this;
    const enabled = address >>> 31 === 1;
    const bus = (address >>> 16) & 0xff;
    const number = (address >>> 8) & 7;
    return enabled && bus === 0 && number === 0 ? this.slots[(address >>> 11) & 31] : undefined;
  }
}

function lineOfSlot(slot: number): number {
  return PCI_LINES[slot % PCI_LINES.length]!;
}
