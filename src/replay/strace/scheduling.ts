/** Scheduling attributes: struct sched_attr. */
import type { CallCapture } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { enumOrHex, flagNames } from './flags.ts';
import { high, low, unsigned } from './struct-parts.ts';

/** Sizes that the struct had, and what stands for none. */
const SIZES = { first: 48, withLimits: 56 } as const;
const KEEP_PARAMS = 0x10;
const E2BIG = 7;

/** What is given or told; behind it, the size that the kernel would have liked. */
export function schedulingAttributes(
  out: TextBuffer,
  { view, start, length }: CallCapture,
  call: Call,
  argument: number,
): boolean {
  const struct = new DataView(view.buffer, view.byteOffset + start, length);
  if (length < 4) return false;
  const given = low(struct, 0);
  const size = given === 0 ? SIZES.first : given;
  const wanted = call.failed && call.errno === E2BIG ? call.capture(argument, 'exit') : undefined;
  const after =
    wanted === undefined || wanted.length < 4 ? '' : ` => {size=${wanted.view.getUint32(wanted.start, true)}}`;
  if (size < SIZES.first) {
    out.text(`{size=${given}}${after}`);
    return true;
  }
  if (length < Math.min(size, SIZES.withLimits)) return false;
  const flags = low(struct, 8);
  const parts = [
    `size=${given}`,
    `sched_policy=${enumOrHex('sched', low(struct, 4))}`,
    `sched_flags=${flagNames('scheduling', flags, high(struct, 8))}`,
  ];
  if ((flags & KEEP_PARAMS) === 0) {
    parts.push(`sched_nice=${struct.getInt32(16, true)}`, `sched_priority=${low(struct, 20)}`);
    parts.push(`sched_runtime=${unsigned(struct, 24)}`, `sched_deadline=${unsigned(struct, 32)}`);
    parts.push(`sched_period=${unsigned(struct, 40)}`);
  }
  if (size >= SIZES.withLimits) parts.push(`sched_util_min=${low(struct, 48)}`, `sched_util_max=${low(struct, 52)}`);
  if (size > SIZES.withLimits) parts.push('...');
  out.text(`{${parts.join(', ')}}${after}`);
  return true;
}
