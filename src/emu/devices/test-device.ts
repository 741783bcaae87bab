import { bytesField, type Device, type Line, type Platform, type StateValue, stateFields } from './device.ts';

const EXIT_PORT = 0xf4;
const SCRATCH_PORT = 0xe0;
const SCRATCH_BYTES = 4;
/** Port 2000h + n is the level of interrupt line n. */
const LINE_PORTS = 0x2000;
const LINES = 24;
const MEMORY = { base: 0xff00_0000, size: 0x1_0000 } as const;

/**
 * What bare-metal test suites expect of the machine under test: an exit port, four bytes behind ports, 64 KiB of
 * device memory, and interrupt lines to pull (QEMU's isa-debug-exit and pc-testdev).
 */
export class TestDevice implements Device {
  readonly name = 'test-device';
  private readonly scratch = new Uint8Array(SCRATCH_BYTES);
  private readonly memory = new Uint8Array(MEMORY.size);
  private readonly lines: readonly Line[];

  constructor(platform: Platform) {
    this.lines = Array.from({ length: LINES }, (_, irq) => platform.line(irq));
    platform.claimPorts(EXIT_PORT, 4, {
      name: this.name,
      portRead: () => 0,
      portWrite: (_port, _size, value) => platform.stop({ kind: 'debug-exit', code: value }),
    });
    platform.claimPorts(SCRATCH_PORT, SCRATCH_BYTES, {
      name: this.name,
      portRead: (port, size) => load(this.scratch, port - SCRATCH_PORT, size),
      portWrite: (port, size, value) => store(this.scratch, port - SCRATCH_PORT, size, value),
    });
    platform.claimPorts(LINE_PORTS, LINES, {
      name: this.name,
      portRead: () => 0,
      portWrite: (port, _size, value) => this.lines[port - LINE_PORTS]?.set(value !== 0),
    });
    platform.claimMemory(MEMORY.base, MEMORY.size, {
      name: this.name,
      mmioRead: (offset, size) => load(this.memory, offset, size),
      mmioWrite: (offset, size, value) => store(this.memory, offset, size, value),
    });
  }

  reset(): void {
    this.scratch.fill(0);
    this.memory.fill(0);
    for (const line of this.lines) line.set(false);
  }

  /** The lines' levels are saved with the wires. */
  save(): StateValue {
    const used = this.memory.some((byte) => byte !== 0);
    return { scratch: this.scratch.slice(), memory: used ? this.memory.slice() : null };
  }

  restore(state: StateValue): void {
    this.scratch.set(bytesField(state, 'scratch'));
    const { memory } = stateFields(state);
    if (memory instanceof Uint8Array) this.memory.set(memory);
    else this.memory.fill(0);
  }
}

function load(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = (value << 8) | (bytes[at + i] ?? 0xff);
  return value >>> 0;
}

function store(bytes: Uint8Array, at: number, size: number, value: number): void {
  for (let i = 0; i < size && at + i < bytes.length; i++) bytes[at + i] = value >>> (8 * i);
}
