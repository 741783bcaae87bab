import { posix } from 'node:path';
import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import type { Call } from './calls.ts';
import { DESCRIPTOR_CALLS } from './descriptor-calls.ts';
import type { OpenFiles } from './descriptor-effect.ts';
import { DescriptorTable } from './descriptor-table.ts';
import { FileNames } from './file-names.ts';
import type { DescriptorObserver, FileKind, OpenFile, Owner, Slot, SocketFacts } from './open-file.ts';
import { PassedFiles } from './passed-files.ts';
import { PlacedPath } from './placed-path.ts';
import { type PathManner, TaskFiles } from './task-files.ts';
import { CLONE, cloneFlags } from './task-flags.ts';
import { WorkingPlace } from './working-place.ts';

const EINPROGRESS = 115;
const CLONES = new Set(['clone', 'clone3', 'fork', 'vfork']);
/** What a thread shares where nobody saw how it was made. */
const LIKE_A_THREAD = CLONE.files | CLONE.fs | CLONE.thread;

/** Who is asked about: TaskIdentity has it. */
export type Who = Pick<TaskIdentity, 'pid' | 'tgid'>;

/** A call that makes a task and has not returned. */
interface Cloning {
  readonly own: TaskFiles;
  readonly flags: number;
}

/** A child that is known by a number of its namespace only: what it began with. */
interface Unmet {
  readonly flags: number;
  readonly from: TaskFiles;
  readonly since: number;
}

/** What each descriptor of each task meant at the moment of the step last fed, as far as the trace shows it. */
export class Descriptors implements OpenFiles {
  readonly names = new FileNames();
  readonly passed = new PassedFiles();
  readonly handles = new Map<string, string>();
  readonly #tasks = new Map<number, TaskFiles>();
  readonly #groups = new Map<number, Set<TaskFiles>>();
  readonly #cloning = new Map<number, Cloning>();
  readonly #unmet = new Map<number, Unmet[]>();
  /** Tasks that execute another program, by the call. */
  readonly #executing = new WeakMap<Call, TaskFiles>();
  readonly #observer: DescriptorObserver | undefined;
  #files = 0;
  /** The call that returned last: whoever wants to know what it did may take it before others. */
  #last: Call | undefined;

  constructor(observer?: DescriptorObserver) {
    this.#observer = observer;
  }

  /** `path`, `socket`, `pipe`, ...; undefined when it was opened before recording began. */
  name(who: Who, fd: number): string | undefined {
    return this.slot(who, fd)?.file.what;
  }

  slot(who: Who, fd: number): Slot | undefined {
    return this.#of(who)?.slots.get(fd);
  }

  /** Whose descriptors a task uses. */
  owner(who: Who): Owner | undefined {
    return this.#of(who)?.table.owner(who.tgid);
  }

  /** The absolute path that a path argument names; undefined when its folder is not known. */
  resolve(who: Who, folderFd: number, path: string, manner?: PathManner): string | undefined {
    const own = this.#of(who);
    return own === undefined && path.startsWith('/') ? posix.normalize(path) : own?.resolve(folderFd, path, manner);
  }

  /** Whether the numbers of its children that a task is told are those of the whole guest. */
  tellsNumbers(who: Who): boolean {
    return this.#of(who)?.innerNumbers !== true;
  }

  taskFiles(tid: number): TaskFiles | undefined {
    return this.#tasks.get(tid);
  }

  #of({ pid, tgid }: Who): TaskFiles | undefined {
    return this.#tasks.get(pid) ?? this.#tasks.get(tgid);
  }

  /** Takes note of a task at an event: a new one has what the one that made it has, or had when it did. */
  meet(identity: TaskIdentity | undefined, event: number): void {
    if (identity !== undefined) this.#met(identity, event);
  }

  #met(identity: TaskIdentity, event: number): TaskFiles {
    const { pid, start } = identity;
    const known = this.#tasks.get(pid);
    if (known !== undefined && (known.start === start || known.start === undefined)) {
      known.start = start;
      return known;
    }
    return this.#found(identity, event);
  }

  /** A task whose making was not seen, or not yet. */
  #found({ pid, tgid, parent, start }: TaskIdentity, event: number): TaskFiles {
    const isThread = pid !== tgid;
    const cloning = this.#cloningOf(isThread ? tgid : parent, isThread);
    if (isThread) {
      const leader = this.#tasks.get(tgid) ?? this.#make(tgid, tgid, undefined, event, this.#tasks.get(parent), 0);
      return this.#make(pid, tgid, start, event, cloning?.own ?? leader, cloning?.flags ?? LIKE_A_THREAD);
    }
    const unmet = this.#unmet.get(parent)?.shift();
    if (unmet !== undefined) return this.#make(pid, tgid, start, unmet.since, unmet.from, unmet.flags);
    return this.#make(pid, tgid, start, event, cloning?.own ?? this.#tasks.get(parent), cloning?.flags ?? 0);
  }

  /** The call by which one of a process makes a task: the first, if there are several. */
  #cloningOf(tgid: number, thread: boolean): Cloning | undefined {
    for (const { tid } of this.#groups.get(tgid) ?? []) {
      const cloning = this.#cloning.get(tid);
      if (cloning !== undefined && ((cloning.flags & CLONE.thread) !== 0) === thread) return cloning;
    }
    return undefined;
  }

  #make(
    tid: number,
    tgid: number,
    start: bigint | undefined,
    since: number,
    from: TaskFiles | undefined,
    flags: number,
  ): TaskFiles {
    this.#forget(tid, tgid);
    const shared = (flags & CLONE.files) !== 0 ? from?.table : undefined;
    const table = shared ?? new DescriptorTable(from?.table, this.#observer);
    const place = (flags & CLONE.fs) !== 0 ? from?.place : from?.place.copy();
    const innerNumbers = from !== undefined && (from.innerNumbers || from.parting || (flags & CLONE.newPid) !== 0);
    const made = new TaskFiles(
      { tid, tgid, start, since, innerNumbers, table, place: place ?? new WorkingPlace(this.names) },
      this,
    );
    table.users++;
    this.#tasks.set(tid, made);
    const group = this.#groups.get(tgid);
    if (group === undefined) this.#groups.set(tgid, new Set([made]));
    else group.add(made);
    if (table.owner(tgid) === undefined) {
      const own = tid !== tgid;
      table.own({ tgid, tid: own ? tid : undefined, since }, 'fork');
    }
    return made;
  }

  /** The one that had a number before. */
  #forget(tid: number, tgid: number): void {
    const known = this.#tasks.get(tid);
    if (known !== undefined) this.#ended(known, 'exit');
    if (tid !== tgid) return;
    for (const other of this.#groups.get(tgid) ?? []) this.#ended(other, 'exit');
  }

  #ended(task: TaskFiles, by: string): void {
    this.#leave(task, by);
    if (this.#tasks.get(task.tid) === task) this.#tasks.delete(task.tid);
    const group = this.#groups.get(task.tgid);
    group?.delete(task);
    if (group?.size === 0) this.#groups.delete(task.tgid);
  }

  #leave(task: TaskFiles, by: string): void {
    const { table, tgid } = task;
    table.users--;
    const others = [...(this.#groups.get(tgid) ?? [])].some((each) => each !== task && each.table === table);
    if (!others) table.disown(tgid, by);
  }

  /** Takes a call that begins. */
  entered(call: Call, identity: TaskIdentity | undefined): void {
    if (identity === undefined) return;
    const { name } = call;
    if (CLONES.has(name)) {
      const own = this.#met(identity, eventOf(call));
      this.#cloning.set(own.tid, { own, flags: cloneFlags(call) });
    } else if (name === 'execve' || name === 'execveat') {
      this.#executing.set(call, this.#met(identity, eventOf(call)));
    } else if (name === 'exit' && identity.pid !== identity.tgid) {
      const own = this.#tasks.get(identity.pid);
      if (own !== undefined) this.#ended(own, 'exit');
    }
  }

  /** Takes a call that has returned. */
  returned(call: Call, identity: TaskIdentity | undefined): void {
    if (identity === undefined || call === this.#last) return;
    this.#last = call;
    const { exitChunk } = call;
    const own = this.#met(identity, exitChunk === undefined ? eventOf(call) : exitChunk.firstEvent + call.exitRow);
    if (CLONES.has(call.name)) this.#cloning.delete(own.tid);
    // A connection under way has its peer already.
    const succeeded = call.outcome === 'value' || (call.name === 'connect' && call.errno === EINPROGRESS);
    if (succeeded) DESCRIPTOR_CALLS.get(call.name)?.(call, own, this);
  }

  /** A child that was made by a call: what it begins with is what its maker has now, unless it was met meanwhile. */
  cloned(call: Call, own: TaskFiles, flags: number): void {
    const since = eventOf(call);
    const tid = call.result;
    const isThread = (flags & CLONE.thread) !== 0;
    if (own.innerNumbers) {
      const met = [...this.#tasks.values()].some((task) => task.since > since && task.tgid === task.tid);
      if (isThread || met) return;
      const unmet = { flags, from: this.#snapshot(own, flags), since };
      this.#unmet.set(own.tgid, [...(this.#unmet.get(own.tgid) ?? []), unmet]);
      return;
    }
    const known = this.#tasks.get(tid);
    if (known !== undefined && known.since > since) return;
    this.#make(tid, isThread ? own.tgid : tid, undefined, since, own, flags);
  }

  /** What a task has now, for a child that is met later. */
  #snapshot(own: TaskFiles, flags: number): TaskFiles {
    const { tid, tgid, start, since, innerNumbers } = own;
    const table = (flags & CLONE.files) !== 0 ? own.table : new DescriptorTable(own.table, undefined);
    return new TaskFiles({ tid, tgid, start, since, innerNumbers, table, place: own.place.copy() }, this);
  }

  /** A task shares neither descriptors (CLONE_FILES) nor places (CLONE_FS) with others any longer. */
  unshare(own: TaskFiles, flags: number): void {
    if ((flags & CLONE.newPid) !== 0) own.parting = true;
    if ((flags & CLONE.fs) !== 0) own.place = own.place.copy();
    if ((flags & CLONE.files) === 0 || own.table.users < 2) return;
    const { table, tid, tgid, since } = own;
    this.#leave(own, 'unshare');
    own.table = new DescriptorTable(table, this.#observer);
    own.table.users = 1;
    const inProcess = table.owner(tgid) !== undefined;
    own.table.own({ tgid, tid: inProcess ? tid : undefined, since }, 'unshare');
  }

  /** A task has become another program: it is alone in its process, and its descriptors are its own. */
  executed(call: Call, own: TaskFiles): TaskFiles {
    const before = this.#executing.get(call) ?? own;
    const { tgid } = own;
    const { table } = before;
    const group = [...(this.#groups.get(tgid) ?? [])];
    const alone = group.length === 1 && table.users === 1 && before === own;
    if (alone) return own;
    const { start, innerNumbers } = own;
    const { place, parting } = before;
    const fresh = new DescriptorTable(table, this.#observer);
    for (const task of group) this.#ended(task, call.name);
    const since = eventOf(call);
    const made = new TaskFiles({ tid: tgid, tgid, start, since, innerNumbers, table: fresh, place }, this);
    made.parting = parting;
    fresh.users = 1;
    this.#tasks.set(tgid, made);
    this.#groups.set(tgid, new Set([made]));
    fresh.own({ tgid, tid: undefined, since }, call.name);
    return made;
  }

  newFile(kind: FileKind, what: string, flags = 0, facts: { socket?: SocketFacts; process?: number } = {}): OpenFile {
    const { socket, process } = facts;
    const rest = { id: this.#files++, kind, flags, socket, process };
    if (kind !== 'file') return { ...rest, what, gone: false };
    const place = new PlacedPath(this.names, what);
    return {
      ...rest,
      get what() {
        return place.text;
      },
      get gone() {
        return place.gone;
      },
    };
  }
}

const eventOf = ({ chunk, row }: Call): number => chunk.firstEvent + row;
