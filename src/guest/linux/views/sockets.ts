import { type OpenFile, readFiles } from './files.ts';
import { type KernelStructures, orNote } from './kernel.ts';

/** A socket that a process has open. */
export interface Socket {
  readonly fd: number;
  readonly inode: bigint;
  /** `inet`, `inet6`, `unix`, `netlink`, ... or the number. */
  readonly family: string;
  /** `stream`, `dgram`, `raw`, ... or the number. */
  readonly type: string;
  /** Of IP, `tcp`, of netlink, `route`; the number where it has no name; empty outside these. */
  readonly protocol: string;
  /** `LISTEN`, `ESTABLISHED`, ... */
  readonly state: string;
  /** `127.0.0.1:80`, `[::1]:80`, a unix path (`@` before an abstract one), a netlink port with its groups, or empty. */
  readonly local: string;
  /** Likewise; of a unix socket the inode of the other end. */
  readonly remote: string;
}

export interface SocketList {
  readonly sockets: readonly Socket[];
  readonly notes: readonly string[];
}

// Numbers of the system-call interface (include/linux/socket.h, include/linux/net.h, include/uapi/linux/in.h): fixed.
const FAMILIES: Readonly<Record<number, string>> = { 1: 'unix', 2: 'inet', 10: 'inet6', 15: 'key', 16: 'netlink', 17: 'packet', 21: 'rds', 29: 'can', 30: 'tipc', 31: 'bluetooth', 38: 'alg', 40: 'vsock', 44: 'xdp' }; // biome-ignore format: a table
const TYPES: Readonly<Record<number, string>> = { 1: 'stream', 2: 'dgram', 3: 'raw', 4: 'rdm', 5: 'seqpacket', 6: 'dccp', 10: 'packet' }; // biome-ignore format: a table
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6', 132: 'sctp', 136: 'udplite', 255: 'raw', 262: 'mptcp' }; // biome-ignore format: a table
/** include/uapi/linux/netlink.h */
const NETLINK_PROTOCOLS: Readonly<Record<number, string>> = { 0: 'route', 2: 'usersock', 4: 'sock_diag', 5: 'nflog', 6: 'xfrm', 7: 'selinux', 9: 'audit', 10: 'fib_lookup', 11: 'connector', 12: 'netfilter', 15: 'uevent', 16: 'generic', 20: 'rdma', 21: 'crypto' }; // biome-ignore format: a table
/** Numbers of /proc/net/tcp (include/net/tcp_states.h). */
const STATES = ['', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE', 'CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING', 'NEW_SYN_RECV']; // biome-ignore format: a table
/** Bytes of a sockaddr's family. */
const FAMILY_BYTES = 2;

/** Sockets among the descriptors of a task (address of its task_struct). */
export function readSockets(kernel: KernelStructures, task: bigint): SocketList {
  const { files, notes: before } = readFiles(kernel, task);
  const notes = [...before];
  const sockets = files
    .filter(({ filesystem }) => filesystem === 'sockfs')
    .flatMap((file) => orNote(notes, `socket ${file.fd}`, () => readSocket(kernel, file)) ?? []);
  return { sockets, notes };
}

function readSocket(kernel: KernelStructures, { fd, inode, address }: OpenFile): Socket {
  const socket = kernel.value(address, 'file', 'private_data');
  const sock = kernel.value(socket, 'socket', 'sk');
  const type = kernel.number(socket, 'socket', 'type');
  const common = kernel.at(sock, 'sock', '__sk_common');
  const family = kernel.number(common, 'sock_common', 'skc_family');
  const protocol = kernel.number(sock, 'sock', 'sk_protocol');
  const state = kernel.number(common, 'sock_common', 'skc_state');
  return {
    fd,
    inode,
    family: FAMILIES[family] ?? String(family),
    type: TYPES[type] ?? String(type),
    protocol: protocolName(family, protocol),
    state: STATES[state] ?? String(state),
    ...endpoints(kernel, family, sock, common),
  };
}

function protocolName(family: number, protocol: number): string {
  const names = family === INET || family === INET6 ? PROTOCOLS : family === NETLINK ? NETLINK_PROTOCOLS : undefined;
  return names === undefined ? '' : (names[protocol] ?? String(protocol));
}

const UNIX = 1;
const INET = 2;
const INET6 = 10;
const NETLINK = 16;

function endpoints(
  kernel: KernelStructures,
  family: number,
  sock: bigint,
  common: bigint,
): Pick<Socket, 'local' | 'remote'> {
  if (family === UNIX) return unixEndpoints(kernel, sock);
  if (family === NETLINK) return { local: netlinkPort(kernel, sock), remote: '' };
  if (family !== INET && family !== INET6) return { local: '', remote: '' };
  const six = family === INET6;
  const bytes = (path: string): Uint8Array => {
    const { offset, size } = kernel.member('sock_common', path);
    return kernel.bytes(common + BigInt(offset), size);
  };
  const port = bytes('skc_dport');
  const remotePort = (port[0]! << 8) | port[1]!;
  const localPort = kernel.number(common, 'sock_common', 'skc_num');
  const local = bytes(six ? 'skc_v6_rcv_saddr' : 'skc_rcv_saddr');
  const remote = bytes(six ? 'skc_v6_daddr' : 'skc_daddr');
  return { local: endpoint(local, localPort), remote: endpoint(remote, remotePort) };
}

function endpoint(address: Uint8Array, port: number): string {
  return address.length === 4 ? `${address.join('.')}:${port}` : `[${ipv6(address)}]:${port}`;
}

const V4_MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** RFC 5952: the longest run of two or more zero groups is left out. */
function ipv6(bytes: Uint8Array): string {
  if (V4_MAPPED.every((byte, i) => bytes[i] === byte)) return `::ffff:${bytes.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  const full = groups.join(':');
  const runs = full.match(/\b(?:0:)+0\b/g) ?? [];
  const longest = runs.toSorted((a, b) => b.length - a.length)[0];
  if (longest === undefined) return full;
  const at = full.indexOf(longest);
  return `${full.slice(0, at).replace(/:$/, '')}::${full.slice(at + longest.length).replace(/^:/, '')}`;
}

/** Port, as /proc/net/netlink has it under Pid, and the first 32 groups it hears; empty before it has an address. */
function netlinkPort(kernel: KernelStructures, sock: bigint): string {
  if (!kernel.has('netlink_sock', 'portid')) return '';
  const port = kernel.number(sock, 'netlink_sock', 'portid');
  const groups = kernel.value(sock, 'netlink_sock', 'groups');
  const heard = groups === 0n ? 0 : new DataView(kernel.bytes(groups, 4).slice().buffer).getUint32(0, true);
  if (port === 0 && heard === 0) return '';
  return `${port}${heard === 0 ? '' : ` groups 0x${heard.toString(16)}`}`;
}

function unixEndpoints(kernel: KernelStructures, sock: bigint): Pick<Socket, 'local' | 'remote'> {
  const address = kernel.value(sock, 'unix_sock', 'addr');
  const peer = kernel.value(sock, 'unix_sock', 'peer');
  return {
    local: address === 0n ? '' : unixName(kernel, address),
    remote: peer === 0n ? '' : peerInode(kernel, peer),
  };
}

function unixName(kernel: KernelStructures, address: bigint): string {
  const length = kernel.number(address, 'unix_address', 'len');
  const name = kernel.bytes(kernel.at(address, 'unix_address', 'name'), length).subarray(FAMILY_BYTES);
  const text = Buffer.from(name).toString('utf8');
  return text.startsWith('\0') ? `@${text.slice(1).replaceAll('\0', '@')}` : text.replace(/\0.*$/s, '');
}

/** The inode stands behind the socket in one allocation. */
function peerInode(kernel: KernelStructures, sock: bigint): string {
  const socket = kernel.value(sock, 'sock', 'sk_socket');
  if (socket === 0n) return '';
  const allocation = kernel.container(socket, 'socket_alloc', 'socket');
  const inode = kernel.value(kernel.at(allocation, 'socket_alloc', 'vfs_inode'), 'inode', 'i_ino');
  return `socket:[${inode}]`;
}
