/**
 * Dense numbers for keys of four 32-bit words, in order of appearance: open addressing over typed arrays, since a Map
 * would need a string or a BigInt a look-up.
 */

const WORDS = 4;

export class KeyTable {
  #slots = new Int32Array(256);
  #keys = new Int32Array(128 * WORDS);
  #count = 0;
  /** Whether the last `find` met its key for the first time. */
  isNew = false;

  get count(): number {
    return this.#count;
  }

  /** The number of a key, given one if it is new. */
  find(a: number, b: number, c: number, d: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(a, b, c, d) & mask;
    for (;;) {
      const number = this.#slots[slot]! - 1;
      if (number < 0) break;
      const at = number * WORDS;
      const keys = this.#keys;
      if (((keys[at]! ^ a) | (keys[at + 1]! ^ b) | (keys[at + 2]! ^ c) | (keys[at + 3]! ^ d)) === 0) {
        this.isNew = false;
        return number;
      }
      slot = (slot + 1) & mask;
    }
    this.isNew = true;
    return this.#insert(slot, a, b, c, d);
  }

  #insert(slot: number, a: number, b: number, c: number, d: number): number {
    const number = this.#count++;
    const at = number * WORDS;
    if (at === this.#keys.length) {
      const keys = new Int32Array(this.#keys.length * 2);
      keys.set(this.#keys);
      this.#keys = keys;
    }
    this.#keys[at] = a;
    this.#keys[at + 1] = b;
    this.#keys[at + 2] = c;
    this.#keys[at + 3] = d;
    this.#slots[slot] = number + 1;
    if (this.#count * 2 > this.#slots.length) this.#rehash();
    return number;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < this.#count; number++) {
      const at = number * WORDS;
      const keys = this.#keys;
      let slot = hash(keys[at]!, keys[at + 1]!, keys[at + 2]!, keys[at + 3]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }

  /** Word `word` (0 to 3) of key `number`, signed. */
  word(number: number, word: number): number {
    return this.#keys[number * WORDS + word]!;
  }

  clear(): void {
    this.#slots.fill(0);
    this.#count = 0;
  }
}

function hash(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a, 0x9e37_79b1) ^ Math.imul(b, 0x85eb_ca6b) ^ Math.imul(c, 0xc2b2_ae35) ^ Math.imul(d, 0x27d4_eb2f);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b_3c6d);
  return h ^ (h >>> 13);
}
