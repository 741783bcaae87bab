import type { Nanoseconds } from '../units.ts';
import { REG } from './apic-registers.ts';
import { numberField, type Platform, restoreTimer, type StateValue, stateFields, type Timer } from './device.ts';

const MODE = { oneShot: 0, periodic: 1, deadline: 2 } as const;

/** What the timer knows of its APIC. */
export interface ApicTimerOwner {
  readonly platform: Platform;
  /** One word a register, at offset / 16. */
  readonly registers: Uint32Array;
  /** Time-stamp counter that virtual time `now` gives. */
  tscAt(now: Nanoseconds): bigint;
  fired(): void;
}

/** The local APIC's timer: it counts virtual nanoseconds divided by the divide configuration. */
export class ApicTimer {
  readonly #owner: ApicTimerOwner;
  readonly #timer: Timer;
  /** When the running count was loaded. */
  #start: Nanoseconds = 0;
  #deadline = 0n;

  constructor(owner: ApicTimerOwner) {
    this.#owner = owner;
    this.#timer = owner.platform.timer(() => this.#fired());
  }

  /** Bits 18-17 of its entry in the local vector table. */
  get mode(): number {
    return (this.#register(REG.lvtTimer) >> 17) & 3;
  }

  /** IA32_TSC_DEADLINE. */
  get tscDeadline(): bigint {
    return this.#deadline;
  }

  setTscDeadline(value: bigint): void {
    if (this.mode !== MODE.deadline) return;
    this.#deadline = value;
    if (value === 0n) {
      this.#timer.cancel();
      return;
    }
    const now = this.#owner.platform.now();
    const left = Number(value - this.#owner.tscAt(now));
    // Beyond exact integers there is no such moment in any run; the deadline stays readable.
    if (left < Number.MAX_SAFE_INTEGER / 2) this.#timer.arm(now + Math.max(left, 0));
    else this.#timer.cancel();
  }

  /** SDM vol. 3, 11.5.4.1: only to and from TSC-deadline mode is it disarmed; one-shot and periodic count on. */
  modeChanged(before: number): void {
    const modes = [before, this.mode];
    if (modes[0] === modes[1] || !modes.includes(MODE.deadline)) return;
    this.#deadline = 0n;
    this.#owner.registers[REG.timerInitial >> 4] = 0;
    this.#timer.cancel();
  }

  /** The initial count or the divisor was written. */
  start(): void {
    if (this.mode === MODE.deadline) return;
    this.#start = this.#owner.platform.now();
    const initial = this.#register(REG.timerInitial);
    if (initial === 0) this.#timer.cancel();
    else this.#timer.arm(this.#start + initial * this.#divisor);
  }

  currentCount(): number {
    const initial = this.#register(REG.timerInitial);
    if (this.#timer.deadline === undefined || this.mode === MODE.deadline) return 0;
    return Math.max(initial - Math.floor((this.#owner.platform.now() - this.#start) / this.#divisor), 0);
  }

  reset(): void {
    this.#start = 0;
    this.#deadline = 0n;
    this.#timer.cancel();
  }

  save(): { timerStart: number; deadline: bigint; timer: number | null } {
    return { timerStart: this.#start, deadline: this.#deadline, timer: this.#timer.deadline ?? null };
  }

  restore(state: StateValue): void {
    const { deadline, timer } = stateFields(state);
    this.#start = numberField(state, 'timerStart');
    this.#deadline = deadline as bigint;
    restoreTimer(this.#timer, timer);
  }

  get #divisor(): number {
    const bits = this.#register(REG.timerDivide);
    const code = (bits & 3) | ((bits >> 1) & 4);
    return code === 7 ? 1 : 2 << code;
  }

  #fired(): void {
    const period = this.#register(REG.timerInitial) * this.#divisor;
    if (this.mode === MODE.periodic) {
      this.#start += period;
      this.#timer.arm(this.#start + period);
    }
    this.#deadline = 0n;
    this.#owner.fired();
  }

  #register(offset: number): number {
    return this.#owner.registers[offset >> 4]!;
  }
}
