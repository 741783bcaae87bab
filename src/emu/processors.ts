import type { Core } from './core-instance.ts';
import { restoreVcpu, saveVcpu } from './cpu-state.ts';
import type { ApicProcessor } from './devices/apic.ts';
import { numberField, type StateValue, stateFields } from './devices/device.ts';
import { UserError } from './errors.ts';
import { EXIT, VCPU } from './layout.ts';
import type { Icount } from './units.ts';
import { Vcpu } from './vcpu.ts';

/** Instructions after which another virtual CPU's turn comes, as long as there is one that can run. */
const TURN = 50_000;
const FLAG_IF = 1n << 9n;
const STARTUP = 0x100;

/** What a virtual CPU's local APIC does while its processor runs. */
interface Presence {
  setPresent(present: boolean): void;
}

/** What the virtual CPUs ask of the machine. */
interface ProcessorHost {
  readonly icount: Icount;
  /** The run in progress is to come back at the next instruction boundary. */
  requestExit(): void;
}

/**
 * The virtual CPUs and whose turn it is. They run one at a time, in turn: a turn ends after TURN instructions, at PAUSE,
 * and when its processor halts; it goes to the next one that can run. All of that depends on nothing but the machine's own
 * state, so that the same machine always takes the same turns.
 */
export class Processors {
  readonly all: readonly Vcpu[];
  /** Instruction count at which the turn ends; Infinity while nobody else can run. */
  private turnEnd: Icount = Number.POSITIVE_INFINITY;
  private readonly core: Core;
  private readonly host: ProcessorHost;
  private readonly apics: Presence[] = [];

  constructor(core: Core, count: number, host: ProcessorHost) {
    if (count < 1 || count > VCPU.most) throw new Error(`a machine has 1 to ${VCPU.most} virtual CPUs, not ${count}`);
    this.core = core;
    this.host = host;
    this.all = Array.from({ length: count }, (_, number) => new Vcpu(core, number));
  }

  /** The local APICs, in the order of their processors' numbers. */
  attach(apics: readonly Presence[]): void {
    this.apics.push(...apics);
  }

  /** Power-on. */
  reset(vendor: number): void {
    for (const { number } of this.all) {
      this.core.showVcpu(number);
      this.core.reset(vendor);
    }
    this.show(0);
    this.turnEnd = Number.POSITIVE_INFINITY;
  }

  /** Number of the one that runs, or ran last. */
  get current(): number {
    return this.core.currentVcpu;
  }

  /** Instructions left of the turn. */
  get turnLeft(): number {
    return this.turnEnd - this.host.icount;
  }

  /** Whether the current one can't go on. */
  get stalled(): boolean {
    return !this.canRun(this.all[this.current]!);
  }

  /** Whether all are halted, or wait to be started. */
  get idle(): boolean {
    return this.all.every((vcpu) => vcpu.get('halted') !== 0 || waits(vcpu));
  }

  /** Whether no interrupt can ever wake any of them. */
  get masked(): boolean {
    return this.all.every((vcpu) => waits(vcpu) || (vcpu.get64('rflags') & FLAG_IF) === 0n);
  }

  /** Before a run. */
  prepare(): void {
    if (this.all.length > 1) this.core.set('pauseYields', this.turnEnd === Number.POSITIVE_INFINITY ? 0 : 1);
  }

  /**
   * After a run that ended with `exit`: the turn may be over. False: the ring of records is full, and the next call is to
   * decide again.
   */
  endTurn(exit: number): boolean {
    if (this.all.length === 1) return true;
    const over = this.turnLeft <= 0;
    if (!over && exit !== EXIT.pause) return true;
    const next = this.next();
    if (next !== undefined) {
      this.turnEnd = this.host.icount;
      return this.giveTo(next);
    }
    if (over) this.turnEnd = Number.POSITIVE_INFINITY;
    return true;
  }

  /** The current one can't go on: the next one that can does. `none`: there is none. */
  passTurn(): 'passed' | 'none' | 'ring-full' {
    const next = this.next();
    if (next === undefined) return 'none';
    return this.giveTo(next) ? 'passed' : 'ring-full';
  }

  /** What the local APIC of processor `number` asks of it. */
  port(number: number): ApicProcessor {
    const vcpu = this.all[number]!;
    const { core } = this;
    return {
      setInterrupt: (asserted) => {
        vcpu.set('interruptPending', asserted ? 1 : 0);
        if (asserted) this.woken(vcpu);
      },
      raiseNmi: () => {
        vcpu.set('nmiPending', 1);
        this.woken(vcpu);
      },
      initialise: () => {
        if (number === 0) return false;
        vcpu.set('initPending', 1);
        vcpu.set('startupPending', 0);
        if (number === this.current) this.host.requestExit();
        return true;
      },
      startUp: (vector) => {
        if (!waits(vcpu)) return;
        vcpu.set('startupPending', STARTUP | vector);
        this.woken(vcpu);
      },
      tscAt: (now) => BigInt.asUintN(64, BigInt(now) + vcpu.get64('tscOffset')),
      setBase: (value) => vcpu.set64('apicBase', value),
      get taskPriorityClass() {
        return number === core.currentVcpu ? core.get('cr8') : vcpu.get('cr8');
      },
      set taskPriorityClass(value) {
        vcpu.set64('cr8', BigInt(value));
      },
    };
  }

  /** What a single processor does not have: the other processors, and whose turn it is. */
  save(): StateValue {
    const { current } = this;
    const states = this.all.map(({ number }) => {
      this.core.showVcpu(number);
      return saveVcpu(this.core);
    });
    this.core.showVcpu(current);
    return { current, turnEnd: this.turnEnd, states };
  }

  /** Takes over the processors' states; what restoring the devices does to them comes after it, then `restoreTurn`. */
  restore(saved: StateValue): void {
    const states = saved === null ? undefined : stateFields(saved).states;
    if (!Array.isArray(states) || states.length !== this.all.length)
      throw new UserError(`the snapshot is not of a machine with ${this.all.length} virtual CPUs`);
    for (const { number } of this.all) {
      this.core.showVcpu(number);
      restoreVcpu(this.core, states[number] as StateValue);
    }
    this.show(numberField(saved, 'current'));
  }

  restoreTurn(saved: StateValue): void {
    this.turnEnd = numberField(saved, 'turnEnd');
  }

  private canRun(vcpu: Vcpu): boolean {
    if (waits(vcpu)) return vcpu.get('startupPending') !== 0;
    if (vcpu.get('halted') === 0 || vcpu.get('nmiPending') !== 0) return true;
    return vcpu.get('interruptPending') !== 0 && (vcpu.get64('rflags') & FLAG_IF) !== 0n;
  }

  /** The next one in turn that can run, but for the current one. */
  private next(): Vcpu | undefined {
    const { all, current } = this;
    for (let i = 1; i < all.length; i++) {
      const vcpu = all[(current + i) % all.length]!;
      if (this.canRun(vcpu)) return vcpu;
    }
    return undefined;
  }

  /** False: the monitor must say first what the current one has done, and the ring of records is full. */
  private giveTo(vcpu: Vcpu): boolean {
    const before = this.current;
    if (this.core.switchVcpu(vcpu.number) === EXIT.ringFull) return false;
    this.apics[before]!.setPresent(false);
    this.apics[vcpu.number]!.setPresent(true);
    if (vcpu.get('initPending') !== 0) this.core.initialise();
    const startup = vcpu.get('startupPending');
    if (startup !== 0) this.core.startUp(startup & 0xff);
    this.turnEnd = this.next() === undefined ? Number.POSITIVE_INFINITY : this.host.icount + TURN;
    return true;
  }

  /** Another one than the current may now run: from here on there are turns. */
  private woken(vcpu: Vcpu): void {
    if (this.turnEnd !== Number.POSITIVE_INFINITY || vcpu.number === this.current || !this.canRun(vcpu)) return;
    this.turnEnd = this.host.icount + TURN;
    this.core.set('pauseYields', 1);
    this.host.requestExit();
  }

  private show(number: number): void {
    this.core.showVcpu(number);
    for (const [i, apic] of this.apics.entries()) apic.setPresent(i === number);
  }
}

function waits(vcpu: Vcpu): boolean {
  return vcpu.get('awaitsStartup') !== 0 || vcpu.get('initPending') !== 0;
}
