/** What bpf is given: union bpf_attr, by its command. */
import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import { BPF_FORMS, type BpfField } from '../../guest/linux/tables/events.ts';
import type { CallCapture } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { enumOrHex, flagNames } from './flags.ts';
import type { FormatOptions } from './format.ts';
import { interfaceName } from './socket-address.ts';
import { hexOrZero } from './struct-parts.ts';
import { hex64, pointer, quoteBuffer, quoteText, unsigned64 } from './values.ts';

/** The union as Linux 6.1 has it. */
const ATTRIBUTES = 144;
const MAP_FLAGS = 16;
const BPF_F_NUMA_NODE = 4;

/** False: there is nothing that could be shown. */
export function bpfAttributes(out: TextBuffer, capture: CallCapture, call: Call, options: FormatOptions): boolean {
  const form = BPF_FORMS[call.low(0)];
  const size = call.low(2);
  if (form === undefined || size === 0 || size > PAGE || capture.length < Math.min(size, ATTRIBUTES)) return false;
  const bytes = new Uint8Array(Math.max(ATTRIBUTES, capture.length));
  bytes.set(capture.bytes);
  const view = new DataView(bytes.buffer);
  const parts: string[] = [];
  let end = 0;
  for (const [i, group] of form.groups.entries()) {
    if (i > 0 && size <= group[0]!.at) break;
    for (const each of group) {
      const text = value(each, view, call, options);
      if (text !== undefined) parts.push(`${each.name}=${text}`);
      end = Math.max(end, each.at + each.size);
    }
  }
  if (bytes.subarray(end, size).some((byte) => byte !== 0)) parts.push('...');
  const text = `{${parts.join(', ')}}`;
  out.text(form.member === '' ? text : `{${form.member}=${text}}`);
  return true;
}

const PAGE = 4096;

function value({ at, size, format }: BpfField, view: DataView, call: Call, options: FormatOptions): string | undefined {
  const low = view.getUint32(at, true);
  const high = size === 8 ? view.getUint32(at + 4, true) : 0;
  const [kind, set] = format.split('=') as [string, string | undefined];
  switch (kind) {
    case 'd':
      return String(low | 0);
    case 'x':
      return high === 0 ? hexOrZero(low) : hex64(low, high);
    case 'p':
      return pointer(low, high);
    case 'E':
      return high === 0 ? enumOrHex(set!, low) : hex64(low, high);
    case 'F':
      return flagNames(set!, low, high);
    case 'text':
      return quoteText(new Uint8Array(view.buffer, at, size));
    case 'string':
      return behind(low, high, undefined, call, options);
    case 'log':
      return view.getUint32(28, true) === 0
        ? pointer(low, high)
        : behind(low, high, view.getUint32(28, true), call, options);
    case 'bytes@16':
      return counted(low, high, view.getUint32(16, true), call, options);
    case 'version':
      return `KERNEL_VERSION(${low >>> 16}, ${(low >>> 8) & 0xff}, ${low & 0xff})`;
    case 'ifindex':
      return interfaceName(low);
    case 'numa':
      return (view.getUint32(MAP_FLAGS, true) & BPF_F_NUMA_NODE) === 0 ? undefined : String(low);
    case 'after':
      return changed(low, at, call);
    default:
      return unsigned64(low, high);
  }
}

/** A word that the kernel may have changed. */
function changed(before: number, at: number, call: Call): string {
  const exit = call.failed ? undefined : call.capture(1, 'exit');
  if (exit === undefined || exit.length < at + 4) return String(before);
  const now = exit.view.getUint32(exit.start + at, true);
  return now === before ? String(before) : `${before} => ${now}`;
}

/** What was read where a pointer leads. */
function read(low: number, high: number, call: Call): CallCapture | undefined {
  const address = (BigInt(high) << 32n) | BigInt(low);
  const captures = [...call.captures(1, 'exit'), ...call.captures(1, 'entry')];
  return captures.find((each) => each.kind === CAPTURE_KIND.indirect && each.address === address && each.length > 0);
}

/** A text that ends with a NUL, or after `most` bytes. */
function behind(low: number, high: number, most: number | undefined, call: Call, options: FormatOptions): string {
  const capture = read(low, high, call);
  if (capture === undefined) return pointer(low, high);
  const bytes = capture.bytes.subarray(0, most);
  const end = bytes.indexOf(0);
  return end < 0
    ? quoteBuffer(bytes, bytes.length + 1, options.stringLimit)
    : quoteBuffer(bytes.subarray(0, end), end, options.stringLimit);
}

function counted(low: number, high: number, count: number, call: Call, options: FormatOptions): string {
  const capture = read(low, high, call);
  if (capture === undefined) return pointer(low, high);
  return quoteBuffer(capture.bytes.subarray(0, count), count, options.stringLimit);
}
