/** Paths of what is open or stood in: they follow when a folder on the way, or the thing itself, is renamed. */

interface Rename {
  readonly from: string;
  readonly to: string;
  /** Both names were there, and changed places. */
  readonly exchange: boolean;
}

/** All renames of a guest so far, in order. */
export class Renames {
  readonly #all: Rename[] = [];

  get count(): number {
    return this.#all.length;
  }

  /** Absolute paths. */
  add(from: string, to: string, exchange: boolean): void {
    this.#all.push({ from, to, exchange });
  }

  /** What a path of the time of `since` renames is called now. */
  follow(path: string, since: number): string {
    let now = path;
    for (let i = since; i < this.#all.length; i++) {
      const { from, to, exchange } = this.#all[i]!;
      if (isIn(now, from)) now = to + now.slice(from.length);
      else if (exchange && isIn(now, to)) now = from + now.slice(to.length);
    }
    return now;
  }
}

const isIn = (path: string, folder: string): boolean =>
  path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/');

export class PlacedPath {
  readonly #renames: Renames;
  #path: string;
  #since: number;

  constructor(renames: Renames, path: string) {
    this.#renames = renames;
    this.#path = path;
    this.#since = renames.count;
  }

  /** What it is called now. */
  get text(): string {
    this.#path = this.#renames.follow(this.#path, this.#since);
    this.#since = this.#renames.count;
    return this.#path;
  }
}
