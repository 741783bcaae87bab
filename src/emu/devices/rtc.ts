import { timeOfTick } from '../rate.ts';
import type { Nanoseconds } from '../units.ts';
import {
  bytesField,
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

const PORT_INDEX = 0x70;
const SECOND = 1_000_000_000;
const CRYSTAL_HERTZ = 32_768;
/** The update-in-progress flag rises 244 us before the second turns (MC146818A data sheet). */
const UPDATE_LEAD = 244_000;
const DAY_SECONDS = 86_400;
const NVRAM_BYTES = 128;

const REG = {
  seconds: 0,
  secondsAlarm: 1,
  minutes: 2,
  minutesAlarm: 3,
  hours: 4,
  hoursAlarm: 5,
  weekday: 6,
  day: 7,
  month: 8,
  year: 9,
  a: 0xa,
  b: 0xb,
  c: 0xc,
  d: 0xd,
  century: 0x32,
} as const;
const A_UPDATING = 0x80;
const A_DEFAULT = 0x26;
const B = { hold: 0x80, periodic: 0x40, alarm: 0x20, updateEnded: 0x10, binary: 0x04, hours24: 0x02 } as const;
const C = { request: 0x80, periodic: 0x40, alarm: 0x20, updateEnded: 0x10 } as const;
const D_VALID = 0x80;
/** Alarm bytes from C0h to FFh match any value. */
const ANY = 0xc0;

/** Seconds since 1970-01-01 as the eight bytes (little-endian) that the input `rtc.start` carries. */
export function encodeStartTime(seconds: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.floor(seconds)), true);
  return bytes;
}

/** The MC146818 clock and its 128 bytes of battery-backed memory. The time at power-on is an input. */
export class Rtc implements Device, PortHandler {
  readonly name = 'rtc';
  readonly portWidth = 1;
  private readonly platform: Platform;
  private readonly startTime: () => Uint8Array;
  private readonly line: Line;
  private readonly secondTimer: Timer;
  private readonly periodicTimer: Timer;
  private readonly memory = new Uint8Array(NVRAM_BYTES);
  private index = 0;
  private flags = 0;
  /** Wall-clock seconds at virtual time 0. */
  private epoch = 0;
  /** Wall-clock seconds at which the clock stands while register B holds it. */
  private held = 0;

  /** `startTime` supplies what `encodeStartTime` makes; it is called at reset, through the input log. */
  constructor(platform: Platform, startTime: () => Uint8Array) {
    this.platform = platform;
    this.startTime = startTime;
    this.line = platform.line(8);
    this.secondTimer = platform.timer(() => this.secondTurned());
    this.periodicTimer = platform.timer(() => this.periodTurned());
    platform.claimPorts(PORT_INDEX, 2, this);
  }

  portRead(port: number): number {
    return port === PORT_INDEX ? 0xff : this.read(this.index);
  }

  portWrite(port: number, _size: number, value: number): void {
    if (port === PORT_INDEX) this.index = value & 0x7f;
    else this.write(this.index, value);
  }

  /** What firmware leaves in the battery-backed memory. */
  poke(index: number, value: number): void {
    this.memory[index] = value;
  }

  reset(): void {
    this.memory.fill(0);
    this.memory[REG.a] = A_DEFAULT;
    this.memory[REG.b] = B.hours24;
    this.index = 0;
    this.flags = 0;
    const start = this.platform.inputs.take('rtc.start', this.startTime);
    const bytes = new DataView(start.buffer, start.byteOffset, start.byteLength);
    this.epoch = Number(bytes.getBigUint64(0, true)) - Math.floor(this.platform.now() / SECOND);
    this.arm();
    this.line.set(false);
  }

  save(): StateValue {
    return {
      memory: this.memory.slice(),
      index: this.index,
      flags: this.flags,
      epoch: this.epoch,
      held: this.held,
      secondTimer: this.secondTimer.deadline ?? null,
      periodicTimer: this.periodicTimer.deadline ?? null,
    };
  }

  restore(state: StateValue): void {
    const saved = stateFields(state);
    this.memory.set(bytesField(state, 'memory'));
    this.index = numberField(state, 'index');
    this.flags = numberField(state, 'flags');
    this.epoch = numberField(state, 'epoch');
    this.held = numberField(state, 'held');
    restoreTimer(this.secondTimer, saved.secondTimer);
    restoreTimer(this.periodicTimer, saved.periodicTimer);
    this.line.set((this.flags & C.request) !== 0);
  }

  private get b(): number {
    return this.memory[REG.b]!;
  }

  private read(index: number): number {
    switch (index) {
      case REG.a: {
        const intoSecond = this.platform.now() % SECOND;
        return this.memory[REG.a]! | (intoSecond >= SECOND - UPDATE_LEAD ? A_UPDATING : 0);
      }
      case REG.c: {
        const { flags } = this;
        this.flags = 0;
        this.line.set(false);
        return flags;
      }
      case REG.d:
        return D_VALID;
    }
    const field = timeField(index, this.seconds());
    if (field === undefined) return this.memory[index]!;
    return index === REG.hours ? this.encodeHours(field) : this.encode(field);
  }

  private write(index: number, value: number): void {
    if (index === REG.c || index === REG.d) return;
    if (timeField(index, 0) !== undefined) {
      this.setTime(index, value);
      return;
    }
    if (index === REG.b) {
      const { b } = this;
      if ((value & ~b & B.hold) !== 0) this.held = this.seconds();
      this.memory[index] = value;
      if ((b & ~value & B.hold) !== 0) this.epoch = this.held - Math.floor(this.platform.now() / SECOND);
      this.arm();
      return;
    }
    this.memory[index] = index === REG.a ? value & 0x7f : value;
    if (index === REG.a) this.arm();
  }

  private seconds(): number {
    return (this.b & B.hold) !== 0 ? this.held : this.epoch + Math.floor(this.platform.now() / SECOND);
  }

  private setTime(index: number, value: number): void {
    const now = this.seconds();
    const fields = new Map(TIME_REGISTERS.map((register) => [register, timeField(register, now)!]));
    fields.set(index, index === REG.hours ? this.decodeHours(value) : this.decode(value));
    const year = fields.get(REG.century)! * 100 + fields.get(REG.year)!;
    const days = daysFromCivil(year, fields.get(REG.month)!, fields.get(REG.day)!);
    const moment =
      days * DAY_SECONDS + fields.get(REG.hours)! * 3600 + fields.get(REG.minutes)! * 60 + fields.get(REG.seconds)!;
    this.held = moment;
    if ((this.b & B.hold) === 0) this.epoch += moment - now;
  }

  /** Timers run only for interrupts that are enabled, so that an idle guest is not woken for nothing. */
  private arm(): void {
    const now = this.platform.now();
    if ((this.b & (B.alarm | B.updateEnded)) !== 0) this.secondTimer.arm((Math.floor(now / SECOND) + 1) * SECOND);
    else this.secondTimer.cancel();
    const period = this.periodTicks();
    if ((this.b & B.periodic) !== 0 && period > 0) this.periodicTimer.arm(nextMultiple(now, period));
    else this.periodicTimer.cancel();
  }

  private periodTicks(): number {
    const rate = this.memory[REG.a]! & 0xf;
    if (rate === 0) return 0;
    return rate < 3 ? 1 << (rate + 6) : 1 << (rate - 1);
  }

  private secondTurned(): void {
    let raised = C.updateEnded;
    if (this.alarmMatches()) raised |= C.alarm;
    this.raise(raised);
    this.arm();
  }

  private periodTurned(): void {
    this.raise(C.periodic);
    this.arm();
  }

  private raise(flags: number): void {
    this.flags |= flags;
    // Enable bits of register B stand where the flags of C stand.
    if ((this.flags & this.b & (C.periodic | C.alarm | C.updateEnded)) === 0) return;
    this.flags |= C.request;
    this.line.set(true);
  }

  private alarmMatches(): boolean {
    return [REG.seconds, REG.minutes, REG.hours].every((register) => {
      const alarm = this.memory[register + 1]!;
      return alarm >= ANY || alarm === this.read(register);
    });
  }

  private encode(value: number): number {
    return (this.b & B.binary) !== 0 ? value : (Math.floor(value / 10) << 4) | (value % 10);
  }

  private decode(value: number): number {
    return (this.b & B.binary) !== 0 ? value : (value >> 4) * 10 + (value & 15);
  }

  private encodeHours(hours: number): number {
    if ((this.b & B.hours24) !== 0) return this.encode(hours);
    return this.encode(hours % 12 === 0 ? 12 : hours % 12) | (hours >= 12 ? 0x80 : 0);
  }

  private decodeHours(value: number): number {
    if ((this.b & B.hours24) !== 0) return this.decode(value);
    return (this.decode(value & 0x7f) % 12) + ((value & 0x80) !== 0 ? 12 : 0);
  }
}

const TIME_REGISTERS: readonly number[] = [
  REG.seconds,
  REG.minutes,
  REG.hours,
  REG.weekday,
  REG.day,
  REG.month,
  REG.year,
  REG.century,
];

/** Value of a time register at a moment, or undefined if the register is not one. */
function timeField(index: number, seconds: number): number | undefined {
  const days = Math.floor(seconds / DAY_SECONDS);
  const inDay = seconds - days * DAY_SECONDS;
  switch (index) {
    case REG.seconds:
      return inDay % 60;
    case REG.minutes:
      return Math.floor(inDay / 60) % 60;
    case REG.hours:
      return Math.floor(inDay / 3600);
    case REG.weekday:
      // 1970-01-01 was a Thursday; Sunday is 1.
      return ((days + 4) % 7) + 1;
    case REG.day:
      return civilFromDays(days).day;
    case REG.month:
      return civilFromDays(days).month;
    case REG.year:
      return civilFromDays(days).year % 100;
    case REG.century:
      return Math.floor(civilFromDays(days).year / 100);
    default:
      return undefined;
  }
}

/** Days since 1970-01-01 of a date of the Gregorian calendar; years are counted from March, so that leap days end one. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const monthFromMarch = (month + 9) % 12;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  let year = 1970 + Math.floor(days / 365.2425);
  while (daysFromCivil(year, 1, 1) > days) year--;
  while (daysFromCivil(year + 1, 1, 1) <= days) year++;
  let month = 12;
  while (daysFromCivil(year, month, 1) > days) month--;
  return { year, month, day: days - daysFromCivil(year, month, 1) + 1 };
}

/** The next moment after `now` that is a multiple of `ticks` of the crystal. */
function nextMultiple(now: Nanoseconds, ticks: number): Nanoseconds {
  const rate = CRYSTAL_HERTZ / ticks;
  let n = Math.floor((now / SECOND) * rate);
  while (timeOfTick(n * ticks, CRYSTAL_HERTZ) <= now) n++;
  return timeOfTick(n * ticks, CRYSTAL_HERTZ);
}
