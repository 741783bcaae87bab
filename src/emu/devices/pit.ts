import { ticksAt, timeOfTick } from '../rate.ts';
import {
  type Device,
  type Line,
  numberField,
  type Platform,
  type PortHandler,
  restoreTimer,
  type StateValue,
  stateFields,
  type Timer,
} from './device.ts';

export const PIT_HERTZ = 1_193_182;
const PORT = { counter0: 0x40, control: 0x43, speaker: 0x61 } as const;
/** Port 61h: bit 0 gates counter 2, bit 1 lets it drive the speaker, bit 4 toggles with refresh, bit 5 is OUT2. */
const SPEAKER = { gate: 1, data: 2, refresh: 0x10, out: 0x20 } as const;
const REFRESH_HALF_PERIOD = 15_085;
const ACCESS = { latch: 0, low: 1, high: 2, both: 3 } as const;
const READ_BACK = 3;

/** One of the three counters. Its value and output are functions of the tick at which it was loaded. */
class Counter {
  private mode = 0;
  private access: number = ACCESS.both;
  private bcd = false;
  /** What the guest wrote last; 0 stands for 10000h (10000 in BCD). */
  private written = 0;
  private partial = 0;
  private secondByteNext = false;
  private readHighNext = false;
  /** Latched count, low byte first, and how many bytes of it are left. */
  private latched = 0;
  private latchedBytes = 0;
  private latchedStatus = -1;
  /** Whether counting has begun since the control word was written. */
  private loaded = false;
  private start = 0;
  private gate: boolean;
  private readonly gateAtReset: boolean;

  constructor(gateAtReset: boolean) {
    this.gateAtReset = gateAtReset;
    this.gate = gateAtReset;
  }

  reset(): void {
    this.control(0x30, 0);
    this.gate = this.gateAtReset;
    this.written = 0;
    this.latchedBytes = 0;
    this.latchedStatus = -1;
  }

  control(word: number, tick: number): void {
    const access = (word >> 4) & 3;
    if (access === ACCESS.latch) {
      this.latchCount(tick);
      return;
    }
    this.access = access;
    const mode = (word >> 1) & 7;
    this.mode = mode > 5 ? mode - 4 : mode;
    this.bcd = (word & 1) !== 0;
    this.secondByteNext = false;
    this.readHighNext = false;
    this.latchedBytes = 0;
    this.latchedStatus = -1;
    this.loaded = false;
  }

  /** True when the write completed a count. */
  write(value: number, tick: number): boolean {
    if (this.access === ACCESS.both && !this.secondByteNext) {
      this.partial = value;
      this.secondByteNext = true;
      // In mode 0 the first byte stops the counting.
      if (this.mode === 0) this.loaded = false;
      return false;
    }
    this.secondByteNext = false;
    if (this.access === ACCESS.low) this.written = value;
    else if (this.access === ACCESS.high) this.written = value << 8;
    else this.written = this.partial | (value << 8);
    // Modes 1 and 5 wait for the gate to rise.
    if (this.mode !== 1 && this.mode !== 5) this.load(tick);
    return true;
  }

  read(tick: number): number {
    if (this.latchedStatus >= 0) {
      const status = this.latchedStatus;
      this.latchedStatus = -1;
      return status;
    }
    if (this.latchedBytes > 0) {
      this.latchedBytes--;
      const byte = this.latched & 0xff;
      this.latched >>= 8;
      return byte;
    }
    const count = this.count(tick);
    if (this.access === ACCESS.low) return count & 0xff;
    if (this.access === ACCESS.high) return count >> 8;
    this.readHighNext = !this.readHighNext;
    return this.readHighNext ? count & 0xff : count >> 8;
  }

  latchCount(tick: number): void {
    if (this.latchedBytes > 0) return;
    const count = this.count(tick);
    this.latched = this.access === ACCESS.high ? count >> 8 : count;
    this.latchedBytes = this.access === ACCESS.both ? 2 : 1;
  }

  latchStatus(tick: number): void {
    if (this.latchedStatus >= 0) return;
    const out = this.out(tick) ? 0x80 : 0;
    this.latchedStatus = out | (this.loaded ? 0 : 0x40) | (this.access << 4) | (this.mode << 1) | (this.bcd ? 1 : 0);
  }

  setGate(gate: boolean, tick: number): void {
    const rose = gate && !this.gate;
    this.gate = gate;
    // A rising gate starts modes 1 and 5 and restarts 2 and 3; a low one holds the others.
    if (rose && (this.loaded || this.mode === 1 || this.mode === 5)) this.load(tick);
  }

  out(tick: number): boolean {
    if (!this.loaded) return this.mode !== 0;
    const { period } = this;
    const passed = this.passed(tick);
    switch (this.mode) {
      case 0:
      case 1:
        return passed >= period;
      case 2:
        return !this.gate || passed % period !== period - 1;
      case 3:
        return !this.gate || passed % period < Math.ceil(period / 2);
      default:
        return passed !== period;
    }
  }

  /** The next tick after `tick` at which OUT rises, or undefined if it will not. */
  nextRise(tick: number): number | undefined {
    if (!this.loaded || !this.gate) return undefined;
    const { period } = this;
    const passed = tick - this.start;
    if (this.mode === 2 || this.mode === 3) return this.start + (Math.floor(passed / period) + 1) * period;
    const rise = this.mode === 4 || this.mode === 5 ? period + 1 : period;
    return passed < rise ? this.start + rise : undefined;
  }

  save(): StateValue {
    return {
      mode: this.mode,
      access: this.access,
      bcd: this.bcd,
      written: this.written,
      partial: this.partial,
      secondByteNext: this.secondByteNext,
      readHighNext: this.readHighNext,
      latched: this.latched,
      latchedBytes: this.latchedBytes,
      latchedStatus: this.latchedStatus,
      loaded: this.loaded,
      start: this.start,
      gate: this.gate,
    };
  }

  restore(state: StateValue): void {
    const saved = stateFields(state);
    this.mode = numberField(state, 'mode');
    this.access = numberField(state, 'access');
    this.bcd = saved.bcd === true;
    this.written = numberField(state, 'written');
    this.partial = numberField(state, 'partial');
    this.secondByteNext = saved.secondByteNext === true;
    this.readHighNext = saved.readHighNext === true;
    this.latched = numberField(state, 'latched');
    this.latchedBytes = numberField(state, 'latchedBytes');
    this.latchedStatus = numberField(state, 'latchedStatus');
    this.loaded = saved.loaded === true;
    this.start = numberField(state, 'start');
    this.gate = saved.gate === true;
  }

  private load(tick: number): void {
    this.loaded = true;
    this.start = tick;
  }

  private get period(): number {
    if (!this.bcd) return this.written === 0 ? 0x1_0000 : this.written;
    const digits = fromBcd(this.written);
    return digits === 0 ? 10_000 : digits;
  }

  private passed(tick: number): number {
    return this.gate || this.mode === 1 || this.mode === 5 ? tick - this.start : 0;
  }

  private count(tick: number): number {
    const { period } = this;
    const modulus = this.bcd ? 10_000 : 0x1_0000;
    let count = period;
    if (this.loaded) {
      const passed = this.passed(tick);
      if (this.mode === 2) count = period - (passed % period);
      else if (this.mode === 3) count = (period & ~1) - (((2 * passed) % period) & ~1);
      else count = (((period - passed) % modulus) + modulus) % modulus;
    }
    count %= modulus;
    return this.bcd ? toBcd(count) : count;
  }
}

/** The 8254 interval timer with port 61h. Counter 0 drives interrupt 0. */
export class Pit implements Device, PortHandler {
  readonly name = 'pit';
  readonly portWidth = 1;
  private readonly platform: Platform;
  private readonly line: Line;
  private readonly timer: Timer;
  private readonly counters = [new Counter(true), new Counter(true), new Counter(false)] as const;
  private speaker = 0;

  constructor(platform: Platform) {
    this.platform = platform;
    this.line = platform.line(0);
    this.timer = platform.timer(() => this.rise());
    platform.claimPorts(PORT.counter0, 4, this);
    platform.claimPorts(PORT.speaker, 1, this);
  }

  portRead(port: number): number {
    if (port === PORT.speaker) {
      const now = this.platform.now();
      const refresh = Math.floor(now / REFRESH_HALF_PERIOD) % 2 === 0 ? 0 : SPEAKER.refresh;
      return this.speaker | refresh | (this.counters[2].out(this.tick()) ? SPEAKER.out : 0);
    }
    return this.counters[port - PORT.counter0]?.read(this.tick()) ?? 0xff;
  }

  portWrite(port: number, _size: number, value: number): void {
    const tick = this.tick();
    if (port === PORT.speaker) {
      this.speaker = value & (SPEAKER.gate | SPEAKER.data);
      this.counters[2].setGate((value & SPEAKER.gate) !== 0, tick);
    } else if (port === PORT.control) this.control(value, tick);
    else {
      const index = port - PORT.counter0;
      if (this.counters[index]!.write(value, tick) && index === 0) this.followOutput();
    }
  }

  reset(): void {
    for (const counter of this.counters) counter.reset();
    this.speaker = 0;
    this.timer.cancel();
    this.line.set(false);
  }

  save(): StateValue {
    return {
      counters: this.counters.map((counter) => counter.save()),
      speaker: this.speaker,
      timer: this.timer.deadline ?? null,
    };
  }

  restore(state: StateValue): void {
    const saved = stateFields(state);
    const counters = saved.counters as readonly StateValue[];
    for (const [index, counter] of this.counters.entries()) counter.restore(counters[index]!);
    this.speaker = numberField(state, 'speaker');
    restoreTimer(this.timer, saved.timer);
  }

  private tick(): number {
    return ticksAt(this.platform.now(), PIT_HERTZ);
  }

  private control(word: number, tick: number): void {
    const index = word >> 6;
    if (index !== READ_BACK) {
      this.counters[index]!.control(word, tick);
      if (index === 0 && ((word >> 4) & 3) !== ACCESS.latch) this.followOutput();
      return;
    }
    for (const [i, counter] of this.counters.entries()) {
      if ((word & (2 << i)) === 0) continue;
      if ((word & 0x20) === 0) counter.latchCount(tick);
      if ((word & 0x10) === 0) counter.latchStatus(tick);
    }
  }

  /** Sets the line to OUT0 and arms the timer for its next rising edge. */
  private followOutput(): void {
    const tick = this.tick();
    this.line.set(this.counters[0].out(tick));
    this.armNext(tick);
  }

  private rise(): void {
    // The low part of the wave is shorter than anyone can see; the controllers need the edge.
    this.line.set(false);
    this.line.set(true);
    this.armNext(this.tick());
  }

  private armNext(tick: number): void {
    const next = this.counters[0].nextRise(tick);
    if (next === undefined) this.timer.cancel();
    else this.timer.arm(timeOfTick(next, PIT_HERTZ));
  }
}

function fromBcd(value: number): number {
  return (value & 15) + 10 * ((value >> 4) & 15) + 100 * ((value >> 8) & 15) + 1000 * (value >> 12);
}

function toBcd(value: number): number {
  return (
    (value % 10) |
    ((Math.floor(value / 10) % 10) << 4) |
    ((Math.floor(value / 100) % 10) << 8) |
    (Math.floor(value / 1000) << 12)
  );
}
