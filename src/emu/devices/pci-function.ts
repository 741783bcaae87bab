import {
  bytesField,
  type Line,
  type MmioHandler,
  type Platform,
  type PortHandler,
  type StateValue,
  stateFields,
  type Window,
} from './device.ts';
import { CAPABILITY_MSIX, MSIX_WRITABLE, Msix } from './msix.ts';

/** Configuration-space offsets (PCI Local Bus 3.0, 6.1). */
const CONFIG = {
  vendor: 0x00,
  device: 0x02,
  command: 0x04,
  status: 0x06,
  revision: 0x08,
  classCode: 0x09,
  headerType: 0x0e,
  bars: 0x10,
  subsystemVendor: 0x2c,
  subsystem: 0x2e,
  capabilities: 0x34,
  interruptLine: 0x3c,
  interruptPin: 0x3d,
} as const;

const COMMAND = { io: 1 << 0, memory: 1 << 1, busMaster: 1 << 2, interruptDisable: 1 << 10 } as const;
const STATUS_INTERRUPT = 1 << 3;
const STATUS_CAPABILITIES = 1 << 4;
const FIRST_CAPABILITY = 0x40;

export interface PciIdentity {
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  /** Base class, subclass, interface: 24 bits. */
  readonly classCode: number;
  readonly subsystemVendor: number;
  readonly subsystem: number;
}

interface Bar {
  readonly kind: 'memory' | 'io';
  readonly size: number;
  readonly window: Window;
}

/**
 * One function on the PCI bus: configuration space, BARs, INTx and MSI-X. A device owns one (it does not extend it),
 * adds BARs and capabilities in its constructor, hands it to `PciBus.plug` and calls `interrupt`.
 */
export class PciFunction {
  readonly config = new Uint8Array(256);
  private readonly platform: Platform;
  private readonly writable = new Uint8Array(256);
  private readonly powerOn = new Uint8Array(256);
  private readonly bars: (Bar | undefined)[] = [];
  private nextCapability = FIRST_CAPABILITY;
  private lastCapabilityLink: number = CONFIG.capabilities;
  private line: Line | undefined;
  private intxLevel = false;
  private msix: Msix | undefined;
  /** Called after the guest wrote to configuration space (offset, size): for devices with live capabilities. */
  onConfigWrite: ((offset: number, size: number) => void) | undefined;
  /** Called before configuration space is read. */
  onConfigRead: ((offset: number, size: number) => void) | undefined;

  constructor(platform: Platform, identity: PciIdentity) {
    this.platform = platform;
    this.put(CONFIG.vendor, 2, identity.vendor);
    this.put(CONFIG.device, 2, identity.device);
    this.put(CONFIG.revision, 1, identity.revision);
    this.put(CONFIG.classCode, 3, identity.classCode);
    this.put(CONFIG.subsystemVendor, 2, identity.subsystemVendor);
    this.put(CONFIG.subsystem, 2, identity.subsystem);
    this.allow(CONFIG.command, 2, COMMAND.io | COMMAND.memory | COMMAND.busMaster | COMMAND.interruptDisable);
    this.allow(CONFIG.interruptLine, 1, 0xff);
  }

  /** A memory BAR of `size` bytes (a power of two, at least 4096), 32-bit, not prefetchable. */
  addMemoryBar(index: number, size: number, handler: MmioHandler): void {
    this.bars[index] = { kind: 'memory', size, window: this.platform.claimMemory(undefined, size, handler) };
    this.allow(CONFIG.bars + 4 * index, 4, ~(size - 1) & ~0xf);
  }

  /** An I/O BAR of `size` ports (a power of two, at least 4). The handler gets offsets in the BAR as its port. */
  addIoBar(index: number, size: number, handler: PortHandler): void {
    const bar: Bar = {
      kind: 'io',
      size,
      window: this.platform.claimPorts(
        undefined,
        size,
        offsetPorts(handler, () => bar.window.base ?? 0),
      ),
    };
    this.bars[index] = bar;
    this.put(CONFIG.bars + 4 * index, 4, 1);
    this.allow(CONFIG.bars + 4 * index, 4, ~(size - 1) & 0xfffc);
  }

  /** Interrupt pin INTA#. Which line it is wired to is the bus's business. */
  addIntx(): void {
    this.put(CONFIG.interruptPin, 1, 1);
  }

  /**
   * Appends a capability. `body` is what follows the two bytes of id and link; `writable` says which bits of it the
   * guest may change. Returns the capability's offset in configuration space.
   */
  addCapability(id: number, body: Uint8Array, writable?: Uint8Array): number {
    const offset = this.nextCapability;
    this.put(this.lastCapabilityLink, 1, offset);
    this.put(offset, 1, id);
    for (const [i, byte] of body.entries()) {
      this.put(offset + 2 + i, 1, byte);
      this.allow(offset + 2 + i, 1, writable?.[i] ?? 0);
    }
    this.lastCapabilityLink = offset + 1;
    this.nextCapability = (offset + 2 + body.length + 3) & ~3;
    this.put(CONFIG.status, 2, STATUS_CAPABILITIES);
    return offset;
  }

  /** MSI-X with up to 128 vectors; takes a 4-KiB memory BAR of its own. */
  addMsix(barIndex: number, vectors: number, name = 'msix'): void {
    const msix = new Msix(
      vectors,
      () => this.get(offset + 2, 2),
      (address, data) => this.platform.messageInterrupt(address, data),
    );
    const offset = this.addCapability(CAPABILITY_MSIX, msix.body(barIndex), MSIX_WRITABLE);
    this.addMemoryBar(barIndex, 4096, {
      name,
      mmioRead: (at, size) => msix.read(at, size),
      mmioWrite: (at, size, value) => msix.write(at, size, value),
    });
    this.msix = msix;
  }

  get msixEnabled(): boolean {
    return this.msix?.enabled === true;
  }

  get busMaster(): boolean {
    return (this.get(CONFIG.command, 2) & COMMAND.busMaster) !== 0;
  }

  /** Sends MSI-X message `vector` (or remembers it while masked). No effect unless MSI-X is enabled. */
  message(vector: number): void {
    this.msix?.message(vector);
  }

  /** Level of INTA#. Stays low for the guest while MSI-X or the command register's disable bit rules. */
  intx(asserted: boolean): void {
    this.intxLevel = asserted;
    this.updateIntx();
  }

  /** Value of configuration space as the guest reads it. */
  configRead(offset: number, size: number): number {
    this.onConfigRead?.(offset, size);
    return this.get(offset, size);
  }

  configWrite(offset: number, size: number, value: number): void {
    for (let i = 0; i < size; i++) {
      const mask = this.writable[offset + i] ?? 0;
      const byte = (value >>> (8 * i)) & 0xff;
      this.config[offset + i] = ((this.config[offset + i] ?? 0) & ~mask) | (byte & mask);
    }
    this.placeBars();
    this.updateIntx();
    this.msix?.sendPending();
    this.onConfigWrite?.(offset, size);
  }

  /** What firmware does: BAR sizes in order of index. */
  *resources(): Generator<{ readonly index: number; readonly kind: 'memory' | 'io'; readonly size: number }> {
    for (const [index, bar] of this.bars.entries()) {
      if (bar !== undefined) yield { index, kind: bar.kind, size: bar.size };
    }
  }

  /** What firmware does: gives the BAR a base. */
  assign(index: number, base: number): void {
    this.configWrite(CONFIG.bars + 4 * index, 4, base);
  }

  /** What firmware does: says which ISA line INTA# ends at and switches decoding on. */
  enable(interruptLine: number): void {
    if (this.config[CONFIG.interruptPin] !== 0) this.configWrite(CONFIG.interruptLine, 1, interruptLine);
    this.configWrite(CONFIG.command, 2, COMMAND.io | COMMAND.memory | COMMAND.busMaster);
  }

  /** The bus wires INTA#. */
  wire(line: Line): void {
    this.line = line;
  }

  reset(): void {
    this.config.set(this.powerOn);
    this.intxLevel = false;
    this.msix?.reset();
    this.placeBars();
    this.updateIntx();
  }

  save(): StateValue {
    return {
      config: this.config.slice(),
      intx: this.intxLevel,
      ...(this.msix?.save() ?? NO_MSIX),
    };
  }

  restore(state: StateValue): void {
    this.config.set(bytesField(state, 'config'));
    this.intxLevel = stateFields(state).intx === true;
    this.msix?.restore(state);
    this.placeBars();
    this.updateIntx();
  }

  private get(offset: number, size: number): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = (value << 8) | (this.config[offset + i] ?? 0xff);
    return value >>> 0;
  }

  private put(offset: number, size: number, value: number): void {
    for (let i = 0; i < size; i++) {
      this.config[offset + i] = value >>> (8 * i);
      this.powerOn[offset + i] = value >>> (8 * i);
    }
  }

  private allow(offset: number, size: number, mask: number): void {
    for (let i = 0; i < size; i++) this.writable[offset + i] = mask >>> (8 * i);
  }

  private placeBars(): void {
    const command = this.get(CONFIG.command, 2);
    for (const [index, bar] of this.bars.entries()) {
      if (bar === undefined) continue;
      const raw = this.get(CONFIG.bars + 4 * index, 4);
      const enabled = (command & (bar.kind === 'io' ? COMMAND.io : COMMAND.memory)) !== 0;
      const base = bar.kind === 'io' ? raw & 0xfffc : (raw & ~0xf) >>> 0;
      // All ones are the sizing probe, zero is unassigned.
      const sizing = bar.kind === 'io' ? base === (~(bar.size - 1) & 0xfffc) : base === ~(bar.size - 1) >>> 0;
      const wanted = enabled && base !== 0 && !sizing ? base : undefined;
      if (bar.window.base !== wanted) bar.window.place(wanted);
    }
  }

  private updateIntx(): void {
    const disabled = (this.get(CONFIG.command, 2) & COMMAND.interruptDisable) !== 0 || this.msixEnabled;
    this.line?.set(this.intxLevel && !disabled);
    this.config[CONFIG.status] =
      (this.config[CONFIG.status]! & ~STATUS_INTERRUPT) | (this.intxLevel ? STATUS_INTERRUPT : 0);
  }
}

/** A function without it is saved like one with no vectors. */
const NO_MSIX = { msixTable: new Uint8Array(0), msixPending: new Uint8Array(0) };

function offsetPorts(handler: PortHandler, base: () => number): PortHandler {
  return {
    ...(handler.name === undefined ? {} : { name: handler.name }),
    portRead: (port, size) => handler.portRead(port - base(), size),
    portWrite: (port, size, value) => handler.portWrite(port - base(), size, value),
  };
}
