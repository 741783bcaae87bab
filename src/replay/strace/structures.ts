/** Arguments that point to structs. */
import { CAPTURE_KIND, CAPTURE_STATUS } from '../../emu/monitor-layout.ts';
import type { Pointee } from '../../guest/linux/signature.ts';
import { STRUCTS } from '../../guest/linux/tables/structs.ts';
import type { CallCapture } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import { TextBuffer } from '../text-buffer.ts';
import { signalSet } from './flags.ts';
import { type ArgumentFormat, address, type FormatOptions } from './format.ts';
import { capabilities, cloneArguments } from './process-structs.ts';
import { socketAddress } from './socket-address.ts';
import { optionValue } from './special.ts';
import { manyStructs, oneStruct } from './structs.ts';

type PointeeFormat = (
  out: TextBuffer,
  capture: CallCapture,
  call: Call,
  options: FormatOptions,
  argument: number,
) => void;

/** In-out structs shown as the kernel left them. */
const SHOWN_AFTER = new Set(['cloneargs']);
/** In-out words shown before and after when they differ: `[16 => 2]`; offsets only by sendfile. */
const SHOWN_TWICE = new Set(['socklen', 'off', 'oldoff']);
const OFFSETS = new Set(['off', 'oldoff']);

/** An argument that points to a struct, or to several. */
export function structure(pointee: Pointee): ArgumentFormat {
  const show = SPECIAL[pointee.struct] ?? plain(pointee);
  const { direction, struct } = pointee;
  const before = direction === 'in' || direction === 'inout';
  const entryFirst = direction === 'inout' && !SHOWN_AFTER.has(struct);
  const twice = SHOWN_TWICE.has(struct);
  return (out, call, argument, options) => {
    if (call.isNull(argument)) {
      out.text('NULL');
      return;
    }
    const entry = before ? call.capture(argument, 'entry') : undefined;
    const exit = direction === 'in' ? undefined : call.capture(argument, 'exit');
    const capture = entryFirst ? (entry ?? exit) : (exit ?? entry);
    if (capture === undefined || capture.length === 0 || capture.status === CAPTURE_STATUS.absent) {
      address(out, call, argument, options);
    } else if (twice && entry !== undefined && exit !== undefined) {
      const [old, now] = [entry, exit].map((one) => text((to) => show(to, one, call, options, argument)));
      if (!OFFSETS.has(struct)) out.text(old === now ? old! : `${old!.slice(0, -1)} => ${now!.slice(1)}`);
      else out.text(call.name.startsWith('sendfile') && old !== now ? `${old} => ${now}` : old!);
    } else show(out, capture, call, options, argument);
  };
}

function text(write: (out: TextBuffer) => void): string {
  const out = new TextBuffer(64);
  write(out);
  return out.toString();
}

const waitStatus = oneStruct('wstatus');
const segmentDescriptor = oneStruct('userdesc');

const SPECIAL: Readonly<Record<string, PointeeFormat>> = {
  // Nothing was waited for: the status was not written.
  wstatus: (out, capture, call, options, argument) =>
    call.result === 0 ? address(out, call, argument, options) : waitStatus(out, capture, options),
  sockaddr: peerAddress,
  sigsetpair: signalSetPair,
  sigsetpair32: signalSetPair,
  optval: (out, capture, call, options) => out.text(optionValue(capture, call, options.stringLimit)),
  // The kernel writes as much of a set as its own have.
  cpuset: (out, capture, call) =>
    out.text(cpuSet(call.name === 'sched_getaffinity' ? capture.bytes.subarray(0, call.result) : capture.bytes)),
  cloneargs: (out, capture, call, options) =>
    out.text(cloneArguments(capture.bytes, threadArea(call, options)) + clonedTid(call)),
  capdata: (out, capture) => out.text(capabilities(capture.bytes)),
};

/** An address; what the kernel had no room for is not shown. */
function peerAddress(
  out: TextBuffer,
  capture: CallCapture,
  call: Call,
  options: FormatOptions,
  argument: number,
): void {
  const count = call.syscall?.arguments[argument]?.pointee?.count;
  const before = count?.by === 'pointer' ? call.capture(count.argument, 'entry') : undefined;
  const room = before === undefined || before.length < 4 ? capture.length : before.view.getUint32(before.start, true);
  if (room < 2 || (count?.by === 'argument' && capture.length < 2)) address(out, call, argument, options);
  else out.text(socketAddress(capture.bytes.subarray(0, room)));
}

/** pselect6's last argument: where a signal set stands, and its size. */
function signalSetPair(
  out: TextBuffer,
  { view, start }: CallCapture,
  call: Call,
  _options: FormatOptions,
  argument: number,
): void {
  const set = call.captures(argument, 'entry').find(({ kind }) => kind === CAPTURE_KIND.pointedTo);
  const word = call.narrow ? 4 : 8;
  const high = (at: number): number => (word === 4 ? 0 : view.getUint32(at + 4, true));
  out.text('{sigmask=');
  if (set === undefined || set.length < 8) out.pointer(view.getUint32(start, true), high(start));
  else out.text(signalSet(set.view.getUint32(set.start, true), set.view.getUint32(set.start + 4, true)));
  out.text(', sigsetsize=');
  out.unsigned64(view.getUint32(start + word, true), high(start + word));
  out.byte(0x7d);
}

/** The segment descriptor to which clone3's arguments of a 32-bit program lead. */
function threadArea(call: Call, options: FormatOptions): string | undefined {
  const area = call.captures(0, 'entry').find(({ kind }) => kind === CAPTURE_KIND.indirect);
  if (area === undefined || area.length < STRUCTS.userdesc!.size) return undefined;
  return text((out) => segmentDescriptor(out, area, options));
}

/** The id that clone3 wrote where its arguments asked for it: it is the call's result. */
function clonedTid(call: Call): string {
  const capture = call.capture(0, 'entry');
  const asks = capture !== undefined && ((capture.bytes[2] ?? 0) & 0x10) !== 0;
  return asks && call.result > 0 ? ` => {parent_tid=[${call.result}]}` : '';
}

function cpuSet(set: Uint8Array): string {
  const members: number[] = [];
  for (let cpu = 0; cpu < set.length * 8; cpu++) if ((set[cpu >> 3]! >> (cpu & 7)) & 1) members.push(cpu);
  return `[${members.join(' ')}]`;
}

function plain({ count, struct }: Pointee): PointeeFormat {
  if (count.by === 'fixed' && count.value === 1) {
    const show = oneStruct(struct);
    return (out, capture, _call, options) => show(out, capture, options);
  }
  const show = manyStructs(struct);
  const { size } = STRUCTS[struct]!;
  return (out, capture, call, options) => {
    const number =
      count.by === 'fixed'
        ? count.value
        : count.by === 'argument'
          ? call.low(count.argument)
          : count.by === 'result'
            ? call.result
            : Math.floor(capture.length / size);
    show(out, capture, number, options);
  };
}
