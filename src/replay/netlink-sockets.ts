import { CAPTURE_KIND } from '../emu/monitor-layout.ts';
import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import type { Call, NetlinkSocket } from './calls.ts';

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const F_DUPFD = 0;
const F_DUPFD_CLOEXEC = 1030;

/** Calls of which a message is shown. */
const MESSAGES = new Set(['sendto', 'sendmsg', 'sendmmsg', 'recvfrom', 'recvmsg', 'recvmmsg', 'recvmmsg_time64', 'send', 'recv']); // biome-ignore format: a list

const NLMSG_HEADER = 16;
const IFINFO = 16;
const RTM_NEWLINK = 16;
const IFLA_IFNAME = 3;
const align = (length: number): number => (length + 3) & ~3;

/** Calls that give a socket its address, by which alone others find it: who asks what protocol it has is not told before. */
const BINDS = new Set(['bind', 'connect', 'sendto', 'sendmsg', 'sendmmsg', 'send']);
const UNBOUND = -1;

/** Which descriptors of which process are netlink sockets. As long as there is none, it costs nothing. */
export class NetlinkSockets {
  /** By process: protocols by descriptor; below 0 as long as the socket has no address. */
  readonly #protocols = new Map<number, Map<number, number>>();
  readonly #interfaces = new Map<number, string>([[1, 'lo']]);

  /** Takes a call that begins. */
  entered(call: Call, identity: TaskIdentity | undefined): void {
    if (this.#protocols.size === 0 || identity === undefined || !MESSAGES.has(call.name)) return;
    const protocol = this.#of(identity)?.get(call.low(0));
    if (protocol !== undefined) call.netlink = { protocol: Math.max(protocol, UNBOUND), interfaces: this.#interfaces };
  }

  /** Takes a call that has returned. */
  returned(call: Call, identity: TaskIdentity | undefined): void {
    const { name } = call;
    if (call.netlink !== undefined) this.#told(call, call.netlink);
    if (name === 'socket') this.#opened(call, identity);
    else if (this.#protocols.size > 0 && identity !== undefined && call.outcome === 'value') {
      if (BINDS.has(name)) this.#bound(call, identity);
      else this.#changed(call, name, identity);
    }
  }

  #told(call: Call, socket: NetlinkSocket): void {
    if (call.outcome !== 'value') return;
    for (const { kind, bytes } of call.captures(1, 'exit')) {
      if (kind === CAPTURE_KIND.iovecData || kind === CAPTURE_KIND.buffer) learnInterfaces(bytes, socket);
    }
  }

  #opened(call: Call, identity: TaskIdentity | undefined): void {
    if (identity === undefined || call.outcome !== 'value') return;
    if (call.low(0) === AF_NETLINK) this.#own(identity).set(call.result, UNBOUND - 1 - call.low(2));
    else this.#protocols.get(identity.tgid)?.delete(call.result);
  }

  #bound(call: Call, identity: TaskIdentity): void {
    const sockets = this.#of(identity);
    const protocol = sockets?.get(call.low(0)) ?? 0;
    if (protocol < 0) sockets!.set(call.low(0), UNBOUND - 1 - protocol);
  }

  #changed(call: Call, name: string, identity: TaskIdentity): void {
    if (name === 'close') this.#protocols.get(identity.tgid)?.delete(call.low(0));
    else if (name === 'dup' || name === 'dup2' || name === 'dup3') this.#duplicated(call, identity);
    else if (name === 'fcntl' || name === 'fcntl64') {
      const command = call.low(1);
      if (command === F_DUPFD || command === F_DUPFD_CLOEXEC) this.#duplicated(call, identity);
    }
  }

  #duplicated(call: Call, identity: TaskIdentity): void {
    const sockets = this.#of(identity);
    const protocol = sockets?.get(call.low(0));
    if (protocol === undefined) sockets?.delete(call.result);
    else this.#own(identity).set(call.result, protocol);
  }

  /** A child has what its parent had when it was first met. */
  #of({ tgid, parent }: TaskIdentity): Map<number, number> | undefined {
    const own = this.#protocols.get(tgid);
    if (own !== undefined) return own;
    const inherited = this.#protocols.get(parent);
    if (inherited === undefined) return undefined;
    const copy = new Map(inherited);
    this.#protocols.set(tgid, copy);
    return copy;
  }

  #own(identity: TaskIdentity): Map<number, number> {
    const known = this.#of(identity);
    if (known !== undefined) return known;
    const empty = new Map<number, number>();
    this.#protocols.set(identity.tgid, empty);
    return empty;
  }
}

/** Interfaces that messages of NETLINK_ROUTE tell: their numbers and names. */
function learnInterfaces(bytes: Uint8Array, { protocol, interfaces }: NetlinkSocket): void {
  if (protocol !== NETLINK_ROUTE) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + NLMSG_HEADER + IFINFO <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < NLMSG_HEADER) return;
    if (view.getUint16(at + 4, true) === RTM_NEWLINK) {
      const name = linkName(bytes.subarray(at + NLMSG_HEADER + IFINFO, at + length));
      const number = view.getInt32(at + NLMSG_HEADER + 4, true);
      if (name !== undefined && number > 0) interfaces.set(number, name);
    }
    at += align(length);
  }
}

function linkName(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4) return undefined;
    if (view.getUint16(at + 2, true) === IFLA_IFNAME) {
      const text = Buffer.from(bytes.subarray(at + 4, at + length)).toString('latin1');
      return text.split('\0')[0];
    }
    at += align(length);
  }
  return undefined;
}
