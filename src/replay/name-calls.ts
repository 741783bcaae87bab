/** What system calls do by paths: what they open, rename, remove and link, and where they go. */
import type { Call } from './calls.ts';
import {
  type Effect,
  type Effects,
  given,
  low,
  O_CLOEXEC,
  type OpenFiles,
  resultFd,
  written,
} from './descriptor-effect.ts';
import { AT_FDCWD, type TaskFiles } from './task-files.ts';

const O_CREAT_EXCL = 0o300;
const O_NOFOLLOW = 0o400000;
/** A file without a name in the folder that is given. With O_DIRECTORY, which is a part of it. */
const O_TMPFILE = 0o20200000;
const O_CREAT_WRONLY_TRUNC = 0o1101;
const RESOLVE_IN_ROOT = 0x10;
const RENAME_EXCHANGE = 2;

const folderOf = (call: Call, argument: number | undefined): number =>
  argument === undefined ? AT_FDCWD : call.low(argument) | 0;

/** The flags of a file that is opened, and whether its path stays in the folder. */
interface Manner {
  readonly flags: (call: Call) => number;
  readonly inFolder?: (call: Call) => boolean;
}

/** A file by a path; which arguments hold the folder and the path. */
const opens =
  (folder: number | undefined, path: number, { flags, inFolder }: Manner): Effect =>
  (call, own, all) => {
    const value = flags(call);
    const follows = (value & O_NOFOLLOW) === 0 && (value & O_CREAT_EXCL) !== O_CREAT_EXCL;
    const text = given(call, path);
    const at = folderOf(call, folder);
    const manner = { inFolder: inFolder?.(call) === true };
    const name = text && own.resolve(at, text, manner);
    const again = name && follows ? own.linked(name) : undefined;
    const what = again?.what ?? (text && own.resolve(at, text, { ...manner, last: follows })) ?? text ?? '?';
    const unnamed = (value & O_TMPFILE) === O_TMPFILE;
    const file = all.newFile(again?.kind ?? 'file', unnamed ? `${what}/#${call.result}` : what, value);
    own.open(resultFd(call), { file, closeOnExec: (value & O_CLOEXEC) !== 0 }, call.name);
  };

/** struct open_how: 64 bits each of flags, mode and resolve. */
const how =
  (at: number) =>
  (call: Call): number => {
    const capture = call.capture(2, 'entry');
    return capture === undefined || capture.length < at + 4 ? 0 : capture.view.getUint32(capture.start + at, true);
  };
const HOW = { flags: how(0), inFolder: (call: Call): boolean => (how(16)(call) & RESOLVE_IN_ROOT) !== 0 };

/** Which arguments hold the folder and the path. */
type NamePlace = readonly [folder: number | undefined, path: number];

function pathAt(call: Call, own: TaskFiles, [folder, path]: NamePlace): string | undefined {
  const text = given(call, path);
  return text && own.resolve(folderOf(call, folder), text);
}

const renames =
  (from: NamePlace, to: NamePlace, flags?: number): Effect =>
  (call, own, all) => {
    const [old, fresh] = [pathAt(call, own, from), pathAt(call, own, to)];
    if (!old || !fresh) return;
    all.names.renamed(old, fresh, flags !== undefined && (call.low(flags) & RENAME_EXCHANGE) !== 0);
  };

const removes =
  (name: NamePlace): Effect =>
  (call, own, all) => {
    const path = pathAt(call, own, name);
    if (path) all.names.removed(path);
  };

/** A symbolic link that is made. */
const links =
  (name: NamePlace): Effect =>
  (call, own, all) => {
    const [text, path] = [given(call, 0), pathAt(call, own, name)];
    if (text && path) all.names.linked(path, text);
  };

/** One that is read. Those of /proc lead where their text does not. */
const reads =
  (name: NamePlace, text: number): Effect =>
  (call, own, all) => {
    const path = pathAt(call, own, name);
    const target = written(call, text);
    const whole = target !== undefined && target.length > 0 && call.result === Buffer.byteLength(target);
    if (path && whole && !path.startsWith('/proc/')) all.names.linked(path, target);
  };

const INIT = 1;

/** The root that init gives itself, when it leaves the initial ramdisk, is everybody's. */
const changeRoot: Effect = (call, own) => {
  if (own.tgid === INIT) return;
  const folder = own.resolve(AT_FDCWD, given(call, 0) ?? '', { last: true });
  if (folder !== undefined) own.place.root = folder === '/' ? '' : folder;
};

const pivotRoot: Effect = (call, own) => {
  if (own.tgid === INIT) return;
  const [root, old] = [0, 1].map((each) => own.resolve(AT_FDCWD, given(call, each) ?? '', { last: true }));
  if (root === undefined || old === undefined || root === '/') return;
  const { place } = own;
  const stoodInRoot = place.folder === (place.root || '/');
  place.pivot(root, old);
  if (stoodInRoot) place.folder = root;
};

const changeFolder: Effect = (call, own) => {
  own.place.folder = own.resolve(AT_FDCWD, given(call, 0) ?? '', { last: true });
};

/** As getcwd tells it, which begins at the process's root where it can. */
const tellFolder: Effect = (call, own) => {
  const path = written(call, 0);
  if (path?.startsWith('/')) own.place.folder = own.rooted(path);
};

/** struct file_handle that a path was given. */
const tellHandle: Effect = (call, own, all) => {
  const handle = call.capture(2, 'exit');
  const path = pathAt(call, own, [0, 1]);
  if (handle !== undefined && path) all.handles.set(Buffer.from(handle.bytes).toString('hex'), path);
};

const openHandle: Effect = (call, own, all) => {
  const handle = call.capture(1, 'entry');
  const path = handle && all.handles.get(Buffer.from(handle.bytes).toString('hex'));
  const flags = call.low(2);
  const file = all.newFile('file', path ?? '?', flags);
  own.open(resultFd(call), { file, closeOnExec: (flags & O_CLOEXEC) !== 0 }, call.name);
};

/** POSIX message queues stand in a file system of their own. */
const openQueue: Effect = (call, own, all: OpenFiles) => {
  const flags = call.low(1);
  const file = all.newFile('other', `/${given(call, 0) ?? '?'}`, flags);
  own.open(resultFd(call), { file, closeOnExec: true }, call.name);
};

// biome-ignore format: a table
export const NAME_CALLS: Effects = [
  ['open', opens(undefined, 0, { flags: low(1) })],
  ['creat', opens(undefined, 0, { flags: () => O_CREAT_WRONLY_TRUNC })],
  ['openat', opens(0, 1, { flags: low(2) })],
  ['openat2', opens(0, 1, HOW)],
  // Of its flags, OPEN_TREE_CLOEXEC is O_CLOEXEC.
  ['open_tree', opens(0, 1, { flags: (call) => call.low(2) & O_CLOEXEC })],
  ['open_by_handle_at', openHandle],
  ['name_to_handle_at', tellHandle],
  ['mq_open', openQueue],
  ['rename', renames([undefined, 0], [undefined, 1])],
  ['renameat', renames([0, 1], [2, 3])],
  ['renameat2', renames([0, 1], [2, 3], 4)],
  ['unlink', removes([undefined, 0])],
  ['unlinkat', removes([0, 1])],
  ['rmdir', removes([undefined, 0])],
  ['symlink', links([undefined, 1])],
  ['symlinkat', links([1, 2])],
  ['readlink', reads([undefined, 0], 1)],
  ['readlinkat', reads([0, 1], 2)],
  ['chdir', changeFolder],
  ['fchdir', (call, own) => { own.place.folder = own.slots.get(call.low(0))?.file.what; }],
  ['getcwd', tellFolder],
  ['chroot', changeRoot],
  ['pivot_root', pivotRoot],
];
