import type { FileNames } from './file-names.ts';
import { PlacedPath } from './placed-path.ts';

/** Where a task stands, and what `/` means to it; tasks may share it. */
export class WorkingPlace {
  readonly #names: FileNames;
  #folder: PlacedPath | undefined;
  #root: PlacedPath | undefined;
  /** After pivot_root: a folder in the root where the old root is, and that one. */
  #pivot: { readonly at: string; readonly root: string } | undefined;

  constructor(names: FileNames) {
    this.#names = names;
  }

  copy(): WorkingPlace {
    const place = new WorkingPlace(this.#names);
    place.folder = this.folder;
    place.root = this.root;
    place.#pivot = this.#pivot;
    return place;
  }

  /** Working folder; undefined: not known. */
  get folder(): string | undefined {
    return this.#folder?.text;
  }

  set folder(path: string | undefined) {
    this.#folder = path === undefined ? undefined : new PlacedPath(this.#names, path);
  }

  /** What `/` means: nothing, or the folder that chroot made it, without a slash at its end. */
  get root(): string {
    return this.#root?.text ?? '';
  }

  set root(path: string) {
    this.#root = path === '' ? undefined : new PlacedPath(this.#names, path);
  }

  /** The root is another one, and the old one lies in a folder of it; both are absolute. */
  pivot(root: string, old: string): void {
    this.#pivot = old === root ? undefined : { at: old, root: this.root };
    this.root = root;
  }

  /** A path in the root as it is seen from outside; without a slash at its end. */
  outside(path: string): string {
    const { at, root } = this.#pivot ?? {};
    if (at === undefined || !(path === at || path.startsWith(`${at}/`))) return path;
    return root + path.slice(at.length);
  }
}
