/** Changes of an address space in columns: a few numbers each, for a trace may hold a million. */

/** Something that has a name: a file, `[heap]`, ... */
export interface Region {
  readonly name: string;
  /** From where offsets are counted: where the file's first byte lies, or would; undefined: none is told. */
  readonly origin: number | undefined;
}

/** Numbers of a change: its event, where it starts and ends, and the region's origin (NaN: none is told). */
const NUMBERS = 4;
/** In the place of a name: nothing that is known lies there. */
const UNKNOWN = -1;

/** From an event on, a region lies at `start` to `end - 1`. */
export class SpaceChanges {
  count = 0;
  #numbers = new Float64Array(2 * NUMBERS);
  #names = new Int32Array(2);
  readonly #texts: string[] = [];
  readonly #rows = new Map<string, number>();

  /** `region` undefined: nothing that is known. */
  push(event: number, start: number, end: number, region: Region | undefined): void {
    if (this.count === this.#names.length) this.#grow();
    this.#numbers.set([event, start, end, region?.origin ?? Number.NaN], NUMBERS * this.count);
    this.#names[this.count++] = region === undefined ? UNKNOWN : this.#rowOf(region.name);
  }

  #grow(): void {
    const [numbers, names] = [new Float64Array(2 * this.#numbers.length), new Int32Array(2 * this.#names.length)];
    numbers.set(this.#numbers);
    names.set(this.#names);
    this.#numbers = numbers;
    this.#names = names;
  }

  #rowOf(name: string): number {
    let row = this.#rows.get(name);
    if (row === undefined) {
      row = this.#texts.push(name) - 1;
      this.#rows.set(name, row);
    }
    return row;
  }

  /** Whether a change, made up to an event, is about an address. */
  holds(change: number, address: number, event: number): boolean {
    const at = NUMBERS * change;
    return this.#numbers[at]! <= event && address >= this.#numbers[at + 1]! && address < this.#numbers[at + 2]!;
  }

  /** Whether a change is about something from `start` up to `end`. */
  touches(change: number, start: number, end: number): boolean {
    const at = NUMBERS * change;
    return this.#numbers[at + 1]! < end && this.#numbers[at + 2]! > start;
  }

  region(change: number): Region | undefined {
    const name = this.#names[change]!;
    if (name === UNKNOWN) return undefined;
    const origin = this.#numbers[NUMBERS * change + 3]!;
    return { name: this.#texts[name]!, origin: Number.isNaN(origin) ? undefined : origin };
  }
}
