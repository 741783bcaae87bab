/** What system calls do to descriptors and working folders, by name. */
import type { Call } from './calls.ts';
import { type Effect, type Effects, given, low, O_CLOEXEC, openPair, resultFd } from './descriptor-effect.ts';
import { NAME_CALLS } from './name-calls.ts';
import type { OpenFile } from './open-file.ts';
import { SOCKET_CALLS } from './socket-calls.ts';
import { TASK_CALLS } from './task-calls.ts';
import type { TaskFiles } from './task-files.ts';

/** MFD_CLOEXEC, FAN_CLOEXEC, FSOPEN_CLOEXEC, FSPICK_CLOEXEC, FSMOUNT_CLOEXEC. */
const FIRST_BIT = 1;
const PERF_FLAG_FD_CLOEXEC = 8;
const F = { dupfd: 0, setfd: 2, dupfdCloexec: 1030 } as const;
const always = (): number => O_CLOEXEC;

/** A descriptor for something without a name, as /proc calls it. */
const makes =
  (what: string, flags: (call: Call) => number = () => 0, mask: number = O_CLOEXEC): Effect =>
  (call, own, all) => {
    const file = all.newFile('anon', what);
    own.open(resultFd(call), { file, closeOnExec: (flags(call) & mask) !== 0 }, call.name);
  };

/** A signalfd that is there already is given other signals. */
const signalfd =
  (flags: (call: Call) => number): Effect =>
  (call, own, all) => {
    if (call.low(0) !== call.result) makes('anon_inode:[signalfd]', flags)(call, own, all);
  };

function duplicate(call: Call, own: TaskFiles, to: number, closeOnExec: boolean): void {
  const from = own.slots.get(call.low(0));
  if (to === call.low(0)) return;
  if (from === undefined) own.close(to, call.name);
  else own.open(to, { file: from.file, closeOnExec }, call.name);
}

const fcntl: Effect = (call, own) => {
  const command = call.low(1);
  if (command === F.setfd) own.mark(call.low(0), (call.low(2) & 1) !== 0);
  else if (command === F.dupfd || command === F.dupfdCloexec) {
    duplicate(call, own, resultFd(call), command === F.dupfdCloexec);
  }
};

const pipe: Effect = (call, own, all) => {
  const ends = [all.newFile('pipe', 'pipe'), all.newFile('pipe', 'pipe')];
  openPair(call, own, 0, ends, call.name === 'pipe2' && (call.low(1) & O_CLOEXEC) !== 0);
};

const memory =
  (what: (call: Call) => string, argument: number, mask: number): Effect =>
  (call, own, all) => {
    const file = all.newFile('memfd', what(call));
    own.open(resultFd(call), { file, closeOnExec: (call.low(argument) & mask) !== 0 }, call.name);
  };

const IOCTL = { unmark: 0x5450, mark: 0x5451, terminal: 0x8004_5430, openTerminal: 0x5441 } as const;
/** Numbers of terminals by their masters. */
const TERMINALS = new WeakMap<OpenFile, number>();

const ioctl: Effect = (call, own, all) => {
  const [fd, command] = [call.low(0), call.low(1)];
  if (command === IOCTL.mark || command === IOCTL.unmark) own.mark(fd, command === IOCTL.mark);
  const master = own.slots.get(fd)?.file;
  if (master === undefined) return;
  if (command === IOCTL.terminal) {
    const number = call.capture(2, 'exit');
    if (number !== undefined && number.length >= 4) TERMINALS.set(master, number.view.getUint32(number.start, true));
  } else if (command === IOCTL.openTerminal) {
    const flags = call.low(2);
    const file = all.newFile('file', `/dev/pts/${TERMINALS.get(master) ?? '?'}`, flags);
    own.open(resultFd(call), { file, closeOnExec: (flags & O_CLOEXEC) !== 0 }, call.name);
  }
};

/** Commands of bpf whose result is a descriptor, with what it is of. */
const BPF = new Map([
  [0, 'bpf-map'],
  [5, 'bpf-prog'],
  [13, 'bpf-prog'],
  [14, 'bpf-map'],
  [18, 'btf'],
  [19, 'btf'],
  [28, 'bpf_link'],
  [30, 'bpf_link'],
  [33, 'bpf_iter'],
]);

const bpf: Effect = (call, own, all) => {
  const what = BPF.get(call.low(0));
  if (what !== undefined) makes(`anon_inode:${what}`, always)(call, own, all);
};

/** With flags it only tells a version. */
const ruleset: Effect = (call, own, all) => {
  if (call.low(2) === 0) makes('anon_inode:[landlock-ruleset]', always)(call, own, all);
};

const SECCOMP = { filter: 1, newListener: 8 } as const;
const seccomp: Effect = (call, own, all) => {
  if (call.low(0) === SECCOMP.filter && (call.low(1) & SECCOMP.newListener) !== 0) {
    makes('anon_inode:seccomp notify', always)(call, own, all);
  }
};

// biome-ignore format: a table
const OTHERS: Effects = [
  ['close', (call, own) => own.close(call.low(0), call.name)],
  ['dup', (call, own) => duplicate(call, own, resultFd(call), false)],
  ['dup2', (call, own) => duplicate(call, own, resultFd(call), false)],
  ['dup3', (call, own) => duplicate(call, own, resultFd(call), (call.low(2) & O_CLOEXEC) !== 0)],
  ['fcntl', fcntl],
  ['fcntl64', fcntl],
  ['ioctl', ioctl],
  ['pipe', pipe],
  ['pipe2', pipe],
  ['epoll_create', makes('anon_inode:[eventpoll]')],
  ['epoll_create1', makes('anon_inode:[eventpoll]', low(0))],
  ['eventfd', makes('anon_inode:[eventfd]')],
  ['eventfd2', makes('anon_inode:[eventfd]', low(1))],
  ['timerfd_create', makes('anon_inode:[timerfd]', low(1))],
  ['signalfd', signalfd(() => 0)],
  ['signalfd4', signalfd(low(3))],
  ['inotify_init', makes('anon_inode:inotify')],
  ['inotify_init1', makes('anon_inode:inotify', low(0))],
  ['fanotify_init', makes('anon_inode:[fanotify]', low(0), FIRST_BIT)],
  ['userfaultfd', makes('anon_inode:[userfaultfd]', low(0))],
  ['perf_event_open', makes('anon_inode:[perf_event]', low(4), PERF_FLAG_FD_CLOEXEC)],
  ['io_uring_setup', makes('anon_inode:[io_uring]', always)],
  ['landlock_create_ruleset', ruleset],
  ['fsopen', makes('anon_inode:[fscontext]', low(1), FIRST_BIT)],
  ['fspick', makes('anon_inode:[fscontext]', low(2), FIRST_BIT)],
  ['fsmount', makes('[detached mount]', low(1), FIRST_BIT)],
  ['bpf', bpf],
  ['seccomp', seccomp],
  ['memfd_create', memory((call) => `/memfd:${given(call, 0) ?? '?'}`, 1, FIRST_BIT)],
  ['memfd_secret', memory(() => '/secretmem', 0, O_CLOEXEC)],
];

/** Calls that change what descriptors mean, or where a process stands. */
export const DESCRIPTOR_CALLS: ReadonlyMap<string, Effect> = new Map([
  ...NAME_CALLS,
  ...SOCKET_CALLS,
  ...TASK_CALLS,
  ...OTHERS,
]);
