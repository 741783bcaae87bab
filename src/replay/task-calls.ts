/** What calls that make, change or reach tasks do to their descriptors. */
import type { Call } from './calls.ts';
import { type Effect, type Effects, resultFd } from './descriptor-effect.ts';
import { CLONE, cloneFlags } from './task-flags.ts';

const CLOSE_RANGE = { unshare: 2, cloexec: 4 } as const;
/** A process's namespaces, by their files in /proc. */
const NAMESPACE = /^\/proc\/(\d+)\/(?:task\/\d+\/)?ns\/(mnt|pid|pid_for_children)$/;

const PIDFD = 'anon_inode:[pidfd]';

/** clone tells the descriptor at its third argument, clone3 at the second word of its struct. */
function toldPidfd(call: Call): number | undefined {
  const capture =
    call.name === 'clone' ? call.capture(2, 'exit') : call.captures(0, 'exit').find(({ length }) => length === 4);
  return capture === undefined || capture.length < 4 ? undefined : capture.view.getInt32(capture.start, true);
}

const clone: Effect = (call, own, all) => {
  if (call.result === 0) return;
  const flags = cloneFlags(call);
  all.cloned(call, own, flags);
  const fd = (flags & CLONE.pidfd) === 0 ? undefined : toldPidfd(call);
  if (fd === undefined) return;
  const process = own.innerNumbers ? {} : { process: call.result };
  own.open(fd, { file: all.newFile('anon', PIDFD, 0, process), closeOnExec: true }, call.name);
};

const execute: Effect = (call, before, all) => {
  const own = all.executed(call, before);
  for (const [fd, { closeOnExec }] of [...own.slots]) if (closeOnExec) own.close(fd, call.name);
};

const closeRange: Effect = (call, own, all) => {
  const [first, last, flags] = [call.low(0), call.low(1), call.low(2)];
  if ((flags & CLOSE_RANGE.unshare) !== 0) all.unshare(own, CLONE.files);
  for (const fd of [...own.slots.keys()]) {
    if (fd < first || fd > last) continue;
    if ((flags & CLOSE_RANGE.cloexec) !== 0) own.mark(fd, true);
    else own.close(fd, call.name);
  }
};

const openPidfd: Effect = (call, own, all) => {
  const file = all.newFile('anon', PIDFD, 0, own.innerNumbers ? {} : { process: call.low(0) });
  own.open(resultFd(call), { file, closeOnExec: true }, call.name);
};

/** A descriptor of another process. */
const takeDescriptor: Effect = (call, own, all) => {
  const process = own.slots.get(call.low(0))?.file.process;
  const slot = process === undefined ? undefined : all.taskFiles(process)?.slots.get(call.low(1));
  own.open(resultFd(call), { file: slot?.file ?? all.newFile('other', '?'), closeOnExec: true }, call.name);
};

/** Into the namespaces of another process: its root, and the numbers of its children. */
const enterNamespace: Effect = (call, own, all) => {
  const file = own.slots.get(call.low(0))?.file;
  const [, number, kind] = NAMESPACE.exec(file?.what ?? '') ?? [];
  const other = all.taskFiles(file?.process ?? Number(number ?? Number.NaN));
  const flags = call.low(1);
  const into = (name: string, flag: number): boolean =>
    kind === name || (file?.process !== undefined && (flags & flag) !== 0);
  if (into('pid', CLONE.newPid) || kind === 'pid_for_children') own.parting = true;
  if (other !== undefined && into('mnt', CLONE.newMounts)) own.place = other.place.copy();
};

// biome-ignore format: a table
export const TASK_CALLS: Effects = [
  ['fork', clone],
  ['vfork', clone],
  ['clone', clone],
  ['clone3', clone],
  ['execve', execute],
  ['execveat', execute],
  ['unshare', (call, own, all) => all.unshare(own, call.low(0))],
  ['setns', enterNamespace],
  ['close_range', closeRange],
  ['pidfd_open', openPidfd],
  ['pidfd_getfd', takeDescriptor],
];
