/** Bytes of a piece, and of what is not worth one. */
const PIECE = 1 << 20;
const SMALL = 1 << 14;
const WASM_PAGE = 65536;

/** Pieces that were given back, and how many are kept. */
const spare: ArrayBuffer[] = [];
const SPARE = 8;

/**
 * Room for the columns of one chunk, in pieces that the engine maps by itself and gives back whole. Arrays of their own
 * would come from the heap of the C library: that keeps what was freed between what is still in use, so who goes through
 * many chunks would soon have twice as much resident as was ever held at a time.
 */
export class ColumnMemory {
  #piece = new ArrayBuffer(0);
  #used = 0;
  #pieces: ArrayBuffer[] = [];

  /** Room for so many words, whatever is in it; it lives as long as somebody has it. */
  words(count: number): Uint32Array {
    const bytes = 4 * count;
    if (bytes < SMALL) return new Uint32Array(count);
    if (bytes > PIECE) return new Uint32Array(mapped(bytes), 0, count);
    if (this.#used + bytes > this.#piece.byteLength) {
      this.#piece = spare.pop() ?? mapped(PIECE);
      this.#pieces.push(this.#piece);
      this.#used = 0;
    }
    const words = new Uint32Array(this.#piece, this.#used, count);
    this.#used += bytes;
    return words;
  }

  /** Gives the room to others: a page that is mapped anew costs more than what is decoded into it. */
  release(): void {
    spare.push(...this.#pieces.slice(0, SPARE - spare.length));
    this.#pieces = [];
    this.#piece = new ArrayBuffer(0);
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
