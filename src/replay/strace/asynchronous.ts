/** Asynchronous input and output: what io_submit is given. */
import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import type { CallCapture } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import { enumName, flagNames, priorityText } from './flags.ts';
import { type ArgumentFormat, address, type FormatOptions } from './format.ts';
import { vectors } from './messages.ts';
import { hexOrZero, low, signed, unsigned } from './struct-parts.ts';
import { hex64, pointer, quoteBuffer } from './values.ts';

const COMMAND = { read: 0, write: 1, poll: 5, readVector: 7, writeVector: 8 } as const;
const HAS_EVENT = 1;
const HAS_PRIORITY = 2;

/** Pointers to control blocks, and these. */
export const controlBlocks: ArgumentFormat = (out, call, argument, options) => {
  const captures = call.captures(argument, 'entry');
  const at = captures.findIndex(({ kind }) => kind === CAPTURE_KIND.iocbs);
  const table = captures[at];
  const count = call.narrow ? call.low(argument - 1) | 0 : call.low(argument - 1);
  if (call.isNull(argument)) {
    out.text('NULL');
    return;
  }
  if (count === 0) {
    out.text('[]');
    return;
  }
  if (table === undefined || table.length === 0 || count < 0) {
    address(out, call, argument, options);
    return;
  }
  const word = call.narrow ? 4 : 8;
  const whole = Math.floor(table.length / word);
  const shown = options.verbose ? whole : Math.min(whole, options.stringLimit);
  const texts: string[] = [];
  let next = at + 1;
  for (let i = 0; i < shown; i++) {
    const place = table.start + i * word;
    const text = pointer(table.view.getUint32(place, true), word === 4 ? 0 : table.view.getUint32(place + 4, true));
    if (text === 'NULL') {
      texts.push(text);
      continue;
    }
    const block = captures[next];
    if (block?.kind !== CAPTURE_KIND.iocb) break;
    const start = ++next;
    while (next < captures.length && captures[next]!.kind !== CAPTURE_KIND.iocb) next++;
    const data = captures.slice(start, next);
    texts.push(block.length < BLOCK ? text : blockText(block, data, true, call, options));
  }
  if (count > texts.length) {
    const end = table.address + BigInt(texts.length * word);
    texts.push(texts.length >= shown && shown < whole ? '...' : `... /* 0x${end.toString(16)} */`);
  }
  out.text(`[${texts.join(', ')}]`);
};

const BLOCK = 64;

/** One control block; `whole`: with what it asks for. */
export function blockText(
  block: CallCapture,
  data: readonly CallCapture[],
  whole: boolean,
  call: Call,
  options: FormatOptions,
): string {
  const view = new DataView(block.view.buffer, block.view.byteOffset + block.start, block.length);
  const number = view.getUint16(16, true);
  const name = enumName('iocbCommand', number) ?? `${number} /* IOCB_CMD_??? */`;
  const flags = low(view, 56);
  const priority = view.getInt16(18, true);
  const parts = [`aio_data=${low(view, 0) === 0 && low(view, 4) === 0 ? '0' : hex64(low(view, 0), low(view, 4))}`];
  if (low(view, 8) !== 0) parts.push(`aio_key=${low(view, 8)}`);
  if (low(view, 12) !== 0) parts.push(`aio_rw_flags=${flagNames('rwf', low(view, 12))}`);
  parts.push(`aio_lio_opcode=${name}`);
  if ((flags & HAS_PRIORITY) !== 0) parts.push(`aio_reqprio=${priorityText(priority & 0xffff)}`);
  else if (priority !== 0) parts.push(`aio_reqprio=${priority}`);
  parts.push(`aio_fildes=${view.getInt32(20, true)}`);
  if (whole) parts.push(...request(number, view, data, call, options));
  return `{${parts.join(', ')}}`;
}

function request(
  command: number,
  view: DataView,
  data: readonly CallCapture[],
  call: Call,
  options: FormatOptions,
): string[] {
  const buffer = pointer(low(view, 24), low(view, 28));
  if (command === COMMAND.poll) return [`aio_buf=${flagNames('poll', low(view, 24))}`];
  const vector = command === COMMAND.readVector || command === COMMAND.writeVector;
  if (!vector && command !== COMMAND.read && command !== COMMAND.write) return [];
  const parts: string[] = [];
  if (vector) {
    const settings = { word: call.narrow ? 4 : 8, netlink: undefined, ...options } as const;
    const head = data.find(({ kind }) => kind === CAPTURE_KIND.iovec);
    const content = command === COMMAND.writeVector ? 'given' : 'untouched';
    const known = head !== undefined && head.length > 0;
    parts.push(`aio_buf=${known ? vectors(data, low(view, 32), content, settings) : buffer}`);
  } else {
    const text = data.find(({ kind }) => kind === CAPTURE_KIND.iovecData);
    const given = command === COMMAND.write && text !== undefined && text.length > 0;
    const shown = given
      ? quoteBuffer(text.bytes, text.fullLength, options.stringLimit)
      : buffer === 'NULL'
        ? '0'
        : buffer;
    parts.push(`aio_buf=${shown}`, `aio_nbytes=${unsigned(view, 32)}`);
  }
  parts.push(`aio_offset=${signed(view, 40)}`);
  const flags = low(view, 56);
  const event = low(view, 60);
  if (flags !== 0) parts.push(`aio_flags=${flagNames('iocbFlags', flags)}`);
  if ((flags & HAS_EVENT) !== 0) parts.push(`aio_resfd=${event | 0}`);
  else if (event !== 0) parts.push(`aio_resfd=${hexOrZero(event)}`);
  return parts;
}
