/** Bytes of a piece, and of what is not worth one. */
const PIECE = 1 << 20;
const SMALL = 1 << 14;
const WASM_PAGE = 65536;

/**
 * Room for the columns of one chunk, in pieces that the engine maps by itself and gives back whole. Arrays of their own
 * would come from the heap of the C library: that keeps what was freed between what is still in use, so who goes through
 * many chunks would soon have twice as much resident as was ever held at a time.
 */
export class ColumnMemory {
  #piece = new ArrayBuffer(0);
  #used = 0;

  /** Room for so many words, with zeros in it; it lives as long as somebody has it. */
  words(count: number): Uint32Array {
    const bytes = 4 * count;
    if (bytes < SMALL) return new Uint32Array(count);
    if (bytes > PIECE) return new Uint32Array(mapped(bytes), 0, count);
    if (this.#used + bytes > this.#piece.byteLength) {
      this.#piece = mapped(PIECE);
      this.#used = 0;
    }
    const words = new Uint32Array(this.#piece, this.#used, count);
    this.#used += bytes;
    return words;
  }
}

/** As many bytes at least. Where no address space is left for a mapping it is plain memory. */
function mapped(bytes: number): ArrayBuffer {
  try {
    return new WebAssembly.Memory<ArrayBuffer>({ initial: Math.ceil(bytes / WASM_PAGE) }).buffer;
  } catch {
    return new ArrayBuffer(bytes);
  }
}
