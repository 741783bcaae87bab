/** Paths of what is open or stood in: they follow when a folder on the way, or the thing itself, is renamed. */
import type { FileNames } from './file-names.ts';

export class PlacedPath {
  readonly #names: FileNames;
  #path: string;
  #since: number;
  #gone = false;

  constructor(names: FileNames, path: string) {
    this.#names = names;
    this.#path = path;
    this.#since = names.changes;
  }

  /** What it is called now; what was removed keeps its last name. */
  get text(): string {
    this.#follow();
    return this.#path;
  }

  /** The name was removed, or given to something else. */
  get gone(): boolean {
    this.#follow();
    return this.#gone;
  }

  #follow(): void {
    if (this.#gone || this.#since === this.#names.changes) return;
    const { path, gone } = this.#names.follow(this.#path, this.#since);
    this.#path = path;
    this.#gone = gone;
    this.#since = this.#names.changes;
  }
}
