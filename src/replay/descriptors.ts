import { posix } from 'node:path';
import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import type { Call } from './calls.ts';
import { DESCRIPTOR_CALLS } from './descriptor-calls.ts';
import type { DescriptorObserver, FileKind, OpenFile, Slot, SocketFacts } from './open-file.ts';

const AT_FDCWD = -100;
const EINPROGRESS = 115;

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

/** What each descriptor of each process meant at the moment of the step last fed, as far as the trace shows it. */
export class Descriptors {
  readonly #tables = new Map<number, DescriptorTable>();
  readonly #observer: DescriptorObserver | undefined;
  /** Files under way in messages, by their number in it, oldest first. */
  readonly #passed: OpenFile[][] = [];
  #files = 0;

  constructor(observer?: DescriptorObserver) {
    this.#observer = observer;
  }

  /** `path`, `socket`, `pipe`, ...; undefined when it was opened before recording began. */
  name(tgid: number, fd: number): string | undefined {
    return this.slot(tgid, fd)?.file.what;
  }

  slot(tgid: number, fd: number): Slot | undefined {
    return this.#tables.get(tgid)?.slots.get(fd);
  }

  /** The absolute path that a path argument names; undefined when its folder is not known. */
  resolve(tgid: number, folderFd: number, path: string): string | undefined {
    const table = this.#tables.get(tgid);
    return table === undefined && path.startsWith('/') ? posix.normalize(path) : table?.resolve(folderFd, path);
  }

  /** Takes note of a process: a new one has what its parent has at this moment. */
  meet(identity: TaskIdentity | undefined): void {
    if (identity !== undefined) this.#table(identity.tgid, identity.parent);
  }

  /** Takes a call that has returned. */
  returned(call: Call, identity: TaskIdentity | undefined): void {
    if (identity === undefined) return;
    const table = this.#table(identity.tgid, identity.parent);
    // A connection under way has its peer already.
    const succeeded = call.outcome === 'value' || (call.name === 'connect' && call.errno === EINPROGRESS);
    if (succeeded) DESCRIPTOR_CALLS.get(call.name)?.(call, table, this);
  }

  /** A child that has not run yet: what it has is what its parent has now. */
  forked(child: number, parent: DescriptorTable): void {
    this.#table(child, parent.tgid);
  }

  newFile(kind: FileKind, what: string, flags = 0, socket?: SocketFacts): OpenFile {
    return { id: this.#files++, kind, what, flags, socket };
  }

  /** Files that a message carries: they are taken out by the first that receives as many. */
  send(files: readonly OpenFile[]): void {
    this.#passed.push([...files]);
  }

  receive(count: number): readonly OpenFile[] | undefined {
    const at = this.#passed.findIndex((files) => files.length === count);
    return at < 0 ? undefined : this.#passed.splice(at, 1)[0];
  }

  #table(tgid: number, parent: number): DescriptorTable {
    let table = this.#tables.get(tgid);
    if (table === undefined) {
      table = new DescriptorTable(tgid, this.#tables.get(parent), this.#observer);
      this.#tables.set(tgid, table);
    }
    return table;
  }
}
