/** 64-bit values as two signed words, low word first. */

/** Two words as one unsigned number. */
export function join64(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function isBelow(aLow: number, aHigh: number, bLow: number, bHigh: number): boolean {
  return aHigh === bHigh ? aLow >>> 0 < bLow >>> 0 : aHigh >>> 0 < bHigh >>> 0;
}

/** The lowest and the highest of the 64-bit values shown to it. Words are signed, as they are everywhere here. */
export class Range64 {
  #lowestLow = -1;
  #lowestHigh = -1;
  #highestLow = 0;
  #highestHigh = 0;

  include(low: number, high: number): void {
    if (isBelow(low, high, this.#lowestLow, this.#lowestHigh)) {
      this.#lowestLow = low;
      this.#lowestHigh = high;
    }
    if (isBelow(this.#highestLow, this.#highestHigh, low, high)) {
      this.#highestLow = low;
      this.#highestHigh = high;
    }
  }

  bounds(): readonly [bigint, bigint] {
    return [join64(this.#lowestLow, this.#lowestHigh), join64(this.#highestLow, this.#highestHigh)];
  }

  clear(): void {
    this.#lowestLow = this.#lowestHigh = -1;
    this.#highestLow = this.#highestHigh = 0;
  }
}
