import { posix } from 'node:path';
import type { DescriptorObserver, Slot } from './open-file.ts';

/** Of a path argument: it begins at the working folder. */
export const AT_FDCWD = -100;

/** What a process has open, and where it stands. */
export class DescriptorTable {
  readonly tgid: number;
  readonly slots: Map<number, Slot>;
  /** Working folder; undefined: not known. */
  folder: string | undefined;
  readonly #observer: DescriptorObserver | undefined;

  constructor(tgid: number, parent: DescriptorTable | undefined, observer: DescriptorObserver | undefined) {
    this.tgid = tgid;
    this.slots = new Map(parent?.slots);
    this.folder = parent?.folder;
    this.#observer = observer;
    for (const [fd, slot] of this.slots) observer?.opened(tgid, fd, slot, 'fork');
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
    if (path.startsWith('/')) return posix.normalize(path);
    const folder = folderFd === AT_FDCWD ? this.folder : this.slots.get(folderFd)?.file.what;
    if (!folder?.startsWith('/')) return undefined;
    return path === '' ? folder : posix.normalize(`${folder}/${path}`);
  }
}
