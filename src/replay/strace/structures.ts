/** Arguments that point to structs. */
import { CAPTURE_STATUS } from '../../emu/monitor-layout.ts';
import type { Pointee } from '../../guest/linux/signature.ts';
import { STRUCTS } from '../../guest/linux/tables/structs.ts';
import type { Call, CallCapture } from '../calls.ts';
import { TextBuffer } from '../text-buffer.ts';
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
/** In-out words shown before and after when they differ: `[16 => 2]`. */
const SHOWN_TWICE = new Set(['socklen', 'off']);

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
      changed(
        out,
        (to) => show(to, entry, call, options, argument),
        (to) => show(to, exit, call, options, argument),
      );
    } else show(out, capture, call, options, argument);
  };
}

/** `[16]`, or `[16 => 2]` when the kernel has changed it. */
function changed(out: TextBuffer, before: (out: TextBuffer) => void, after: (out: TextBuffer) => void): void {
  const [old, now] = [before, after].map((show) => {
    const text = new TextBuffer(64);
    show(text);
    return text.toString();
  }) as [string, string];
  out.text(old === now ? old : `${old.slice(0, -1)} => ${now.slice(1)}`);
}

const waitStatus = oneStruct('wstatus');

const SPECIAL: Readonly<Record<string, PointeeFormat>> = {
  // Nothing was waited for: the status was not written.
  wstatus: (out, capture, call, options, argument) =>
    call.result === 0 ? address(out, call, argument, options) : waitStatus(out, capture, options),
  sockaddr: (out, capture) => out.text(socketAddress(capture.bytes)),
  optval: (out, capture, call, options) => out.text(optionValue(capture.bytes, call, options.stringLimit)),
  cpuset: (out, capture) => out.text(cpuSet(capture.bytes)),
  cloneargs: (out, capture, call) => out.text(cloneArguments(capture.bytes) + clonedTid(call)),
  capdata: (out, capture) => out.text(capabilities(capture.bytes)),
};

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
