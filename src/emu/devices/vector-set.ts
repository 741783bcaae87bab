/** A set of interrupt vectors, as the 256 bits that the APIC shows. */
export class VectorSet {
  readonly words = new Uint32Array(8);
  /** The same as bytes, to be saved and restored. */
  readonly bytes = new Uint8Array(this.words.buffer);

  add(vector: number): void {
    this.words[vector >> 5]! |= 1 << (vector & 31);
  }

  delete(vector: number): void {
    this.words[vector >> 5]! &= ~(1 << (vector & 31));
  }

  has(vector: number): boolean {
    return (this.words[vector >> 5]! & (1 << (vector & 31))) !== 0;
  }

  /** -1 when it is empty. */
  get highest(): number {
    for (let word = 7; word >= 0; word--) {
      if (this.words[word] !== 0) return word * 32 + 31 - Math.clz32(this.words[word]!);
    }
    return -1;
  }

  clear(): void {
    this.words.fill(0);
  }
}
