import { posix } from 'node:path';
import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import type { Call } from './calls.ts';
import { DESCRIPTOR_CALLS, type OpenFiles } from './descriptor-calls.ts';
import { DescriptorTable } from './descriptor-table.ts';
import type { DescriptorObserver, FileKind, OpenFile, Slot, SocketFacts } from './open-file.ts';
import { PlacedPath, Renames } from './placed-path.ts';

const EINPROGRESS = 115;

/** What each descriptor of each process meant at the moment of the step last fed, as far as the trace shows it. */
export class Descriptors implements OpenFiles {
  readonly #tables = new Map<number, DescriptorTable>();
  readonly #observer: DescriptorObserver | undefined;
  /** Files under way in messages, by their number in it, oldest first. */
  readonly #passed: OpenFile[][] = [];
  readonly #renames = new Renames();
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

  forked(child: number, parent: DescriptorTable): void {
    this.#table(child, parent.tgid);
  }

  newFile(kind: FileKind, what: string, flags = 0, socket?: SocketFacts): OpenFile {
    const id = this.#files++;
    if (kind !== 'file') return { id, kind, what, flags, socket };
    const place = new PlacedPath(this.#renames, what);
    return {
      ...{ id, kind, flags, socket },
      get what() {
        return place.text;
      },
    };
  }

  renamed(from: string, to: string, exchange: boolean): void {
    this.#renames.add(from, to, exchange);
  }

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
      table = new DescriptorTable(tgid, this.#tables.get(parent), this.#renames, this.#observer);
      this.#tables.set(tgid, table);
    }
    return table;
  }
}
