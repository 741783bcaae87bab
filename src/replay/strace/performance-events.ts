/** Counters: struct perf_event_attr. */
import { PERF_BITS } from '../../guest/linux/tables/events.ts';
import type { CallCapture } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { enumOrHex, flagNames } from './flags.ts';
import { high, low, unsigned } from './struct-parts.ts';
import { hex64 } from './values.ts';

const SMALLEST = 64;
const E2BIG = 7;
const TYPE = { hardware: 0, software: 1, tracepoint: 2, cache: 3 } as const;
const BITS = { at: 40, freq: 10, precise: 15 } as const;
const SKID = ['arbitrary skid', 'constant skid', 'requested to have 0 skid', 'must have 0 skid'];

/** What is to be counted; false where it could not be read. */
export function performanceEvent(
  out: TextBuffer,
  { view, start, length }: CallCapture,
  call: Call,
  argument: number,
): boolean {
  const struct = new DataView(view.buffer, view.byteOffset + start, length);
  if (length < SMALLEST) return false;
  const size = low(struct, 4);
  if (size !== 0 && size < SMALLEST) return false;
  const wanted = call.failed && call.errno === E2BIG ? call.capture(argument, 'exit') : undefined;
  const after =
    wanted === undefined || wanted.length < 8
      ? ''
      : ` => ${enumOrHex('perfSize', wanted.view.getUint32(wanted.start + 4, true))}`;
  const type = low(struct, 0);
  const frequency = bit(struct, BITS.freq);
  const parts = [
    `type=${enumOrHex('perfType', type)}`,
    `size=${enumOrHex('perfSize', size)}${after}`,
    `config=${configuration(type, struct)}`,
    `${frequency ? 'sample_freq' : 'sample_period'}=${unsigned(struct, 16)}`,
    `sample_type=${flagNames('perfSample', low(struct, 24), high(struct, 24))}`,
    `read_format=${flagNames('perfRead', low(struct, 32), high(struct, 32))}`,
    ...bits(struct),
    '...',
  ];
  out.text(`{${parts.join(', ')}}`);
  return true;
}

const bit = (struct: DataView, number: number): boolean =>
  ((struct.getUint8(BITS.at + (number >> 3)) >> (number & 7)) & 1) === 1;

function bits(struct: DataView): string[] {
  const precise = ((struct.getUint8(BITS.at + 1) & 0x80) >> 7) | ((struct.getUint8(BITS.at + 2) & 1) << 1);
  const parts = PERF_BITS.flatMap((name, i) => {
    if (i === BITS.precise) return [`precise_ip=${precise} /* ${SKID[precise]} */`];
    return i === BITS.precise + 1 || !bit(struct, i) ? [] : [`${name}=1`];
  });
  const rest = struct.getBigUint64(BITS.at, true) >> BigInt(PERF_BITS.length);
  if (rest !== 0n) parts.push(`__reserved_1=0x${rest.toString(16)} /* Bits 63..${PERF_BITS.length} */`);
  return parts;
}

function configuration(type: number, struct: DataView): string {
  const value = low(struct, 8);
  const upper = high(struct, 8);
  if (type === TYPE.hardware && upper === 0) return enumOrHex('perfHardware', value);
  if (type === TYPE.software && upper === 0) return enumOrHex('perfSoftware', value);
  if (type === TYPE.tracepoint) return unsigned(struct, 8);
  if (type !== TYPE.cache) return value === 0 && upper === 0 ? '0' : hex64(value, upper);
  const rest = struct.getBigUint64(8, true) >> 24n;
  return (
    `${rest === 0n ? '' : `0x${rest.toString(16)}<<24|`}${enumOrHex('perfCacheResult', (value >>> 16) & 0xff)}<<16|` +
    `${enumOrHex('perfCacheOperation', (value >>> 8) & 0xff)}<<8|${enumOrHex('perfCache', value & 0xff)}`
  );
}
