import type { DescriptorObserver, Owner, Slot } from './open-file.ts';

/** What is open to those who share it: the threads of a process, unless they parted with it, and who was cloned so. */
export class DescriptorTable {
  readonly slots: Map<number, Slot>;
  readonly #observer: DescriptorObserver | undefined;
  readonly #owners: Owner[] = [];
  /** Tasks that use it. */
  users = 0;

  constructor(parent: DescriptorTable | undefined, observer: DescriptorObserver | undefined) {
    this.slots = new Map(parent?.slots);
    this.#observer = observer;
  }

  /** Whose of a process it is. */
  owner(tgid: number): Owner | undefined {
    return this.#owners.find((owner) => owner.tgid === tgid);
  }

  /** From now on it is somebody's, too. */
  own(owner: Owner, by: string): void {
    this.#owners.push(owner);
    for (const [fd, slot] of this.slots) this.#observer?.opened(owner, fd, slot, by);
  }

  /** It is no longer that of a process. */
  disown(tgid: number, by: string): void {
    const at = this.#owners.findIndex((owner) => owner.tgid === tgid);
    const [owner] = at < 0 ? [] : this.#owners.splice(at, 1);
    if (owner !== undefined) for (const fd of this.slots.keys()) this.#observer?.closed(owner, fd, by);
  }

  open(fd: number, slot: Slot, by: string): void {
    if (this.slots.has(fd)) this.#tellClosed(fd, by);
    this.slots.set(fd, slot);
    for (const owner of this.#owners) this.#observer?.opened(owner, fd, slot, by);
  }

  close(fd: number, by: string): void {
    if (this.slots.delete(fd)) this.#tellClosed(fd, by);
  }

  #tellClosed(fd: number, by: string): void {
    for (const owner of this.#owners) this.#observer?.closed(owner, fd, by);
  }

  mark(fd: number, closeOnExec: boolean): void {
    const slot = this.slots.get(fd);
    if (slot !== undefined) this.slots.set(fd, { ...slot, closeOnExec });
  }
}
