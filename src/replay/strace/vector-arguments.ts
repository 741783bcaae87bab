/** Arguments that are vectors of buffers, and messages made of them. */
import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import type { Argument } from '../../guest/linux/signature.ts';
import type { Call } from '../calls.ts';
import { type ArgumentFormat, address, type FormatOptions } from './format.ts';
import { messageHeader, messageRoom, type VectorOptions, vectors } from './messages.ts';

type Phase = 'entry' | 'exit';

const vectorOptions = (call: Call, { stringLimit, verbose, descriptor }: FormatOptions): VectorOptions => ({
  descriptor,
  stringLimit,
  verbose,
  word: call.narrow ? 4 : 8,
  netlink: call.netlink,
});

export const iovec =
  (phase: Phase): ArgumentFormat =>
  (out, call, argument, options) => {
    const captures = call.captures(argument, phase);
    const head = captures.find(({ kind }) => kind === CAPTURE_KIND.iovec);
    const count = call.low(argument + 1);
    const content = phase === 'entry' ? 'given' : call.failed ? 'untouched' : 'filled';
    if (count === 0 && !call.isNull(argument)) out.text('[]');
    else if (head === undefined || head.length === 0) address(out, call, argument, options);
    else out.text(vectors(captures, count, content, vectorOptions(call, options)));
  };

/** Words of a struct msghdr. */
const MSGHDR_WORDS = 7;

export const message =
  (phase: Phase): ArgumentFormat =>
  (out, call, argument, options) => {
    const before = phase === 'entry' ? undefined : call.capture(argument, 'entry');
    const sizes = vectorOptions(call, options);
    const size = MSGHDR_WORDS * sizes.word;
    if (phase === 'exit' && call.failed) {
      if (before?.length === size) out.text(messageRoom(before, sizes.word));
      else address(out, call, argument, options);
      return;
    }
    const captures = call.captures(argument, phase);
    if ((captures[0]?.length ?? 0) < size) address(out, call, argument, options);
    else out.text(messageHeader(captures, before, phase === 'entry' ? 'given' : 'filled', sizes));
  };

/** Several messages: each with how much of it was sent or received, where the call did something. */
export const messageArray =
  ({ pointee }: Argument): ArgumentFormat =>
  (out, call, argument, options) => {
    const receives = pointee?.direction === 'out';
    const captures = receives && call.failed ? [] : call.captures(argument, call.failed ? 'entry' : 'exit');
    const sizes = vectorOptions(call, options);
    const size = MSGHDR_WORDS * sizes.word;
    const all = captures.flatMap(({ kind }, i) => (kind === CAPTURE_KIND.mmsghdr ? [i] : []));
    const absent = all.findIndex((at) => captures[at]!.length < size + 4);
    const heads = absent < 0 ? all : all.slice(0, absent);
    if (heads.length === 0) {
      address(out, call, argument, options);
      return;
    }
    const shown = call.failed ? heads.length : Math.min(heads.length, call.result);
    out.byte(0x5b);
    for (const [i, at] of heads.slice(0, shown).entries()) {
      if (i > 0) out.text(', ');
      const own = captures.slice(at, heads[i + 1] ?? captures.length);
      out.text(`{msg_hdr=${messageHeader(own, undefined, receives ? 'filled' : 'given', sizes)}`);
      const lengthAt = own[0]!.start + size;
      if (!call.failed) out.text(`, msg_len=${own[0]!.view.getUint32(lengthAt, true)}`);
      out.byte(0x7d);
    }
    if (absent > 0 && absent <= shown) out.text(`, ... /* 0x${captures[all[absent]!]!.address.toString(16)} */`);
    out.byte(0x5d);
  };
