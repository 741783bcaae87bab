import { readlinkSync, readSync, statfsSync } from 'node:fs';
import { isDirectory, isRegular, type Node, type Share, ShareTree } from './tree.ts';
import {
  ATTRIBUTE_BYTES,
  CAPABILITY,
  directoryEntryLength,
  ENTRY_BYTES,
  ERRNO,
  OPCODE,
  OPENED,
  OUT_HEADER_BYTES,
  PROTOCOL,
  parseRequest,
  putAttributes,
  putDirectoryEntry,
  putEntry,
  type Request,
  reply,
  replyError,
  shorten,
} from './wire.ts';

/** How long the guest may keep what it was told: for ever, as far as a recording goes. */
const VALID_SECONDS = 1_000_000_000;
const OFFERED =
  CAPABILITY.asyncRead |
  CAPABILITY.doReaddirplus |
  CAPABILITY.readdirplusAuto |
  CAPABILITY.parallelDirops |
  CAPABILITY.maxPages |
  CAPABILITY.cacheSymlinks |
  CAPABILITY.noOpendir;
const MOST_PAGES = 256;
const PAGE_BYTES = 4096;
const MOST_BYTES = MOST_PAGES * PAGE_BYTES;
const O_ACCMODE = 3;
const MODE_WRITE = 2;
const LONGEST_NAME = 255;

/** The request can't be served for this reason. */
class Refusal extends Error {
  readonly errno: number;

  constructor(errno: keyof typeof ERRNO) {
    super(errno);
    this.errno = ERRNO[errno];
  }
}

type Handler = (server: ShareServer, request: Request) => Uint8Array | undefined;

/** Requests that would change something. */
const WRITING = [
  OPCODE.setattr,
  OPCODE.symlink,
  OPCODE.mknod,
  OPCODE.mkdir,
  OPCODE.unlink,
  OPCODE.rmdir,
  OPCODE.rename,
  OPCODE.rename2,
  OPCODE.link,
  OPCODE.write,
  OPCODE.create,
  OPCODE.setxattr,
  OPCODE.removexattr,
  OPCODE.fallocate,
  OPCODE.copyFileRange,
];

const HANDLERS: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [OPCODE.init, (server, request) => server.init(request)],
  [OPCODE.lookup, (server, request) => server.lookup(request)],
  [OPCODE.getattr, (server, request) => server.getattr(request)],
  [OPCODE.readlink, (server, request) => server.readlink(request)],
  [OPCODE.open, (server, request) => server.open(request)],
  [OPCODE.read, (server, request) => server.read(request)],
  [OPCODE.opendir, (server, request) => server.opendir(request)],
  [OPCODE.readdir, (server, request) => server.readdir(request, false)],
  [OPCODE.readdirplus, (server, request) => server.readdir(request, true)],
  [OPCODE.statfs, (server, request) => server.statfs(request)],
  [
    OPCODE.access,
    (_, request) => ((request.view.getUint32(0, true) & MODE_WRITE) !== 0 ? readOnly(request) : done(request)),
  ],
  [OPCODE.release, (_, request) => done(request)],
  [OPCODE.releasedir, (_, request) => done(request)],
  [OPCODE.destroy, (_, request) => done(request)],
  // Nodes are kept: as many as the host has files, and a number once given stays true.
  [OPCODE.forget, () => undefined],
  [OPCODE.batchForget, () => undefined],
  // Every request was answered before the guest could lose patience.
  [OPCODE.interrupt, () => undefined],
  ...WRITING.map((opcode): [number, Handler] => [opcode, (_, request) => readOnly(request)]),
]);

function done(request: Request): Uint8Array {
  return reply(request, 0);
}

function readOnly(request: Request): Uint8Array {
  return replyError(request, ERRNO.EROFS);
}

/**
 * Serves shared host folders read-only to a guest's kernel. One call a request, synchronous. What it does not know
 * (extended attributes, locks, ...) it answers with ENOSYS, which tells the kernel not to ask again.
 */
export class ShareServer {
  private readonly tree: ShareTree;
  private noOpendir = false;

  constructor(shares: readonly Share[]) {
    this.tree = new ShareTree(shares);
  }

  /** The reply to one request, or undefined where none is wanted. Never throws for what a guest sends. */
  handle(bytes: Uint8Array): Uint8Array | undefined {
    const request = parseRequest(bytes);
    if (request === undefined) return undefined;
    const handler = HANDLERS.get(request.opcode);
    try {
      return handler === undefined ? replyError(request, ERRNO.ENOSYS) : handler(this, request);
    } catch (error) {
      return replyError(request, errnoOf(error));
    }
  }

  /** Gives back the host's descriptors. */
  close(): void {
    this.tree.close();
  }

  init(request: Request): Uint8Array {
    const { view } = request;
    const flags = view.getUint32(12, true) & OFFERED;
    this.noOpendir = (flags & CAPABILITY.noOpendir) !== 0;
    const bytes = reply(request, 64);
    const out = new DataView(bytes.buffer, OUT_HEADER_BYTES);
    out.setUint32(0, PROTOCOL.major, true);
    out.setUint32(4, PROTOCOL.minor, true);
    // A kernel of another major version asks again with ours.
    if (view.getUint32(0, true) !== PROTOCOL.major) return bytes;
    out.setUint32(8, Math.min(view.getUint32(8, true), MOST_BYTES), true);
    out.setUint32(12, flags, true);
    out.setUint16(16, 16, true);
    out.setUint16(18, 12, true);
    out.setUint32(20, MOST_BYTES, true);
    out.setUint32(24, 1, true);
    out.setUint16(28, MOST_PAGES, true);
    return bytes;
  }

  lookup(request: Request): Uint8Array {
    const parent = this.folder(request);
    const child = this.tree.child(parent, nameIn(request.body));
    const bytes = reply(request, ENTRY_BYTES);
    putEntry(new DataView(bytes.buffer), OUT_HEADER_BYTES, child?.id ?? 0, VALID_SECONDS, child?.attributes);
    return bytes;
  }

  getattr(request: Request): Uint8Array {
    const { attributes } = this.node(request);
    const bytes = reply(request, 16 + ATTRIBUTE_BYTES);
    const view = new DataView(bytes.buffer, OUT_HEADER_BYTES);
    view.setBigUint64(0, BigInt(VALID_SECONDS), true);
    putAttributes(view, 16, attributes);
    return bytes;
  }

  readlink(request: Request): Uint8Array {
    const { host } = this.node(request);
    if (host === undefined) throw new Refusal('EINVAL');
    const target = readlinkSync(Buffer.from(host, 'latin1'), { encoding: 'buffer' });
    const bytes = reply(request, target.length);
    bytes.set(target, OUT_HEADER_BYTES);
    return bytes;
  }

  open(request: Request): Uint8Array {
    const node = this.file(request);
    if ((request.view.getUint32(0, true) & O_ACCMODE) !== 0) throw new Refusal('EROFS');
    this.tree.descriptor(node);
    return opened(request, OPENED.keepCache);
  }

  read(request: Request): Uint8Array {
    const node = this.file(request);
    const offset = request.view.getBigUint64(8, true);
    const length = Math.min(request.view.getUint32(16, true), MOST_BYTES);
    const bytes = reply(request, length);
    const descriptor = this.tree.descriptor(node);
    let count = 0;
    while (count < length) {
      const position = Number(offset) + count;
      const more = readSync(descriptor, bytes, OUT_HEADER_BYTES + count, length - count, position);
      if (more === 0) break;
      count += more;
    }
    return shorten(bytes, count);
  }

  opendir(request: Request): Uint8Array {
    this.folder(request);
    if (this.noOpendir) throw new Refusal('ENOSYS');
    return opened(request, OPENED.keepCache | OPENED.cacheDirectory);
  }

  /** Positions are 1 + place in the list of names, with `.` and `..` at its head; nothing has to be remembered. */
  readdir(request: Request, plus: boolean): Uint8Array {
    const folder = this.folder(request);
    const names = [Buffer.from('.'), Buffer.from('..'), ...this.tree.names(folder)];
    const room = Math.min(request.view.getUint32(16, true), MOST_BYTES);
    const bytes = reply(request, room);
    const view = new DataView(bytes.buffer);
    const first = plus ? ENTRY_BYTES : 0;
    let at = 0;
    for (let i = Number(request.view.getBigUint64(8, true)); i < names.length; i++) {
      const name = names[i]!;
      if (at + first + directoryEntryLength(name) > room) break;
      // The kernel makes entries of all but the first two.
      const child = i < 2 ? folder : this.tree.child(folder, name);
      if (child === undefined) continue;
      const start = OUT_HEADER_BYTES + at;
      if (plus) putEntry(view, start, i < 2 ? 0 : child.id, VALID_SECONDS, child.attributes);
      const { inode, mode } = child.attributes;
      putDirectoryEntry(bytes, start + first, { inode, next: i + 1, type: (mode >> 12) & 15, name });
      at += first + directoryEntryLength(name);
    }
    return shorten(bytes, at);
  }

  statfs(request: Request): Uint8Array {
    const { host } = this.node(request);
    const bytes = reply(request, 80);
    const view = new DataView(bytes.buffer, OUT_HEADER_BYTES);
    if (host !== undefined) {
      const { blocks, files, bsize } = statfsSync(Buffer.from(host, 'latin1'), { bigint: true });
      view.setBigUint64(0, blocks, true);
      view.setBigUint64(24, files, true);
      view.setUint32(40, Number(bsize), true);
      view.setUint32(48, Number(bsize), true);
    } else view.setUint32(40, PAGE_BYTES, true);
    view.setUint32(44, LONGEST_NAME, true);
    return bytes;
  }

  private node(request: Request): Node {
    const node = this.tree.node(request.node);
    if (node === undefined) throw new Refusal('ESTALE');
    return node;
  }

  /** A child of anything but a folder would be looked up through a symbolic link on the host. */
  private folder(request: Request): Node {
    const node = this.node(request);
    if (!isDirectory(node)) throw new Refusal('ENOTDIR');
    return node;
  }

  /** Devices, sockets and pipes of the host are seen but never opened. */
  private file(request: Request): Node {
    const node = this.node(request);
    if (isDirectory(node)) throw new Refusal('EISDIR');
    if (!isRegular(node)) throw new Refusal('EACCES');
    return node;
  }
}

function opened(request: Request, flags: number): Uint8Array {
  const bytes = reply(request, 16);
  new DataView(bytes.buffer).setUint32(OUT_HEADER_BYTES + 8, flags, true);
  return bytes;
}

/** A name ends with NUL. One with a slash, or one that means another folder, comes from no honest kernel. */
function nameIn(body: Uint8Array): Buffer {
  const end = body.indexOf(0);
  const name = Buffer.from(body.subarray(0, end < 0 ? body.length : end));
  if (name.length === 0 || name.includes('/') || name.equals(Buffer.from('.')) || name.equals(Buffer.from('..'))) {
    throw new Refusal('EINVAL');
  }
  return name;
}

function errnoOf(error: unknown): number {
  if (error instanceof Refusal) return error.errno;
  // Node gives the system's number, negative; requests cut short end in a RangeError.
  if (error instanceof RangeError) return ERRNO.EINVAL;
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return typeof errno === 'number' ? -errno : ERRNO.EIO;
}
