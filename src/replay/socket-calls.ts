/** What system calls do to sockets, and to descriptors that are passed over them. */
import { CAPTURE_KIND } from '../emu/monitor-layout.ts';
import type { CallCapture } from './call-captures.ts';
import type { Call } from './calls.ts';
import { type Effect, type Effects, O_CLOEXEC, type OpenFiles, openPair, resultFd } from './descriptor-effect.ts';
import { endpointText, type OpenFile, type SocketFacts, socketPath } from './open-file.ts';
import { enumOrHex, socketType } from './strace/flags.ts';
import { AT_FDCWD, type TaskFiles } from './task-files.ts';

/** Socket types are in the low bits, SOCK_NONBLOCK and SOCK_CLOEXEC above. */
const SOCK_CLOEXEC = O_CLOEXEC;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const UNIX = 'AF_UNIX';

function newSocket(call: Call, all: OpenFiles): OpenFile {
  const family = enumOrHex('family', call.low(0));
  const type = socketType(call.low(1) & 15);
  return all.newFile('socket', 'socket', 0, {
    socket: { family, type, local: undefined, peer: undefined, other: undefined },
  });
}

const socketPair: Effect = (call, own, all) => {
  const ends = [newSocket(call, all), newSocket(call, all)] as const;
  ends[0].socket!.other = ends[1];
  ends[1].socket!.other = ends[0];
  openPair(call, own, 3, ends, (call.low(1) & SOCK_CLOEXEC) !== 0);
};

const socket: Effect = (call, own, all) => {
  const closeOnExec = (call.low(1) & SOCK_CLOEXEC) !== 0;
  own.open(resultFd(call), { file: newSocket(call, all), closeOnExec }, call.name);
};

/** An address in short; the path of one that has a file is absolute. */
function addressText(bytes: Uint8Array, own: TaskFiles): string | undefined {
  const path = socketPath(bytes);
  return path === undefined ? endpointText(bytes) : (own.resolve(AT_FDCWD, path, { last: true }) ?? path);
}

const accept: Effect = (call, own, all) => {
  const listening = own.slots.get(call.low(0))?.file.socket;
  const peer = call.capture(1, 'exit');
  const facts: SocketFacts = {
    family: listening?.family ?? '?',
    type: listening?.type ?? '?',
    local: listening?.local,
    peer: peer && endpointText(peer.bytes),
    other: undefined,
  };
  const closeOnExec = call.name === 'accept4' && (call.low(3) & SOCK_CLOEXEC) !== 0;
  const file = all.newFile('socket', 'socket', 0, { socket: facts });
  own.open(resultFd(call), { file, closeOnExec }, call.name);
  if (facts.family === UNIX && facts.local !== undefined) all.passed.accepted(file, facts.local);
};

/** An argument says where a socket stands or with whom it talks. */
const learns =
  (fact: 'local' | 'peer', argument: number, phase: 'entry' | 'exit'): Effect =>
  (call, own, all) => {
    const file = own.slots.get(call.low(0))?.file;
    const facts = file?.socket;
    const bytes = facts && call.capture(argument, phase)?.bytes;
    if (facts === undefined || bytes === undefined) return;
    // What the kernel tells is the path as it was given, perhaps by another process.
    if (phase === 'exit' && facts[fact] !== undefined && socketPath(bytes) !== undefined) return;
    const text = addressText(bytes, own);
    if (text === undefined || (fact === 'peer' && argument > 1 && facts.peer !== undefined)) return;
    facts[fact] = text;
    if (facts.family !== UNIX) return;
    if (call.name === 'bind') all.passed.bound(file!, text);
    else if (call.name === 'connect') all.passed.connected(file!, text);
  };

/** Descriptors in a control message. */
function passedIn({ bytes }: CallCapture, narrow: boolean): number[] {
  const word = narrow ? 4 : 8;
  const head = word + 8;
  const found: number[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + head <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < head || at + length > bytes.length) break;
    if (view.getInt32(at + word, true) === SOL_SOCKET && view.getInt32(at + word + 4, true) === SCM_RIGHTS) {
      for (let fd = at + head; fd + 4 <= at + length; fd += 4) found.push(view.getInt32(fd, true));
    }
    at += Math.ceil(length / word) * word;
  }
  return found;
}

/** A message's descriptors, and the address that it was sent to. */
interface Passing {
  readonly fds: readonly number[];
  readonly to: Uint8Array | undefined;
}

/** The first `count` messages of a call that has any number, of those that pass descriptors. */
function passings(call: Call, phase: 'entry' | 'exit', count: number): Passing[] {
  const messages = new Map<number, { fds: number[]; to: Uint8Array | undefined }>();
  for (const capture of call.captures(1, phase)) {
    const { kind, argument } = capture;
    const element = argument >> 4;
    if (element > count) continue;
    const message = messages.get(element) ?? { fds: [], to: undefined };
    messages.set(element, message);
    if (kind === CAPTURE_KIND.msgControl) message.fds.push(...passedIn(capture, call.narrow));
    else if (kind === CAPTURE_KIND.msgName && capture.length > 0) message.to = capture.bytes;
  }
  return [...messages.values()].filter(({ fds }) => fds.length > 0);
}

const sends =
  (many: boolean): Effect =>
  (call, own, all) => {
    for (const { fds, to } of passings(call, 'entry', many ? call.result : 1)) {
      const files = fds.map((fd) => own.slots.get(fd)?.file ?? all.newFile('other', '?'));
      all.passed.send(own.slots.get(call.low(0))?.file, files, to && addressText(to, own));
    }
  };

const receives =
  (many: boolean): Effect =>
  (call, own, all) => {
    const at = own.slots.get(call.low(0))?.file;
    const closeOnExec = (call.low(many ? 3 : 2) & MSG_CMSG_CLOEXEC) !== 0;
    for (const { fds } of passings(call, 'exit', many ? call.result : 1)) {
      const files = all.passed.receive(at, fds.length) ?? fds.map(() => all.newFile('other', '?'));
      for (const [i, fd] of fds.entries()) own.open(fd, { file: files[i]!, closeOnExec }, call.name);
    }
  };

// biome-ignore format: a table
export const SOCKET_CALLS: Effects = [
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
  ['sendmsg', sends(false)],
  ['sendmmsg', sends(true)],
  ['recvmsg', receives(false)],
  ['recvmmsg', receives(true)],
  ['recvmmsg_time64', receives(true)],
];
