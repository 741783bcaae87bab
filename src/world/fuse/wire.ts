/**
 * The FUSE protocol as far as a read-only tree needs it: numbers and layouts of the kernel's
 * include/uapi/linux/fuse.h, protocol 7.31. All fields are little-endian.
 */
export const PROTOCOL = { major: 7, minor: 31 } as const;

export const OPCODE = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  removexattr: 24,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  access: 34,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  fallocate: 43,
  readdirplus: 44,
  rename2: 45,
  copyFileRange: 47,
} as const;

/** Flags of INIT. */
export const CAPABILITY = {
  asyncRead: 1 << 0,
  doReaddirplus: 1 << 13,
  readdirplusAuto: 1 << 14,
  parallelDirops: 1 << 18,
  maxPages: 1 << 22,
  cacheSymlinks: 1 << 23,
  noOpendir: 1 << 24,
} as const;

export const OPENED = { keepCache: 1 << 1, cacheDirectory: 1 << 3 } as const;

/** Error numbers of Linux (asm-generic/errno-base.h, errno.h). */
export const ERRNO = {
  ENOENT: 2,
  EIO: 5,
  EACCES: 13,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EROFS: 30,
  ENOSYS: 38,
  ESTALE: 116,
} as const;

export const IN_HEADER_BYTES = 40;
export const OUT_HEADER_BYTES = 16;
export const ATTRIBUTE_BYTES = 88;
export const ENTRY_BYTES = 40 + ATTRIBUTE_BYTES;
export const DIRECTORY_ENTRY_BYTES = 24;

export interface Request {
  readonly opcode: number;
  readonly unique: bigint;
  readonly node: number;
  readonly body: Uint8Array;
  readonly view: DataView;
}

/** Undefined if it is too short for its header. */
export function parseRequest(bytes: Uint8Array): Request | undefined {
  if (bytes.length < IN_HEADER_BYTES) return undefined;
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = bytes.subarray(IN_HEADER_BYTES);
  return {
    opcode: head.getUint32(4, true),
    unique: head.getBigUint64(8, true),
    node: Number(head.getBigUint64(16, true)),
    body,
    view: new DataView(body.buffer, body.byteOffset, body.byteLength),
  };
}

/** A reply with room for `length` bytes of body, to be filled in. */
export function reply(request: Request, length: number): Uint8Array {
  const bytes = new Uint8Array(OUT_HEADER_BYTES + length);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, bytes.length, true);
  head.setBigUint64(8, request.unique, true);
  return bytes;
}

export function replyError(request: Request, errno: number): Uint8Array {
  const bytes = reply(request, 0);
  new DataView(bytes.buffer).setInt32(4, -errno, true);
  return bytes;
}

/** A reply whose body is shorter than foreseen. */
export function shorten(bytes: Uint8Array, length: number): Uint8Array {
  const shorter = bytes.subarray(0, OUT_HEADER_BYTES + length);
  new DataView(bytes.buffer).setUint32(0, shorter.length, true);
  return shorter;
}

/** What stat tells, times in nanoseconds. */
export interface Attributes {
  readonly inode: bigint;
  readonly size: bigint;
  readonly blocks: bigint;
  readonly accessed: bigint;
  readonly modified: bigint;
  readonly changed: bigint;
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly device: number;
  readonly blockSize: number;
}

const SECOND = 1_000_000_000n;

/** struct fuse_attr at `at`. */
export function putAttributes(view: DataView, at: number, attributes: Attributes): void {
  const { accessed, modified, changed } = attributes;
  view.setBigUint64(at, attributes.inode, true);
  view.setBigUint64(at + 8, attributes.size, true);
  view.setBigUint64(at + 16, attributes.blocks, true);
  for (const [i, time] of [accessed, modified, changed].entries()) {
    // Times before 1970 count down in seconds and up in nanoseconds.
    const nanoseconds = ((time % SECOND) + SECOND) % SECOND;
    view.setBigInt64(at + 24 + 8 * i, (time - nanoseconds) / SECOND, true);
    view.setUint32(at + 48 + 4 * i, Number(nanoseconds), true);
  }
  const words = ['mode', 'links', 'uid', 'gid', 'device', 'blockSize'] as const;
  for (const [i, word] of words.entries()) view.setUint32(at + 60 + 4 * i, attributes[word], true);
}

/** struct fuse_entry_out at `at`; node 0 with a validity says that there is no such name, and that this may be kept. */
export function putEntry(
  view: DataView,
  at: number,
  node: number,
  validSeconds: number,
  attributes: Attributes | undefined,
): void {
  view.setBigUint64(at, BigInt(node), true);
  view.setBigUint64(at + 16, BigInt(validSeconds), true);
  view.setBigUint64(at + 24, BigInt(validSeconds), true);
  if (attributes !== undefined) putAttributes(view, at + 40, attributes);
}

export function directoryEntryLength(name: Uint8Array): number {
  return (DIRECTORY_ENTRY_BYTES + name.length + 7) & ~7;
}

/** struct fuse_dirent at `at`; `next` is the position to go on from after it. */
export function putDirectoryEntry(
  bytes: Uint8Array,
  at: number,
  entry: { readonly inode: bigint; readonly next: number; readonly type: number; readonly name: Uint8Array },
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setBigUint64(at, entry.inode, true);
  view.setBigUint64(at + 8, BigInt(entry.next), true);
  view.setUint32(at + 16, entry.name.length, true);
  view.setUint32(at + 20, entry.type, true);
  bytes.set(entry.name, at + DIRECTORY_ENTRY_BYTES);
}
