import { enumOrHex } from './strace/flags.ts';
import { inet6 } from './strace/socket-address.ts';

export type FileKind = 'file' | 'socket' | 'pipe' | 'memfd' | 'anon' | 'other';

/** What is known of a socket. Addresses are as endpointText writes them. */
export interface SocketFacts {
  family: string;
  type: string;
  local: string | undefined;
  peer: string | undefined;
  /** The socket at the other end, where it is the guest's own and of the family of those that pass descriptors. */
  other: OpenFile | undefined;
}

/** An open file description: descriptors that share one, by dup, fork or a message, share its number. */
export interface OpenFile {
  readonly id: number;
  readonly kind: FileKind;
  /** Absolute path, as it is called now; or what it is. */
  readonly what: string;
  /** It had a name, which is gone. */
  readonly gone: boolean;
  /** Flags of the call that opened it; 0 where it takes none. */
  readonly flags: number;
  readonly socket: SocketFacts | undefined;
  /** Of a pidfd: the process, where it is known. */
  readonly process: number | undefined;
}

/** Whose descriptors they are: a process's, or those of a thread that has its own. */
export interface Owner {
  readonly tgid: number;
  readonly tid: number | undefined;
  /** Event before which it can't have begun. */
  readonly since: number;
}

/** A descriptor. */
export interface Slot {
  readonly file: OpenFile;
  readonly closeOnExec: boolean;
}

/** Hears what happens to descriptors, at the moment of the call that did it. */
export interface DescriptorObserver {
  /** `by`: the call; `fork` for a table that was inherited, `unshare` for one's own copy, as an execve may need one, too. */
  opened(owner: Owner, fd: number, slot: Slot, by: string): void;
  closed(owner: Owner, fd: number, by: string): void;
}

const FAMILY = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;

/** A socket address in short: `10.0.0.1:80`, `[::1]:80`, `/run/x.sock`, `@abstract`; undefined for one without a name. */
export function endpointText(bytes: Uint8Array): string | undefined {
  if (bytes.length < 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const family = view.getUint16(0, true);
  if (family === FAMILY.inet && bytes.length >= 8) return `${bytes.subarray(4, 8).join('.')}:${view.getUint16(2)}`;
  if (family === FAMILY.inet6 && bytes.length >= 24) return `[${inet6(bytes.subarray(8, 24))}]:${view.getUint16(2)}`;
  if (family === FAMILY.netlink && bytes.length >= 8) return `netlink:${view.getInt32(4, true)}`;
  if (family !== FAMILY.unix) return enumOrHex('family', family);
  const path = bytes.subarray(2);
  if (path.length === 0) return undefined;
  // An abstract name begins with a NUL and may hold more of them.
  if (path[0] === 0) return `@${Buffer.from(path.subarray(1)).toString('utf8')}`;
  const end = path.indexOf(0);
  return Buffer.from(end < 0 ? path : path.subarray(0, end)).toString('utf8');
}

/** The path of a socket that has a file; undefined for addresses of other kinds. */
export function socketPath(bytes: Uint8Array): string | undefined {
  const isPath = bytes.length > 2 && bytes[0] === FAMILY.unix && bytes[1] === 0 && bytes[2] !== 0;
  return isPath ? endpointText(bytes) : undefined;
}
