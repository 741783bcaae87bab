import type { RowBuffer } from './row-buffer.ts';
import type { Scan } from './scan.ts';

/** A scan of rows that are known at once, or are made all in one go when the first is asked for. */
export class ListScan<T> implements Scan {
  readonly #make: () => Iterable<T>;
  readonly #put: (item: T, rows: RowBuffer) => void;

  constructor(make: () => Iterable<T>, put: (item: T, rows: RowBuffer) => void) {
    this.#make = make;
    this.#put = put;
  }

  step(rows: RowBuffer): boolean {
    for (const item of this.#make()) this.#put(item, rows);
    return false;
  }
}
