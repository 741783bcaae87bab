import { readFileSync } from 'node:fs';
import { packageFile } from '../package-file.ts';
import { FIELDS, type Field, fieldAddress, PAGE_INFO, PAGE_WRITTEN, REGION } from './layout.ts';

/** What the core calls while it runs; see core/host.ts for when. Values are unsigned, sizes 1, 2 or 4 bytes. */
export interface CoreHost {
  portIn(port: number, size: number): number;
  portOut(port: number, size: number, value: number): void;
  mmioRead(address: number, size: number): number;
  mmioWrite(address: number, size: number, value: number): void;
  /** Vector of the pending interrupt, -1 if there is none. */
  acknowledgeInterrupt(): number;
  /** An MSR that the core does not hold: its value, or undefined for #GP. */
  msrRead(index: number): bigint | undefined;
  /** False for #GP. */
  msrWrite(index: number, value: bigint): boolean;
  /** CR8 was written. */
  tprChanged(value: number): void;
}

interface CoreExports {
  init(ramSize: number, vcpus: number): void;
  reset(vendor: number): void;
  initialise(): void;
  startUp(vector: number): void;
  showVcpu(number: number): void;
  switchVcpu(number: number): number;
  run(budget: number): number;
  stepOver(): number;
  completeExit(): void;
  injectExit(): number;
  modeChanged(): void;
  flushTlb(): void;
  invalidatePhysical(address: number, length: number): void;
  beginDeviceWrite(address: number, length: number): number;
  endDeviceWrite(address: number, length: number): void;
  watchesChanged(): void;
  tellPages(): number;
  translate(linear: bigint): bigint;
  readFlags(): bigint;
  writeFlags(value: bigint): void;
}

const CORE_WASM = packageFile('dist/core.wasm');
/** Of WebAssembly. */
const PAGE = 65536;
const GUEST_PAGE = 4096;
const CURRENT_VCPU = fieldAddress('vcpu');
const SIZE: Readonly<Record<Field['type'], number>> = { u8: 1, u16: 2, u32: 4, u64: 8, u128: 16, bytes: 1 };
let compiled: WebAssembly.Module | undefined;

/** Virtual CPUs with their memory: the compiled core, instantiated, and typed access to the state of the one that runs. */
export class Core {
  readonly memory: WebAssembly.Memory;
  /** All of linear memory. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Guest-physical memory. */
  readonly ram: Uint8Array;
  readonly ramSize: number;
  private readonly core: CoreExports;

  /** `ramSize`: bytes of guest RAM, a multiple of 4096, up to 3 GiB. `vendor`: 0 AuthenticAMD, 1 GenuineIntel. `vcpus`: 1 to VCPU.most. */
  constructor(host: CoreHost, ramSize: number, vendor = 0, vcpus = 1) {
    if (ramSize % GUEST_PAGE !== 0 || ramSize > REGION.ram.size) throw new Error(`RAM size ${ramSize} is not possible`);
    this.ramSize = ramSize;
    this.memory = new WebAssembly.Memory({
      initial: Math.ceil((REGION.ram.address + ramSize) / PAGE),
      maximum: 65536,
      shared: true,
    });
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.ram = this.bytes.subarray(REGION.ram.address, REGION.ram.address + ramSize);
    compiled ??= new WebAssembly.Module(readFileSync(CORE_WASM));
    const instance = new WebAssembly.Instance(compiled, { env: { memory: this.memory }, host: this.imports(host) });
    this.core = instance.exports as unknown as CoreExports;
    this.core.init(ramSize, vcpus);
    this.core.reset(vendor);
  }

  private imports(host: CoreHost): WebAssembly.ModuleImports {
    const hostValue = fieldAddress('hostValue');
    return {
      portIn: (port: number, size: number) => host.portIn(port, size),
      portOut: (port: number, size: number, value: number) => host.portOut(port, size, value >>> 0),
      mmioRead: (address: number, size: number) => host.mmioRead(address >>> 0, size),
      mmioWrite: (address: number, size: number, value: number) => host.mmioWrite(address >>> 0, size, value >>> 0),
      acknowledgeInterrupt: () => host.acknowledgeInterrupt(),
      msrRead: (index: number) => {
        const value = host.msrRead(index >>> 0);
        if (value === undefined) return 0;
        this.view.setBigUint64(hostValue, value, true);
        return 1;
      },
      msrWrite: (index: number) => Number(host.msrWrite(index >>> 0, this.view.getBigUint64(hostValue, true))),
      tprChanged: (value: number) => host.tprChanged(value),
    };
  }

  /** Runs at most `budget` instructions (below 2^31). Returns a value of EXIT; details are in the state. */
  run(budget: number): number {
    return this.core.run(budget);
  }

  /** Runs one instruction with the second-level permissions ignored. Returns a value of EXIT. */
  stepOver(): number {
    return this.core.stepOver();
  }

  /** The next run() executes the instruction that made the last exit, without that intercept. */
  completeExit(): void {
    this.core.completeExit();
  }

  /** After EXIT.exception: the guest gets its fault. Returns EXIT.shutdown after a triple fault, else -1. */
  injectExit(): number {
    return this.core.injectExit();
  }

  /** Puts the processor into its state after power-on. RAM, the intercept controls and `icount` stay. */
  reset(vendor: number): void {
    this.core.reset(vendor);
  }

  /** The current virtual CPU as after an INIT message; one that came is answered. */
  initialise(): void {
    this.core.initialise();
  }

  /** The current virtual CPU has got a startup message. */
  startUp(vector: number): void {
    this.core.startUp(vector);
  }

  /** Number of the virtual CPU whose state the state block holds. */
  get currentVcpu(): number {
    return this.view.getUint32(CURRENT_VCPU, true);
  }

  /** Makes the state block hold another virtual CPU's state, between runs; the same one must run next. */
  showVcpu(number: number): void {
    this.core.showVcpu(number);
  }

  /** Another virtual CPU runs next. Returns -1, or EXIT.ringFull: nothing has changed, and records must be read first. */
  switchVcpu(number: number): number {
    return this.core.switchVcpu(number);
  }

  /** Tells the core that CPL, control registers, segments or RFLAGS were written from outside. */
  modeChanged(): void {
    this.core.modeChanged();
  }

  /** Forgets all translations of all virtual CPUs. After CR3 or page tables, second-level permissions or dirty bits were written. */
  flushTlb(): void {
    this.core.flushTlb();
  }

  /** After RAM was written from outside: drops what was decoded from it. */
  invalidatePhysical(address: number, length: number): void {
    this.core.invalidatePhysical(address, length);
  }

  /**
   * A device is about to write there. True: some of it is watched, and `endDeviceWrite` is to be called with the same
   * range once it is written.
   */
  beginDeviceWrite(address: number, length: number): boolean {
    return this.core.beginDeviceWrite(address, length) !== 0;
  }

  endDeviceWrite(address: number, length: number): void {
    this.core.endDeviceWrite(address, length);
  }

  /** After the watch rows were written, or VMCS_CONTROL.pageWrite or pages set. */
  /** Between two runs: puts into the ring what pages were dirtied until now. False: it is full, ask again when there is room. */
  tellPages(): boolean {
    return this.core.tellPages() !== 0;
  }

  watchesChanged(): void {
    this.core.watchesChanged();
  }

  /** Numbers of the pages of RAM that were ever written, ascending: all others hold zeros, and need not even be there. */
  *writtenPages(): Generator<number> {
    const { address } = REGION.pageInfo;
    for (let page = 0; page < this.ramSize / GUEST_PAGE; page++) {
      const written = this.view.getUint32(address + PAGE_INFO.size * page + PAGE_INFO.written, true);
      if ((written & PAGE_WRITTEN.ever) !== 0) yield page;
    }
  }

  /** Guest-physical address that `linear` maps to, undefined if it is not mapped. Changes nothing. */
  translate(linear: bigint): bigint | undefined {
    const physical = BigInt.asUintN(64, this.core.translate(linear));
    return physical === 0xffff_ffff_ffff_ffffn ? undefined : physical;
  }

  /** RFLAGS with the lazy status flags computed. */
  get rflags(): bigint {
    return BigInt.asUintN(64, this.core.readFlags());
  }

  set rflags(value: bigint) {
    this.core.writeFlags(value);
  }

  /** Where a field lies in `bytes` and `view`. */
  address(name: string, index = 0): number {
    return fieldAddress(name, index);
  }

  /** A field of up to 32 bits. Throws if there is none of that name. */
  get(name: string, index = 0): number {
    const { type, address: first } = field(name);
    const address = first + SIZE[type] * index;
    if (type === 'u8' || type === 'bytes') return this.view.getUint8(address);
    return type === 'u16' ? this.view.getUint16(address, true) : this.view.getUint32(address, true);
  }

  set(name: string, value: number, index = 0): void {
    const { type, address: first } = field(name);
    const address = first + SIZE[type] * index;
    if (type === 'u8' || type === 'bytes') this.view.setUint8(address, value);
    else if (type === 'u16') this.view.setUint16(address, value, true);
    else if (type === 'u32') this.view.setUint32(address, value, true);
    else this.view.setBigUint64(address, BigInt(value), true);
  }

  /** A field of 64 bits. */
  get64(name: string, index = 0): bigint {
    return this.view.getBigUint64(fieldAddress(name, index), true);
  }

  set64(name: string, value: bigint, index = 0): void {
    this.view.setBigUint64(fieldAddress(name, index), value, true);
  }
}

function field(name: string): Field {
  const found = FIELDS.get(name);
  if (found === undefined) throw new Error(`no field ${name} in the CPU state`);
  return found;
}
