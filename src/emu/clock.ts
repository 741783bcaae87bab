import type { Timer } from './devices/device.ts';
import type { Nanoseconds } from './units.ts';

/**
 * The timers of a machine. Virtual time itself lies in the core's state; the clock only knows who wants to be called
 * when. Timers that are due at the same nanosecond fire in the order in which they were made.
 */
export class Clock {
  private readonly timers: ClockTimer[] = [];
  private readonly time: () => Nanoseconds;
  /** The earliest deadline, or Infinity. */
  next: Nanoseconds = Number.POSITIVE_INFINITY;
  /** Called when `next` moved forward, so that a run that has begun can be cut short. */
  onEarlier: () => void = () => {};

  constructor(time: () => Nanoseconds) {
    this.time = time;
  }

  now(): Nanoseconds {
    return this.time();
  }

  timer(fire: () => void): Timer {
    const timer = new ClockTimer(fire, () => this.changed());
    this.timers.push(timer);
    return timer;
  }

  /** Fires everything that is due now, including what the fired ones arm for now. */
  fireDue(): void {
    const now = this.time();
    while (this.next <= now) {
      const due = this.timers.find((timer) => timer.deadline === this.next);
      if (due === undefined) throw new Error('a deadline without a timer');
      due.cancel();
      due.fire();
    }
  }

  private changed(): void {
    const before = this.next;
    let next = Number.POSITIVE_INFINITY;
    for (const { deadline } of this.timers) if (deadline !== undefined && deadline < next) next = deadline;
    this.next = next;
    if (next < before) this.onEarlier();
  }
}

class ClockTimer implements Timer {
  deadline: Nanoseconds | undefined;
  readonly fire: () => void;
  private readonly changed: () => void;

  constructor(fire: () => void, changed: () => void) {
    this.fire = fire;
    this.changed = changed;
  }

  arm(deadline: Nanoseconds): void {
    this.deadline = deadline;
    this.changed();
  }

  cancel(): void {
    this.deadline = undefined;
    this.changed();
  }
}
