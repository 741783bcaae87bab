/** What the threads of a crew share: who makes what, and how much is made and not taken. */

const PLACE = { next: 0, arrivals: 1, deliveries: 2, kibibytes: 3, dismissed: 4 } as const;

const WORDS = Object.keys(PLACE).length;

/** Kibibytes of rows that wait to be taken, beyond which nobody makes more. */
const MOST_WAITING = 24 << 10;

export class CrewControl {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  /** Of each chunk whether its rows are not looked at any more. */
  readonly #done: Uint8Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, WORDS);
    this.#done = new Uint8Array(buffer, 4 * WORDS);
  }

  /** For so many chunks, of which some are done. */
  static begin(chunks: number, done: number): CrewControl {
    const control = new CrewControl(new SharedArrayBuffer(4 * WORDS + chunks));
    control.#words[PLACE.next] = done;
    return control;
  }

  /** The one that another thread has begun. */
  static join(buffer: SharedArrayBuffer): CrewControl {
    return new CrewControl(buffer);
  }

  /** The next that nobody makes: whoever asks does. */
  claim(): number {
    return Atomics.add(this.#words, PLACE.next, 1);
  }

  /** Claims one if it is the next. */
  claimNext(i: number): boolean {
    return Atomics.compareExchange(this.#words, PLACE.next, i, i + 1) === i;
  }

  /** No more rows wait than may. */
  get hasRoom(): boolean {
    return Atomics.load(this.#words, PLACE.kibibytes) <= MOST_WAITING;
  }

  /** Rows are there to be taken. */
  made(kibibytes: number): void {
    Atomics.add(this.#words, PLACE.kibibytes, kibibytes);
  }

  /** A message is there. */
  arrived(): void {
    Atomics.add(this.#words, PLACE.arrivals, 1);
    Atomics.notify(this.#words, PLACE.arrivals);
  }

  get arrivals(): number {
    return Atomics.load(this.#words, PLACE.arrivals);
  }

  /** False: nothing has arrived since `arrivals` was asked for, for so many milliseconds. */
  awaitArrival(arrivals: number, patience: number): boolean {
    return Atomics.wait(this.#words, PLACE.arrivals, arrivals, patience) !== 'timed-out';
  }

  taken(kibibytes: number): void {
    Atomics.sub(this.#words, PLACE.kibibytes, kibibytes);
    this.#wakeHelpers();
  }

  /** Nobody looks at the rows of a chunk any more. */
  finish(i: number): void {
    Atomics.store(this.#done, i, 1);
  }

  isFinished(i: number): boolean {
    return Atomics.load(this.#done, i) === 1;
  }

  /** Waits for room; false: the crew is dismissed. */
  awaitRoom(): boolean {
    for (;;) {
      const deliveries = Atomics.load(this.#words, PLACE.deliveries);
      if (Atomics.load(this.#words, PLACE.dismissed) !== 0) return false;
      if (this.hasRoom) return true;
      Atomics.wait(this.#words, PLACE.deliveries, deliveries);
    }
  }

  dismiss(): void {
    Atomics.store(this.#words, PLACE.dismissed, 1);
    this.#wakeHelpers();
  }

  #wakeHelpers(): void {
    Atomics.add(this.#words, PLACE.deliveries, 1);
    Atomics.notify(this.#words, PLACE.deliveries);
  }
}
