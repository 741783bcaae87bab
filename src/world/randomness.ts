import { createHash, randomBytes } from 'node:crypto';

/** Where the guest's random bytes come from: the host's generator, or a seed that makes a run repeatable. */
export class Randomness {
  readonly #seed: string | undefined;
  #count = 0;

  /** Without a seed the bytes are the host's and differ at each run. */
  constructor(seed?: string) {
    this.#seed = seed;
  }

  /** The next `length` bytes. */
  bytes(length: number): Uint8Array {
    if (this.#seed === undefined) return randomBytes(length);
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const block = createHash('sha256')
        .update(`${this.#seed}:${this.#count++}`)
        .digest();
      out.set(block.subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  }
}
