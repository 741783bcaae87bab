import { runFirmware } from './boot/firmware.ts';
import { Clock } from './clock.ts';
import { Core, type CoreHost } from './core-instance.ts';
import { LocalApic } from './devices/apic.ts';
import { Bus } from './devices/bus.ts';
import type { Device, Platform, Stop } from './devices/device.ts';
import { FirmwareConfig } from './devices/firmware-config.ts';
import { I8042 } from './devices/i8042.ts';
import { InterruptBus } from './devices/interrupt-bus.ts';
import { InterruptLines } from './devices/interrupt-lines.ts';
import { IoApic } from './devices/ioapic.ts';
import { PciBus } from './devices/pci.ts';
import { Pic } from './devices/pic.ts';
import { Pit } from './devices/pit.ts';
import { Port92 } from './devices/port92.ts';
import { Power } from './devices/power.ts';
import { Rtc } from './devices/rtc.ts';
import { TestDevice } from './devices/test-device.ts';
import { COM1, COM2, Uart } from './devices/uart.ts';
import { Ram } from './guest-memory.ts';
import type { InputLog, Moment } from './input-log.ts';
import { EXIT, fieldAddress } from './layout.ts';
import { Processors } from './processors.ts';
import type { Icount, Nanoseconds } from './units.ts';

export const VENDOR = { AuthenticAMD: 0, GenuineIntel: 1 } as const;
/** The longest run that the core is asked for at once. */
const LONGEST_RUN = 0x4000_0000;
const MSR_APIC_BASE = 0x1b;

export interface MachineOptions {
  /** Bytes of RAM, a multiple of 4096, up to 3 GiB. */
  readonly memory: number;
  readonly vendor: keyof typeof VENDOR;
  /** Virtual CPUs, 1 to 8; default 1. */
  readonly processors?: number;
  readonly inputs: InputLog;
  /** Supplies the wall-clock time at power-on, as `encodeStartTime` makes it. */
  readonly startTime: () => Uint8Array;
  /** Supplies the 8 bytes from which RDRAND goes on. */
  readonly entropy: () => Uint8Array;
  /** Further devices, usually PCI functions: makes them, plugs them and gives them back. */
  readonly devices?: (platform: Platform, pci: PciBus) => readonly Device[];
}

/** Why `Machine.run` returned. */
export type Outcome =
  /** The instruction count or time asked for is reached, or a device's listener asked to come back. */
  | { readonly kind: 'limit' }
  /** Halted until `until` (undefined: until an input comes). */
  | { readonly kind: 'idle'; readonly until: Nanoseconds | undefined }
  /** Halted with interrupts off: only a reset helps. */
  | { readonly kind: 'halted' }
  /** Triple fault. */
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'stopped'; readonly stop: Stop }
  /** An exit for the monitor; `reason` is a value of EXIT, details are in the core's state. */
  | { readonly kind: 'exit'; readonly reason: number };

export interface RunLimit {
  /** Absolute instruction count at which to come back. */
  readonly icount?: Icount;
  /** Absolute virtual time at which to come back. */
  readonly time?: Nanoseconds;
  /** True: come back when halted, for the host to wait in real time. False: skip to the next event. */
  readonly reportIdle?: boolean;
}

type Listener = (bytes: Uint8Array) => void;

/** A small PC: processors that take turns, memory, and the devices wired below. */
export class Machine implements Platform, CoreHost {
  readonly core: Core;
  readonly memory: Ram;
  readonly clock = new Clock(() => this.now());
  readonly bus = new Bus();
  readonly pci: PciBus;
  readonly processors: Processors;
  /** The local APICs, in the order of their processors. */
  readonly apics: readonly LocalApic[];
  /** In the order in which they are reset, saved and restored. */
  readonly devices: readonly Device[];
  readonly options: MachineOptions;
  /** Where inputs come from; replaced when a machine goes on from a snapshot. */
  inputLog: InputLog;

  private readonly lines: InterruptLines;
  private readonly sinks = new Map<string, Listener>();
  private readonly listeners = new Map<string, Listener[]>();
  private stopped: Stop | undefined;
  private returning = false;
  /** Virtual time at which the run in progress ends by itself; -Infinity between runs. */
  private runEnd: Nanoseconds = Number.NEGATIVE_INFINITY;

  constructor(options: MachineOptions) {
    this.options = options;
    this.inputLog = options.inputs;
    const { processors: count = 1 } = options;
    this.core = new Core(this, options.memory, VENDOR[options.vendor], count);
    this.processors = new Processors(this.core, count, this);
    this.memory = new Ram(this.core);
    this.clock.onEarlier = () => this.cutShort();

    const pic = new Pic(this);
    const interrupts = new InterruptBus();
    const ioapic = new IoApic(this, interrupts);
    this.lines = new InterruptLines(pic, ioapic);
    this.apics = this.processors.all.map(
      ({ number }) => new LocalApic(this, number, interrupts, this.processors.port(number)),
    );
    this.processors.attach(this.apics);
    interrupts.acknowledgeExternal = () => pic.acknowledge();
    pic.onInterrupt = (asserted) => this.apics[0]!.setExternalInterrupt(asserted);
    this.messageInterrupt = (address, data) => interrupts.messageInterrupt(address, data);
    this.pci = new PciBus(this);
    this.devices = [
      pic,
      ioapic,
      ...this.apics,
      this.lines,
      new Pit(this),
      new Rtc(this, options.startTime),
      new Uart(this, COM1),
      new Uart(this, COM2),
      new I8042(this),
      new Port92(this),
      new Power(this),
      new TestDevice(this),
      new FirmwareConfig(this, count),
      this.pci,
      ...(options.devices?.(this, this.pci) ?? []),
    ];
    this.reset();
  }

  /** Power-on: processor and devices reset, firmware run. RAM is not cleared. */
  reset(): void {
    this.stopped = undefined;
    this.processors.reset(VENDOR[this.options.vendor]);
    for (const device of this.devices) device.reset();
    const seed = this.inputs.take('cpu.random', this.options.entropy);
    this.core.set64('randomState', new DataView(seed.buffer, seed.byteOffset).getBigUint64(0, true));
    runFirmware(this, this.processors.all.length);
  }

  /** Runs until something happens that the caller must know. */
  run(limit: RunLimit = {}): Outcome {
    const { processors } = this;
    for (;;) {
      this.deliverInputs();
      this.clock.fireDue();
      if (this.stopped !== undefined) return { kind: 'stopped', stop: this.stopped };
      if (this.returning) {
        this.returning = false;
        return { kind: 'limit' };
      }
      const now = this.now();
      const left = this.limitLeft(limit, now);
      if (left <= 0) return { kind: 'limit' };
      if (processors.stalled) {
        const turn = processors.passTurn();
        if (turn === 'ring-full') return { kind: 'exit', reason: EXIT.ringFull };
        const outcome = turn === 'none' ? this.idle(limit, now) : undefined;
        if (outcome !== undefined) return outcome;
        continue;
      }
      const event = Math.min(this.clock.next, this.inputLog.nextOffer());
      const budget = Math.min(left, event - now, processors.turnLeft, LONGEST_RUN);
      this.runEnd = now + budget;
      processors.prepare();
      const exit = this.core.run(budget);
      this.runEnd = Number.NEGATIVE_INFINITY;
      this.core.set('exitRequest', 0);
      if (exit === EXIT.shutdown) return { kind: 'shutdown' };
      if (!OF_THE_LOOP.has(exit)) return { kind: 'exit', reason: exit };
      if (!processors.endTurn(exit)) return { kind: 'exit', reason: EXIT.ringFull };
    }
  }

  /** From a device's listener: the run in progress returns behind the instruction that the device is told by. */
  comeBack(): void {
    this.returning = true;
    this.requestExit();
  }

  /** Lets virtual time pass while all processors are halted, up to the next event; the host has waited as long. */
  passIdleTime(duration: Nanoseconds): void {
    const now = this.now();
    const next = Math.min(this.clock.next, this.inputLog.nextOffer(), now + Math.max(Math.floor(duration), 0));
    if (this.processors.idle) this.skipTo(Math.max(next, now));
  }

  /** Gives the machine something from outside: it enters at the next boundary. `kind` names the device that listens. */
  offer(kind: string, bytes: Uint8Array): void {
    this.inputLog.offer(kind, bytes);
    this.cutShort();
  }

  /** Calls `listener` with everything that devices emit under this name. */
  listen(kind: string, listener: Listener): void {
    this.listeners.set(kind, [...(this.listeners.get(kind) ?? []), listener]);
  }

  get icount(): Icount {
    return this.readCounter(ICOUNT);
  }

  // What devices see.

  readonly inputs = {
    take: (kind: string, supply: () => Uint8Array): Uint8Array => this.inputLog.take(this.moment(), kind, supply),
    receive: (kind: string, sink: Listener): void => {
      this.sinks.set(kind, sink);
    },
  };

  messageInterrupt: (address: number, data: number) => void;

  now(): Nanoseconds {
    return this.readCounter(ICOUNT) + this.readCounter(IDLE_TIME);
  }

  timer(fire: () => void): ReturnType<Clock['timer']> {
    return this.clock.timer(fire);
  }

  claimPorts(...claim: Parameters<Bus['claimPorts']>): ReturnType<Bus['claimPorts']> {
    return this.bus.claimPorts(...claim);
  }

  claimMemory(...claim: Parameters<Bus['claimMemory']>): ReturnType<Bus['claimMemory']> {
    return this.bus.claimMemory(...claim);
  }

  line(irq: number): ReturnType<Platform['line']> {
    return this.lines.join(irq);
  }

  stop(stop: Stop): void {
    this.stopped ??= stop;
    this.requestExit();
  }

  emit(kind: string, bytes: Uint8Array): void {
    for (const listener of this.listeners.get(kind) ?? []) listener(bytes);
  }

  // What the core calls.

  portIn(port: number, size: number): number {
    return this.bus.portRead(port, size);
  }

  portOut(port: number, size: number, value: number): void {
    this.bus.portWrite(port, size, value);
  }

  mmioRead(address: number, size: number): number {
    return this.bus.memoryRead(address, size);
  }

  mmioWrite(address: number, size: number, value: number): void {
    this.bus.memoryWrite(address, size, value);
  }

  acknowledgeInterrupt(): number {
    return this.core.get('interruptPending') === 0 ? -1 : this.presentApic.acknowledge();
  }

  msrRead(index: number): bigint | undefined {
    return index === MSR_APIC_BASE ? this.core.get64('apicBase') : this.presentApic.msrRead(index);
  }

  msrWrite(index: number, value: bigint): boolean {
    if (index !== MSR_APIC_BASE) return this.presentApic.msrWrite(index, value);
    return this.presentApic.writeBase(value);
  }

  tprChanged(): void {
    this.presentApic.taskPriorityChanged();
  }

  /** Of the processor that runs. */
  private get presentApic(): LocalApic {
    return this.apics[this.processors.current]!;
  }

  private moment(): Moment {
    return { icount: this.icount, time: this.now() };
  }

  private readCounter(address: number): number {
    const { view } = this.core;
    return view.getUint32(address, true) + view.getUint32(address + 4, true) * 2 ** 32;
  }

  private deliverInputs(): void {
    while (this.inputLog.nextOffer() <= this.now()) {
      const entry = this.inputLog.dueOffer(this.moment());
      if (entry === undefined) return;
      const sink = this.sinks.get(entry.kind);
      if (sink === undefined) throw new Error(`no device takes the input ${entry.kind}`);
      sink(entry.bytes);
    }
  }

  private limitLeft(limit: RunLimit, now: Nanoseconds): number {
    const byCount = limit.icount === undefined ? Number.POSITIVE_INFINITY : limit.icount - this.icount;
    const byTime = limit.time === undefined ? Number.POSITIVE_INFINITY : limit.time - now;
    return Math.min(byCount, byTime);
  }

  /** Skips to the next event, or says why it doesn't. */
  private idle(limit: RunLimit, now: Nanoseconds): Outcome | undefined {
    const next = Math.min(this.clock.next, this.inputLog.nextOffer());
    if (this.processors.masked) return { kind: 'halted' };
    if (next === Number.POSITIVE_INFINITY) return { kind: 'idle', until: undefined };
    if (limit.reportIdle === true) return { kind: 'idle', until: next };
    this.skipTo(Math.min(next, limit.time ?? next));
    return this.now() === now && next > now ? { kind: 'limit' } : undefined;
  }

  private skipTo(time: Nanoseconds): void {
    this.core.set64('idleTime', BigInt(time - this.icount));
  }

  /** Something is now due before the run in progress would end. */
  private cutShort(): void {
    if (Math.min(this.clock.next, this.inputLog.nextOffer()) < this.runEnd) this.requestExit();
  }

  requestExit(): void {
    this.core.set('exitRequest', 1);
  }
}

const ICOUNT = fieldAddress('icount');
const IDLE_TIME = fieldAddress('idleTime');
/** Exits after which the loop goes on by itself. */
const OF_THE_LOOP: ReadonlySet<number> = new Set([EXIT.budget, EXIT.halt, EXIT.hostRequest, EXIT.pause]);
