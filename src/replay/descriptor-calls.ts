/** What system calls do to descriptors and working folders, by name. */
import { CAPTURE_KIND } from '../emu/monitor-layout.ts';
import type { CallCapture } from './call-captures.ts';
import type { Call } from './calls.ts';
import { AT_FDCWD, type DescriptorTable } from './descriptor-table.ts';
import { endpointText, type FileKind, type OpenFile, type SocketFacts, socketPath } from './open-file.ts';
import { enumOrHex, socketType } from './strace/flags.ts';

/** The open files of all processes. */
export interface OpenFiles {
  newFile(kind: FileKind, what: string, flags?: number, socket?: SocketFacts): OpenFile;
  /** A file or folder has another name, and all in it. */
  renamed(from: string, to: string, exchange: boolean): void;
  /** Files that a message carries: they are taken out by the first that receives as many. */
  send(files: readonly OpenFile[]): void;
  receive(count: number): readonly OpenFile[] | undefined;
  /** A child that has not run yet: what it has is what its parent has now. */
  forked(child: number, parent: DescriptorTable): void;
}

/** Does to a table what a call that succeeded did. */
type Effect = (call: Call, table: DescriptorTable, all: OpenFiles) => void;

const O_CLOEXEC = 0o2000000;
/** A file without a name in the folder that is given. With O_DIRECTORY, which is a part of it. */
const O_TMPFILE = 0o20200000;
/** Socket types are in the low bits, SOCK_NONBLOCK and SOCK_CLOEXEC above. */
const SOCK_CLOEXEC = O_CLOEXEC;
const MFD_CLOEXEC = 1;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const CLONE_THREAD = 0x1_0000;
const CLOSE_RANGE_CLOEXEC = 4;
const F = { dupfd: 0, setfd: 2, dupfdCloexec: 1030 } as const;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

const resultFd = (call: Call): number => call.result | 0;

function given(call: Call, argument: number): string | undefined {
  const capture = call.capture(argument, 'entry');
  return capture && Buffer.from(capture.bytes).toString('utf8');
}

function written(call: Call, argument: number): string | undefined {
  const bytes = call.capture(argument, 'exit')?.bytes;
  if (bytes === undefined) return undefined;
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}

/** A file by a path; which arguments hold the folder, the path and the flags. */
const opens =
  (folder: number | undefined, path: number, flags: (call: Call) => number): Effect =>
  (call, table, all) => {
    const text = given(call, path);
    const at = folder === undefined ? AT_FDCWD : call.low(folder) | 0;
    const named = text === undefined ? '?' : (table.resolve(at, text) ?? text);
    const value = flags(call);
    const { kind, what } = table.linked(named) ?? { kind: 'file', what: named };
    const unnamed = (value & O_TMPFILE) === O_TMPFILE;
    const file = all.newFile(kind, unnamed ? `${what}/#${call.result}` : what, value);
    table.open(resultFd(call), { file, closeOnExec: (value & O_CLOEXEC) !== 0 }, call.name);
  };

const low =
  (argument: number) =>
  (call: Call): number =>
    call.low(argument);

/** struct open_how begins with 64 bits of flags. */
function howFlags(call: Call): number {
  const how = call.capture(2, 'entry');
  return how === undefined || how.length < 4 ? 0 : how.view.getUint32(how.start, true);
}

const O_CREAT_WRONLY_TRUNC = 0o1101;

/** A descriptor for something without a name. */
const makes =
  (what: string, flags: (call: Call) => number = () => 0, mask: number = O_CLOEXEC): Effect =>
  (call, table, all) => {
    const file = all.newFile('anon', `anon_inode:[${what}]`);
    table.open(resultFd(call), { file, closeOnExec: (flags(call) & mask) !== 0 }, call.name);
  };

function duplicate(call: Call, table: DescriptorTable, to: number, closeOnExec: boolean): void {
  const from = table.slots.get(call.low(0));
  if (to === call.low(0)) return;
  if (from === undefined) table.close(to, call.name);
  else table.open(to, { file: from.file, closeOnExec }, call.name);
}

const fcntl: Effect = (call, table) => {
  const command = call.low(1);
  if (command === F.setfd) table.mark(call.low(0), (call.low(2) & 1) !== 0);
  else if (command === F.dupfd || command === F.dupfdCloexec) {
    duplicate(call, table, resultFd(call), command === F.dupfdCloexec);
  }
};

/** Two descriptors written to memory. */
function pair(call: Call, table: DescriptorTable, argument: number, files: readonly OpenFile[], flags: number): void {
  const capture = call.capture(argument, 'exit');
  if (capture === undefined || capture.length < 8) return;
  for (const [i, file] of files.entries()) {
    const fd = capture.view.getInt32(capture.start + 4 * i, true);
    table.open(fd, { file, closeOnExec: (flags & O_CLOEXEC) !== 0 }, call.name);
  }
}

const pipe: Effect = (call, table, all) => {
  const ends = [all.newFile('pipe', 'pipe'), all.newFile('pipe', 'pipe')];
  pair(call, table, 0, ends, call.name === 'pipe2' ? call.low(1) : 0);
};

const INIT = 1;

/** The root that init gives itself, when it leaves the initial ramdisk, is everybody's. */
const changeRoot: Effect = (call, table) => {
  if (table.tgid === INIT) return;
  const folder = table.resolve(AT_FDCWD, given(call, 0) ?? '');
  if (folder !== undefined) table.root = folder === '/' ? '' : folder;
};

/** As getcwd tells it, which begins at the process's root where it can. */
function workingFolder(call: Call, table: DescriptorTable): string | undefined {
  const path = written(call, 0);
  return path?.startsWith('/') ? table.rooted(path) : undefined;
}

function newSocket(call: Call, all: OpenFiles): OpenFile {
  const facts: SocketFacts = {
    family: enumOrHex('family', call.low(0)),
    type: socketType(call.low(1) & 15),
    local: undefined,
    peer: undefined,
  };
  return all.newFile('socket', 'socket', 0, facts);
}

const socketPair: Effect = (call, table, all) => {
  pair(call, table, 3, [newSocket(call, all), newSocket(call, all)], call.low(1));
};

const socket: Effect = (call, table, all) => {
  const closeOnExec = (call.low(1) & SOCK_CLOEXEC) !== 0;
  table.open(resultFd(call), { file: newSocket(call, all), closeOnExec }, call.name);
};

const address = (capture: CallCapture | undefined): string | undefined => capture && endpointText(capture.bytes);

const accept: Effect = (call, table, all) => {
  const listening = table.slots.get(call.low(0))?.file.socket;
  const facts: SocketFacts = {
    family: listening?.family ?? '?',
    type: listening?.type ?? '?',
    local: listening?.local,
    peer: address(call.capture(1, 'exit')),
  };
  const closeOnExec = call.name === 'accept4' && (call.low(3) & SOCK_CLOEXEC) !== 0;
  table.open(resultFd(call), { file: all.newFile('socket', 'socket', 0, facts), closeOnExec }, call.name);
};

/** An argument says where a socket stands or with whom it talks. */
const learns =
  (fact: 'local' | 'peer', argument: number, phase: 'entry' | 'exit'): Effect =>
  (call, table) => {
    const facts = table.slots.get(call.low(0))?.file.socket;
    const bytes = facts && call.capture(argument, phase)?.bytes;
    const path = bytes && socketPath(bytes);
    // What the kernel tells is the path as it was given, perhaps by another process.
    if (path !== undefined && phase === 'exit' && facts?.[fact] !== undefined) return;
    const text = path === undefined ? bytes && endpointText(bytes) : (table.resolve(AT_FDCWD, path) ?? path);
    if (facts !== undefined && text !== undefined && !(fact === 'peer' && argument > 1 && facts.peer !== undefined)) {
      facts[fact] = text;
    }
  };

/** Descriptors in the control messages of a message. */
function passed(call: Call, phase: 'entry' | 'exit'): number[] {
  const word = call.narrow ? 4 : 8;
  const head = word + 8;
  const found: number[] = [];
  for (const { kind, bytes } of call.captures(1, phase)) {
    if (kind !== CAPTURE_KIND.msgControl) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at + head <= bytes.length; ) {
      const length = view.getUint32(at, true);
      if (length < head || at + length > bytes.length) break;
      if (view.getInt32(at + word, true) === SOL_SOCKET && view.getInt32(at + word + 4, true) === SCM_RIGHTS) {
        for (let fd = at + head; fd + 4 <= at + length; fd += 4) found.push(view.getInt32(fd, true));
      }
      at += Math.ceil(length / word) * word;
    }
  }
  return found;
}

const sendMessage: Effect = (call, table, all) => {
  const fds = passed(call, 'entry');
  if (fds.length > 0) all.send(fds.map((fd) => table.slots.get(fd)?.file ?? all.newFile('other', '?')));
};

const receiveMessage: Effect = (call, table, all) => {
  const fds = passed(call, 'exit');
  if (fds.length === 0) return;
  const files = all.receive(fds.length) ?? fds.map(() => all.newFile('other', '?'));
  const closeOnExec = (call.low(2) & MSG_CMSG_CLOEXEC) !== 0;
  for (const [i, fd] of fds.entries()) table.open(fd, { file: files[i]!, closeOnExec }, call.name);
};

const closeRange: Effect = (call, table) => {
  const [first, last] = [call.low(0), call.low(1)];
  for (const fd of [...table.slots.keys()]) {
    if (fd < first || fd > last) continue;
    if ((call.low(2) & CLOSE_RANGE_CLOEXEC) !== 0) table.mark(fd, true);
    else table.close(fd, call.name);
  }
};

const execute: Effect = (call, table) => {
  for (const [fd, { closeOnExec }] of [...table.slots]) if (closeOnExec) table.close(fd, call.name);
};

const fork =
  (flags: (call: Call) => number): Effect =>
  (call, table, all) => {
    if (call.result !== 0 && (flags(call) & CLONE_THREAD) === 0) all.forked(call.result, table);
  };

/** struct clone_args begins with 64 bits of flags. */
function cloneFlags(call: Call): number {
  const capture = call.capture(0, 'entry');
  return capture === undefined || capture.length < 4 ? CLONE_THREAD : capture.view.getUint32(capture.start, true);
}

const RENAME_EXCHANGE = 2;

/** Which arguments hold the folder and the path of each name; the flags. */
const renames =
  (from: readonly [folder: number | undefined, path: number], to: typeof from, flags?: number): Effect =>
  (call, table, all) => {
    const [old, fresh] = [from, to].map(([folder, path]) => {
      const text = given(call, path);
      return text && table.resolve(folder === undefined ? AT_FDCWD : call.low(folder) | 0, text);
    });
    if (!old || !fresh) return;
    all.renamed(old, fresh, flags !== undefined && (call.low(flags) & RENAME_EXCHANGE) !== 0);
  };

const memfd: Effect = (call, table, all) => {
  const file = all.newFile('memfd', `/memfd:${given(call, 0) ?? '?'}`);
  table.open(resultFd(call), { file, closeOnExec: (call.low(1) & MFD_CLOEXEC) !== 0 }, call.name);
};

/** Calls that change what descriptors mean, or where a process stands. */
// biome-ignore format: a table
export const DESCRIPTOR_CALLS: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ['open', opens(undefined, 0, low(1))],
  ['creat', opens(undefined, 0, () => O_CREAT_WRONLY_TRUNC)],
  ['openat', opens(0, 1, low(2))],
  ['openat2', opens(0, 1, howFlags)],
  ['close', (call, table) => table.close(call.low(0), call.name)],
  ['close_range', closeRange],
  ['dup', (call, table) => duplicate(call, table, resultFd(call), false)],
  ['dup2', (call, table) => duplicate(call, table, resultFd(call), false)],
  ['dup3', (call, table) => duplicate(call, table, resultFd(call), (call.low(2) & O_CLOEXEC) !== 0)],
  ['fcntl', fcntl],
  ['fcntl64', fcntl],
  ['pipe', pipe],
  ['pipe2', pipe],
  ['socket', socket],
  ['socketpair', socketPair],
  ['accept', accept],
  ['accept4', accept],
  ['bind', learns('local', 1, 'entry')],
  ['connect', learns('peer', 1, 'entry')],
  ['getsockname', learns('local', 1, 'exit')],
  ['getpeername', learns('peer', 1, 'exit')],
  ['sendto', learns('peer', 4, 'entry')],
  ['recvfrom', learns('peer', 4, 'exit')],
  ['sendmsg', sendMessage],
  ['recvmsg', receiveMessage],
  ['epoll_create', makes('eventpoll')],
  ['epoll_create1', makes('eventpoll', low(0))],
  ['eventfd', makes('eventfd')],
  ['eventfd2', makes('eventfd', low(1))],
  ['timerfd_create', makes('timerfd', low(1))],
  ['signalfd', makes('signalfd')],
  ['signalfd4', makes('signalfd', low(3))],
  ['inotify_init', makes('inotify')],
  ['inotify_init1', makes('inotify', low(0))],
  ['pidfd_open', makes('pidfd', () => O_CLOEXEC)],
  ['userfaultfd', makes('userfaultfd', low(0))],
  ['perf_event_open', makes('perf_event')],
  ['io_uring_setup', makes('io_uring', () => O_CLOEXEC)],
  ['memfd_create', memfd],
  ['chdir', (call, table) => { table.folder = table.resolve(AT_FDCWD, given(call, 0) ?? ''); }],
  ['fchdir', (call, table) => { table.folder = table.slots.get(call.low(0))?.file.what; }],
  ['getcwd', (call, table) => { table.folder = workingFolder(call, table) ?? table.folder; }],
  ['chroot', changeRoot],
  ['rename', renames([undefined, 0], [undefined, 1])],
  ['renameat', renames([0, 1], [2, 3])],
  ['renameat2', renames([0, 1], [2, 3], 4)],
  ['execve', execute],
  ['execveat', execute],
  ['fork', fork(() => 0)],
  ['vfork', fork(() => 0)],
  ['clone', fork(low(0))],
  ['clone3', fork(cloneFlags)],
]);
