import {
  bytesField,
  type Device,
  type Line,
  type MmioHandler,
  type Platform,
  type PortHandler,
  type StateValue,
  stateFields,
  type Window,
} from './device.ts';

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
const CAPABILITY_MSIX = 0x11;
const FIRST_CAPABILITY = 0x40;
const MSIX_ENABLE = 0x8000;
const MSIX_MASK_ALL = 0x4000;
const MSIX_ENTRY_BYTES = 16;
/** Where the pending bits stand in the MSI-X BAR; the table stands at 0. */
const MSIX_PENDING_OFFSET = 0x800;

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
  private msixOffset = 0;
  private msixTable = new Uint8Array(0);
  private msixPending = new Uint8Array(0);
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
  useIntx(): void {
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
    this.msixTable = new Uint8Array(vectors * MSIX_ENTRY_BYTES);
    this.msixPending = new Uint8Array(Math.ceil(vectors / 64) * 8);
    const body = new Uint8Array(10);
    const view = new DataView(body.buffer);
    view.setUint16(0, vectors - 1, true);
    view.setUint32(2, barIndex, true);
    view.setUint32(6, MSIX_PENDING_OFFSET | barIndex, true);
    this.msixOffset = this.addCapability(CAPABILITY_MSIX, body, Uint8Array.of(0x00, 0xc0));
    this.addMemoryBar(barIndex, 4096, {
      name,
      mmioRead: (offset, size) => this.msixRead(offset, size),
      mmioWrite: (offset, size, value) => this.msixWrite(offset, size, value),
    });
    this.resetMsix();
  }

  get msixEnabled(): boolean {
    return this.msixOffset !== 0 && (this.get(this.msixOffset + 2, 2) & MSIX_ENABLE) !== 0;
  }

  get busMaster(): boolean {
    return (this.get(CONFIG.command, 2) & COMMAND.busMaster) !== 0;
  }

  /** Sends MSI-X message `vector` (or remembers it while masked). No effect unless MSI-X is enabled. */
  message(vector: number): void {
    if (!this.msixEnabled || vector * MSIX_ENTRY_BYTES >= this.msixTable.length) return;
    const at = vector * MSIX_ENTRY_BYTES;
    const table = new DataView(this.msixTable.buffer);
    const masked =
      (this.get(this.msixOffset + 2, 2) & MSIX_MASK_ALL) !== 0 || (table.getUint32(at + 12, true) & 1) !== 0;
    if (masked) {
      this.msixPending[vector >> 3]! |= 1 << (vector & 7);
      return;
    }
    this.msixPending[vector >> 3]! &= ~(1 << (vector & 7));
    this.platform.messageInterrupt(table.getUint32(at, true), table.getUint32(at + 8, true));
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
    this.sendPending();
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
    this.resetMsix();
    this.placeBars();
    this.updateIntx();
  }

  save(): StateValue {
    return {
      config: this.config.slice(),
      intx: this.intxLevel,
      msixTable: this.msixTable.slice(),
      msixPending: this.msixPending.slice(),
    };
  }

  restore(state: StateValue): void {
    this.config.set(bytesField(state, 'config'));
    this.intxLevel = stateFields(state).intx === true;
    this.msixTable.set(bytesField(state, 'msixTable'));
    this.msixPending.set(bytesField(state, 'msixPending'));
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

  private resetMsix(): void {
    this.msixTable.fill(0);
    this.msixPending.fill(0);
    for (let at = 12; at < this.msixTable.length; at += MSIX_ENTRY_BYTES) this.msixTable[at] = 1;
  }

  private msixRead(offset: number, size: number): number {
    const pending = offset >= MSIX_PENDING_OFFSET;
    const bytes = pending ? this.msixPending : this.msixTable;
    const at = pending ? offset - MSIX_PENDING_OFFSET : offset;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = (value << 8) | (bytes[at + i] ?? 0);
    return value >>> 0;
  }

  private msixWrite(offset: number, size: number, value: number): void {
    if (offset + size > this.msixTable.length) return;
    for (let i = 0; i < size; i++) this.msixTable[offset + i] = value >>> (8 * i);
    this.sendPending();
  }

  private sendPending(): void {
    for (const [i, byte] of this.msixPending.entries()) {
      for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) this.message(i * 8 + bit);
    }
  }
}

function offsetPorts(handler: PortHandler, base: () => number): PortHandler {
  return {
    ...(handler.name === undefined ? {} : { name: handler.name }),
    portRead: (port, size) => handler.portRead(port - base(), size),
    portWrite: (port, size, value) => handler.portWrite(port - base(), size, value),
  };
}

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
