/**
 * What the recording thread and the writer's thread share beside the ring. The recording thread may be deep in a run
 * and never see a message, so all that it must know at once stands here.
 */

const WORD = { wake: 0, drained: 1, state: 2, queued: 3, textLength: 4 } as const;
const WORDS = 8;
const NUMBERS = 4;
const TEXT_BYTES = 1024;
const HEADER_BYTES = 4 * WORDS + 8 * NUMBERS;

/** Milliseconds of one wait, and of all together without progress. */
const WAIT = 100;
const PATIENCE = 60_000;

const STATE = { working: 0, failed: 1, closed: 2 } as const;

export class WriterControl {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #text: Uint8Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(HEADER_BYTES + TEXT_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer, 0, WORDS);
    this.#numbers = new Float64Array(buffer, 4 * WORDS, NUMBERS);
    this.#text = new Uint8Array(buffer, HEADER_BYTES, TEXT_BYTES);
  }

  /** Wakes the writer if it sleeps. */
  wake(): void {
    Atomics.add(this.#words, WORD.wake, 1);
    Atomics.notify(this.#words, WORD.wake);
  }

  /** To be read before looking for work, and given to `sleep` after finding none: a wake in between is not missed. */
  get wakes(): number {
    return Atomics.load(this.#words, WORD.wake);
  }

  /** The writer sleeps until it is woken, or for some milliseconds. */
  sleep(wakes: number, milliseconds: number): void {
    Atomics.wait(this.#words, WORD.wake, wakes, milliseconds);
  }

  /** The writer has taken something: whoever waits for room looks again. */
  tookSome(): void {
    Atomics.add(this.#words, WORD.drained, 1);
    Atomics.notify(this.#words, WORD.drained);
  }

  /** Blocks until the writer takes something, while `full` says so. False when the writer has failed or is gone. */
  waitWhile(full: () => boolean): boolean {
    for (let waits = 0; ; waits++) {
      const drained = Atomics.load(this.#words, WORD.drained);
      if (!this.working) return false;
      if (!full()) return true;
      // A thread that died without a word (out of memory) takes nothing any more; a slow disk must not look like it.
      if (waits > PATIENCE / WAIT) this.fail('the trace writer has not taken anything for a minute');
      this.wake();
      if (Atomics.wait(this.#words, WORD.drained, drained, WAIT) !== 'timed-out') waits = 0;
    }
  }

  /** Kibibytes of messages under way to the writer. */
  get queued(): number {
    return Atomics.load(this.#words, WORD.queued);
  }

  addQueued(kibibytes: number): void {
    Atomics.add(this.#words, WORD.queued, kibibytes);
  }

  get working(): boolean {
    return Atomics.load(this.#words, WORD.state) === STATE.working;
  }

  /** The writer can't go on; the first message stays. */
  fail(message: string): void {
    if (!this.working) return;
    const { written } = new TextEncoder().encodeInto(message, new Uint8Array(TEXT_BYTES));
    this.#text.set(new TextEncoder().encode(message).subarray(0, written));
    Atomics.store(this.#words, WORD.textLength, written);
    Atomics.store(this.#words, WORD.state, STATE.failed);
    this.tookSome();
  }

  close(): void {
    if (this.working) Atomics.store(this.#words, WORD.state, STATE.closed);
    this.tookSome();
  }

  /** Why the writer failed, in one line; undefined when it has not. */
  get failure(): string | undefined {
    if (Atomics.load(this.#words, WORD.state) !== STATE.failed) return undefined;
    return new TextDecoder().decode(this.#text.slice(0, Atomics.load(this.#words, WORD.textLength)));
  }

  /** What is written so far: events, call entries, bytes of the file. */
  get progress(): { events: number; calls: number; bytes: number } {
    return { events: this.#numbers[0]!, calls: this.#numbers[1]!, bytes: this.#numbers[2]! };
  }

  setProgress(events: number, calls: number, bytes: number): void {
    this.#numbers[0] = events;
    this.#numbers[1] = calls;
    this.#numbers[2] = bytes;
  }
}
