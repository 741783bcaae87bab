import type { Job } from '../analyze/model/job.ts';

/** Milliseconds: of the first stretch of a job, of each later one, and from one report of progress to the next. */
const FIRST = 30;
const STRETCH = 10;
const REPORT = 100;
/** After a key the background rests: more keys may follow. */
const REST = 120;

interface Running {
  readonly job: Job<void>;
  readonly what: string;
}

/** Progress of what the user waits for. */
export interface Progress {
  readonly what: string;
  /** 0 to 1. */
  readonly done: number;
}

/**
 * Runs what the user waits for in stretches, between which keys are heard, and what nobody waits for when there is nothing
 * else to do.
 */
export class Runner {
  #wanted: Running | undefined;
  #background: Job<void>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #lastKey = 0;
  #stopped = false;
  #reported = 0;
  progress: Progress | undefined;
  readonly #report: () => void;

  /** `report` is called when there is progress to show. */
  constructor(report: () => void) {
    this.#report = report;
  }

  /** A key was pressed. */
  rest(): void {
    this.#lastKey = performance.now();
  }

  /** Starts a job in the place of the one before. Most are done at once. */
  start(job: Job<void>, what: string): void {
    this.#wanted = { job, what };
    this.progress = undefined;
    this.#stretch(FIRST);
    this.#schedule();
  }

  /** Does a job after what the user waits for, if anything. */
  startAfter(job: Job<void>, what: string): void {
    const before = this.#wanted;
    if (before === undefined) this.start(job, what);
    else this.#wanted = { job: oneAfterTheOther(before.job, job), what: before.what };
  }

  /** Leaves what the user waited for. Whether there was something. */
  cancel(): boolean {
    const had = this.#wanted !== undefined;
    this.#wanted = undefined;
    this.progress = undefined;
    return had;
  }

  /** Adds a job that nobody waits for. */
  later(job: Job<void>): void {
    this.#background.push(job);
    this.#schedule();
  }

  /** Milliseconds since the last key. */
  get quietFor(): number {
    return performance.now() - this.#lastKey;
  }

  get busy(): boolean {
    return this.#wanted !== undefined;
  }

  /** Whether nothing at all is left to do. */
  get idle(): boolean {
    return this.#wanted === undefined && this.#background.length === 0;
  }

  stop(): void {
    this.#stopped = true;
    this.#unschedule();
    this.#wanted = undefined;
    this.#background = [];
  }

  #schedule(): void {
    if (this.#stopped || this.idle) return;
    const wait = this.#wanted === undefined ? REST - this.quietFor : 0;
    this.#unschedule();
    if (wait > 0) this.#timer = setTimeout(() => this.#turn(), wait);
    else this.#immediate = setImmediate(() => this.#turn());
  }

  #unschedule(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  #turn(): void {
    if (this.#stopped) return;
    if (this.#wanted !== undefined) this.#stretch(STRETCH);
    else if (this.quietFor >= REST) this.#backgroundStretch();
    this.#schedule();
  }

  #stretch(milliseconds: number): void {
    const running = this.#wanted;
    if (running === undefined) return;
    const end = performance.now() + milliseconds;
    for (;;) {
      const step = running.job.next();
      // A job may have started another in its place.
      if (this.#wanted !== running) return;
      if (step.done === true) {
        this.#wanted = undefined;
        this.progress = undefined;
        this.#report();
        return;
      }
      if (performance.now() >= end) {
        this.progress = { what: running.what, done: step.value };
        this.#maybeReport();
        return;
      }
    }
  }

  #backgroundStretch(): void {
    const [job] = this.#background;
    if (job === undefined) return;
    const end = performance.now() + STRETCH;
    do {
      if (job.next().done === true) {
        this.#background.shift();
        this.#report();
        return;
      }
    } while (performance.now() < end);
    this.#maybeReport();
  }

  #maybeReport(): void {
    const now = performance.now();
    if (now - this.#reported < REPORT) return;
    this.#reported = now;
    this.#report();
  }
}

function* oneAfterTheOther(first: Job<void>, second: Job<void>): Job<void> {
  yield* first;
  yield* second;
}
