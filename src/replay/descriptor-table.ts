import { posix } from 'node:path';
import type { DescriptorObserver, OpenFile, Slot } from './open-file.ts';
import { PlacedPath, type Renames } from './placed-path.ts';

/** Links to a process's own descriptors. */
const SELF = /^(?:\/proc\/(?:thread-)?self\/fd|\/dev\/fd)\/(\d+)$|^\/dev\/(std(?:in|out|err))$/;
const STANDARD = ['stdin', 'stdout', 'stderr'];

/** Of a path argument: it begins at the working folder. */
export const AT_FDCWD = -100;

/** What a process has open, and where it stands. */
export class DescriptorTable {
  readonly tgid: number;
  readonly slots: Map<number, Slot>;
  readonly #renames: Renames;
  readonly #observer: DescriptorObserver | undefined;
  #folder: PlacedPath | undefined;
  #root: PlacedPath | undefined;

  constructor(
    tgid: number,
    parent: DescriptorTable | undefined,
    renames: Renames,
    observer: DescriptorObserver | undefined,
  ) {
    this.tgid = tgid;
    this.slots = new Map(parent?.slots);
    this.#renames = renames;
    this.folder = parent?.folder;
    this.root = parent?.root ?? '';
    this.#observer = observer;
    for (const [fd, slot] of this.slots) observer?.opened(tgid, fd, slot, 'fork');
  }

  /** Working folder; undefined: not known. */
  get folder(): string | undefined {
    return this.#folder?.text;
  }

  set folder(path: string | undefined) {
    this.#folder = path === undefined ? undefined : new PlacedPath(this.#renames, path);
  }

  /** What `/` means to it: nothing, or the folder that chroot made it, without a slash at its end. */
  get root(): string {
    return this.#root?.text ?? '';
  }

  set root(path: string) {
    this.#root = path === '' ? undefined : new PlacedPath(this.#renames, path);
  }

  open(fd: number, slot: Slot, by: string): void {
    if (this.slots.has(fd)) this.#observer?.closed(this.tgid, fd, by);
    this.slots.set(fd, slot);
    this.#observer?.opened(this.tgid, fd, slot, by);
  }

  close(fd: number, by: string): void {
    if (this.slots.delete(fd)) this.#observer?.closed(this.tgid, fd, by);
  }

  mark(fd: number, closeOnExec: boolean): void {
    const slot = this.slots.get(fd);
    if (slot !== undefined) this.slots.set(fd, { ...slot, closeOnExec });
  }

  /** The absolute path that a path argument names; undefined when its folder is not known. */
  resolve(folderFd: number, path: string): string | undefined {
    if (path.startsWith('/')) return this.rooted(path);
    const folder = folderFd === AT_FDCWD ? this.folder : this.slots.get(folderFd)?.file.what;
    if (!folder?.startsWith('/')) return undefined;
    if (path === '') return folder;
    // Who stands above its root, as after a chroot alone, is not kept by it.
    const inside = `${folder}/`.startsWith(`${this.root}/`);
    return inside ? this.rooted(`${folder.slice(this.root.length)}/${path}`) : posix.normalize(`${folder}/${path}`);
  }

  /** An absolute path of the process as it is from outside its root. */
  rooted(path: string): string {
    const whole = `${this.root}${posix.normalize(path)}`;
    return whole.length > 1 ? whole.replace(/\/$/, '') : whole;
  }

  /** What a path to a descriptor of the process itself leads to: the kernel opens that anew. */
  linked(path: string): OpenFile | undefined {
    const [, fd, standard] = SELF.exec(path) ?? [];
    const number = fd === undefined ? STANDARD.indexOf(standard ?? '') : Number(fd);
    return this.slots.get(number)?.file;
  }
}
