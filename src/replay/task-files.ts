import { posix } from 'node:path';
import type { DescriptorTable } from './descriptor-table.ts';
import { type FileNames, type LinkTarget, walk } from './file-names.ts';
import type { OpenFile, Slot } from './open-file.ts';
import type { WorkingPlace } from './working-place.ts';

/** Links to what a process has open, where it stands and what its root is. */
const MAGIC = /^\/proc\/(self|thread-self|\d+)(?:\/task\/(\d+))?\/(?:fd\/(\d+)|(cwd)|(root))$/;
/** Links that every guest's /dev has. */
const DEVICE_LINKS = new Map([
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
]);
const MAY_BE_MAGIC = /^\/(?:proc|dev)\//;

/** Of a path argument: it begins at the working folder. */
export const AT_FDCWD = -100;

/** What is known of all tasks, to whom a path of one may lead. */
export interface Tasks {
  readonly names: FileNames;
  taskFiles(tid: number): TaskFiles | undefined;
}

/** How a path is read. */
export interface PathManner {
  /** A link at its end is followed. */
  readonly last?: boolean;
  /** The folder that it starts from is its root (RESOLVE_IN_ROOT). */
  readonly inFolder?: boolean;
}

/** What a task has open, and where it stands. */
export class TaskFiles {
  readonly tid: number;
  readonly tgid: number;
  table: DescriptorTable;
  place: WorkingPlace;
  /** Of the task; undefined: it has not run yet. */
  start: bigint | undefined;
  /** Event from which on it is followed. */
  readonly since: number;
  /** Numbers of processes that it is told are not those of the whole guest, for it is in a namespace of them. */
  readonly innerNumbers: boolean;
  /** Its children are in such a namespace. */
  parting = false;
  readonly #tasks: Tasks;

  constructor(
    who: Pick<TaskFiles, 'tid' | 'tgid' | 'start' | 'since' | 'innerNumbers' | 'table' | 'place'>,
    tasks: Tasks,
  ) {
    this.tid = who.tid;
    this.tgid = who.tgid;
    this.start = who.start;
    this.since = who.since;
    this.innerNumbers = who.innerNumbers;
    this.table = who.table;
    this.place = who.place;
    this.#tasks = tasks;
  }

  get slots(): ReadonlyMap<number, Slot> {
    return this.table.slots;
  }

  open(fd: number, slot: Slot, by: string): void {
    this.table.open(fd, slot, by);
  }

  close(fd: number, by: string): void {
    this.table.close(fd, by);
  }

  mark(fd: number, closeOnExec: boolean): void {
    this.table.mark(fd, closeOnExec);
  }

  /** The absolute path that a path argument names; undefined when its folder is not known. */
  resolve(folderFd: number, path: string, { last = false, inFolder = false }: PathManner = {}): string | undefined {
    const { place } = this;
    const folder = folderFd === AT_FDCWD ? place.folder : this.slots.get(folderFd)?.file.what;
    const absolute = path.startsWith('/') && !inFolder;
    if (!absolute && !folder?.startsWith('/')) return undefined;
    const from = absolute || folder === '/' ? '' : folder!;
    if (path === '') return folder;
    const root = inFolder ? from : place.root;
    const simple = root === '' ? simplePath(from, path) : undefined;
    if (simple !== undefined && this.#tasks.names.plain && !MAY_BE_MAGIC.test(simple)) return simple;
    const found = walk(from, path, root, last, (at) => this.#link(at));
    return place.outside(found) || '/';
  }

  /** What is known to be a link on the way of a path. */
  #link(path: string): LinkTarget | undefined {
    const { root } = this.place;
    if (path.startsWith(root)) {
      const inner = path.slice(root.length);
      const place = this.#magic(inner)?.place;
      if (place?.startsWith('/')) return { place: place === '/' ? '' : place };
      const device = DEVICE_LINKS.get(inner);
      if (device !== undefined) return { text: device };
    }
    const text = this.#tasks.names.link(this.place.outside(path));
    return text === undefined ? undefined : { text };
  }

  /** Where a link of /proc leads: the place, and the open file if it is that of one. */
  #magic(path: string): { readonly place: string | undefined; readonly file?: OpenFile | undefined } | undefined {
    const [, process, task, fd, folder, root] = MAGIC.exec(path) ?? [];
    if (process === undefined) return undefined;
    const self = process === 'self' || process === 'thread-self';
    const whose = task === undefined && self ? this : this.#tasks.taskFiles(Number(task ?? process));
    if (whose === undefined) return undefined;
    if (folder !== undefined) return { place: whose.place.folder };
    if (root !== undefined) return { place: whose.place.root || '/' };
    const file = whose.slots.get(Number(fd))?.file;
    return file && { place: file.what, file };
  }

  /** An absolute path of the process as it is from outside its root. */
  rooted(path: string): string {
    const { place } = this;
    return place.outside(place.root + (path === '/' ? '' : path)) || '/';
  }

  /** What a path leads to that is the link of a descriptor: the kernel opens that anew. */
  linked(path: string): OpenFile | undefined {
    if (!MAY_BE_MAGIC.test(path)) return undefined;
    const text = DEVICE_LINKS.get(path) ?? path.replace(/^\/dev\/fd\//, '/proc/self/fd/');
    return this.#magic(text)?.file;
  }
}

/** What a path of the guest's own root names if no link is on its way. */
function simplePath(from: string, path: string): string {
  const whole = posix.normalize(path.startsWith('/') ? path : `${from}/${path}`);
  return whole.length > 1 && whole.endsWith('/') ? whole.slice(0, -1) : whole;
}
