/** What system calls do to files and directories, by name. */
import type { Call } from '../../replay/calls.ts';

export type FileAction =
  | 'created'
  | 'opened-for-writing'
  | 'removed'
  | 'renamed'
  | 'exchanged'
  | 'linked'
  | 'truncated'
  | 'changed';
export type FileSort = 'file' | 'directory' | 'link' | 'node' | 'socket' | undefined;

export interface FileEffect {
  readonly action: FileAction;
  readonly what: FileSort;
  /** Which of the call's paths it is done to (0, 1), or to what a descriptor stands for, or to the file of a socket. */
  readonly path: number | 'fd' | 'socket';
  /** Which of its paths is the new name; `text`: its first argument, as it is given. */
  readonly to?: number | 'text';
  /** Whether the file can't have been there before. */
  readonly fresh?: boolean;
  /** A link in the place of its path is not what is meant, but what that leads to. */
  readonly follows?: boolean;
}

const O_ACCESS = 3;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_DIRECTORY = 0o200000;
/** A file without a name. */
export const O_TMPFILE = 0o20000000;
const O_NOFOLLOW = 0o400000;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_SYMLINK_FOLLOW = 0x400;
const RENAME_EXCHANGE = 2;

type Reader = (call: Call) => FileEffect | undefined;

const opening =
  (flags: (call: Call) => number): Reader =>
  (call) => {
    const value = flags(call);
    if ((value & O_TMPFILE) !== 0 && (value & O_DIRECTORY) !== 0) return undefined;
    if ((value & O_CREAT) !== 0) {
      const fresh = (value & O_EXCL) !== 0;
      return { action: 'created', what: 'file', path: 0, fresh, follows: !fresh && (value & O_NOFOLLOW) === 0 };
    }
    if ((value & (O_ACCESS | O_TRUNC)) === 0) return undefined;
    return { action: 'opened-for-writing', what: undefined, path: 0, follows: (value & O_NOFOLLOW) === 0 };
  };

const always =
  (action: FileAction, what: FileSort, path: FileEffect['path'] = 0, to?: FileEffect['to']): Reader =>
  () => ({ action, what, path, ...(to === undefined ? {} : { to }), fresh: action === 'created' });

function howFlags(call: Call): number {
  const how = call.capture(2, 'entry');
  return how === undefined || how.length < 4 ? 0 : how.view.getUint32(how.start, true);
}

const created = (what: FileSort): Reader => always('created', what);
const removed = (what: FileSort): Reader => always('removed', what);
const renamed = always('renamed', undefined, 0, 1);
const exchanged = always('exchanged', undefined, 0, 1);
const linked = always('linked', undefined, 0, 1);
/** What a path names, or the link itself where flags (their argument, and the bit) or the call say so. */
const following =
  (effect: Reader, flags?: number, bit = AT_SYMLINK_NOFOLLOW): Reader =>
  (call) => {
    const set = flags !== undefined && (call.low(flags) & bit) !== 0;
    return { ...effect(call)!, follows: bit === AT_SYMLINK_FOLLOW ? set : !set };
  };
const changedLink = always('changed', undefined);
const changed = following(changedLink);
const truncated = following(always('truncated', 'file'));
const changedByFd = always('changed', undefined, 'fd');

// biome-ignore format: a table
export const FILE_ACTIONS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['open',       opening((call) => call.low(1))],
  ['openat',     opening((call) => call.low(2))],
  ['openat2',    opening(howFlags)],
  ['creat',      opening(() => O_CREAT | O_TRUNC | 1)],
  ['mkdir',      created('directory')],
  ['mkdirat',    created('directory')],
  ['mknod',      created('node')],
  ['mknodat',    created('node')],
  ['bind',       always('created', 'socket', 'socket')],
  ['symlink',    always('created', 'link', 1, 'text')],
  ['symlinkat',  always('created', 'link', 1, 'text')],
  ['link',       linked],
  ['linkat',     following(linked, 4, AT_SYMLINK_FOLLOW)],
  ['rmdir',      removed('directory')],
  ['unlink',     removed(undefined)],
  ['unlinkat',   (call) => ({ action: 'removed', what: (call.low(2) & AT_REMOVEDIR) !== 0 ? 'directory' : undefined, path: 0 })],
  ['rename',     renamed],
  ['renameat',   renamed],
  ['renameat2',  (call) => ((call.low(4) & RENAME_EXCHANGE) === 0 ? renamed(call) : exchanged(call))],
  ['truncate',   truncated],
  ['truncate64', truncated],
  ['ftruncate',  always('truncated', 'file', 'fd')],
  ['ftruncate64', always('truncated', 'file', 'fd')],
  ['chmod',      changed],
  ['fchmodat',   changed],
  ['fchmod',     changedByFd],
  ['chown',      changed],
  ['lchown',     changedLink],
  ['fchownat',   following(changedLink, 4)],
  ['fchown',     changedByFd],
  ['utime',      changed],
  ['utimes',     changed],
  ['futimesat',  changed],
  ['utimensat',  following(changedLink, 3)],
  ['utimensat_time64', following(changedLink, 3)],
  ['chown32',    changed],
  ['lchown32',   changedLink],
  ['fchown32',   changedByFd],
  ['fallocate',  changedByFd],
  ['setxattr',   changed],
  ['lsetxattr',  changedLink],
  ['fsetxattr',  changedByFd],
  ['removexattr', changed],
  ['lremovexattr', changedLink],
  ['fremovexattr', changedByFd],
]);
