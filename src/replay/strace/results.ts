import type { Syscall } from '../../guest/linux/signature.ts';
import { STRUCTS } from '../../guest/linux/tables/structs.ts';
import { NT_STATUS } from '../../guest/nt/tables/status.ts';
import type { Call } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import { descriptorSet } from './arguments.ts';
import { enumName, enumOrHex, flagNames, priorityText, signalName } from './flags.ts';
import type { FormatOptions } from './format.ts';
import { fcntlResult, personality } from './special.ts';
import { dateOf } from './struct-parts.ts';
import { oneStruct } from './structs.ts';

/** Shows the value that a call returned. */
export type ResultFormat = (out: TextBuffer, call: Call, options: FormatOptions) => void;

const signed: ResultFormat = (out, call) => out.signed64(call.result, call.resultHigh);
const hex: ResultFormat = (out, call) => out.hex64(call.result, call.resultHigh);
/** With LANDLOCK_CREATE_RULESET_VERSION the result is a number. */
const ruleset: ResultFormat = (out, call, options) => (call.low(2) === 0 ? descriptor : signed)(out, call, options);

const descriptor: ResultFormat = (out, call, options) => options.descriptor(out, call.result | 0);

const F = { dupfd: 0, dupfdCloexec: 1030 } as const;

const fcntl: ResultFormat = (out, call, options) => {
  const command = call.low(1);
  const special = fcntlResult(call);
  if (command === F.dupfd || command === F.dupfdCloexec) descriptor(out, call, options);
  else if (special !== undefined) out.text(special);
  else signed(out, call, options);
};

const poll: ResultFormat = (out, call, { stringLimit, verbose }) => {
  if (call.result === 0) {
    out.text('0 (Timeout)');
    return;
  }
  out.decimal(call.result);
  const capture = call.capture(0, 'exit');
  if (capture === undefined) return;
  const { view, start, length } = capture;
  let lead = ' ([';
  let shown = 0;
  for (let at = start; at + 8 <= start + length; at += 8) {
    const events = view.getUint16(at + 6, true);
    if (events === 0) continue;
    if (!verbose && shown++ === stringLimit) {
      out.text(`${lead}...`);
      lead = ', ';
      break;
    }
    out.text(`${lead}{fd=${view.getInt32(at, true)}, revents=${flagNames('poll', events)}}`);
    lead = ', ';
  }
  out.text(lead === ', ' ? ']' : ' ([]');
  if (call.name !== 'poll') timeLeft(out, call, 2);
  out.byte(0x29);
};

const NO_OPTIONS = { stringLimit: 32, verbose: false } as const;

/** Time that ppoll, pselect6 and select leave in their timeout. */
function timeLeft(out: TextBuffer, call: Call, argument: number): void {
  const capture = call.capture(argument, 'exit');
  const struct = call.syscall?.arguments[argument]?.pointee?.struct;
  if (struct === undefined || capture === undefined || capture.length < STRUCTS[struct]!.size) return;
  out.text(', left ');
  oneStruct(struct)(out, capture, NO_OPTIONS);
}

const select: ResultFormat = (out, call) => {
  if (call.result === 0) {
    out.text('0 (Timeout)');
    return;
  }
  const parts = (['in', 'out', 'except'] as const).flatMap((name, i) => {
    const capture = call.capture(i + 1, 'exit');
    const members = capture === undefined ? '[]' : descriptorSet(capture.bytes, call.low(0), NO_OPTIONS);
    return members === '[]' ? [] : [`${name} ${members}`];
  });
  out.text(`${call.result} (${parts.join(', ')}`);
  timeLeft(out, call, 4);
  out.byte(0x29);
};

/** A signal that was waited for. */
const taken: ResultFormat = (out, call, options) => {
  signed(out, call, options);
  if (call.result > 0) out.text(` (${signalName(call.result)})`);
};

const domain: ResultFormat = (out, { result }) =>
  out.text(result === 0 ? '0 (PER_LINUX)' : `0x${result.toString(16)} (${personality(result)})`);

const policy: ResultFormat = (out, { result }) => {
  const name = enumName('sched', result);
  out.text(name === undefined ? String(result) : `${result} (${name})`);
};

const NS_GET_NSTYPE = 0xb703;

const prctl: ResultFormat = (out, call, options) => {
  if (enumName('prctl', call.low(0)) === 'PR_GET_SECUREBITS' && call.result !== 0) {
    return out.text(`0x${call.result.toString(16)} (${flagNames('secureBits', call.result)})`);
  }
  signed(out, call, options);
  const { result } = call;
  switch (enumName('prctl', call.low(0))) {
    case 'PR_GET_DUMPABLE':
      return out.text(` (${enumOrHex('dumpable', result)})`);
    case 'PR_GET_SPECULATION_CTRL':
      return out.text(` (${result === 0 ? 'PR_SPEC_NOT_AFFECTED' : flagNames('speculationState', result)})`);
    case 'PR_MCE_KILL_GET':
      return out.text(` (${enumOrHex('machineCheck', result)})`);
  }
};

/** Of /proc's namespace files: which kind they are. */
const ioctl: ResultFormat = (out, call, options) => {
  signed(out, call, options);
  if (call.low(1) === NS_GET_NSTYPE) out.text(` (${flagNames('namespaces', call.result)})`);
};

/** A u32 that the kernel wrote for an argument. */
function written(call: Call, argument: number): number | undefined {
  const capture = call.capture(argument, 'exit');
  return capture === undefined || capture.length < 4 ? undefined : capture.view.getUint32(capture.start, true);
}

/** Which descriptor set_thread_area has taken, where the program left it to the kernel. */
const entryNumber: ResultFormat = (out, call, options) => {
  const number = written(call, 0);
  if (number === undefined) signed(out, call, options);
  else out.text(`0 (entry_number=${number})`);
};

/** Where ipc has attached shared memory: its result is in memory, as shmat's own is where that is called. */
const attachedAt: ResultFormat = (out, call, options) => {
  const address = call.syscall?.abi === 'multiplexed' ? written(call, 3) : undefined;
  if (address === undefined) RESULTS.kinds[call.syscall!.result](out, call, options);
  else out.hex64(address, 0);
};

/** What MEMBARRIER_CMD_QUERY answers. */
const barriers: ResultFormat = (out, call, options) => {
  if (call.low(0) !== 0 || call.result === 0) signed(out, call, options);
  else out.text(`0x${call.result.toString(16)} (${flagNames('membarriers', call.result)})`);
};

const seconds: ResultFormat = (out, call, options) => {
  signed(out, call, options);
  const date = dateOf(call.result + call.resultHigh * 2 ** 32, 0);
  if (date !== undefined) out.text(` (${date})`);
};

/** How much of its timeout recvmmsg leaves. */
const messages: ResultFormat = (out, call, options) => {
  const capture = call.capture(4, 'exit');
  signed(out, call, options);
  const struct = call.syscall?.arguments[4]?.pointee?.struct;
  if (struct === undefined || capture === undefined || capture.length < STRUCTS[struct]!.size) return;
  if (call.result === 0) out.text(' (Timeout)');
  else {
    out.text(' (left ');
    oneStruct(struct)(out, capture, NO_OPTIONS);
    out.byte(0x29);
  }
};

const priority: ResultFormat = (out, { result }) => out.text(`${result} (${priorityText(result)})`);

const clockState: ResultFormat = (out, { result }) => out.text(`${result} (${enumOrHex('adjtimeState', result)})`);

const status: ResultFormat = (out, { result }) => {
  out.hex64(result, 0);
  const name = NT_STATUS.get(result);
  if (name !== undefined) out.text(` (${name})`);
};

interface Results {
  /** By the name of the call. */
  readonly named: Readonly<Record<string, ResultFormat>>;
  /** By what the table says of the result. */
  readonly kinds: Readonly<Record<Syscall['result'], ResultFormat>>;
}

export const RESULTS: Results = {
  named: {
    fcntl,
    fcntl64: fcntl,
    poll,
    ppoll: poll,
    ppoll_time64: poll,
    select,
    _newselect: select,
    pselect6: select,
    pselect6_time64: select,
    mmap: hex,
    mmap2: hex,
    set_thread_area: entryNumber,
    shmat: attachedAt,
    rt_sigtimedwait: taken,
    personality: domain,
    sched_getscheduler: policy,
    prctl,
    ioctl,
    landlock_create_ruleset: ruleset,
    membarrier: barriers,
    time: seconds,
    recvmmsg: messages,
    recvmmsg_time64: messages,
    ioprio_get: priority,
    adjtimex: clockState,
    clock_adjtime: clockState,
    clock_adjtime64: clockState,
  },
  kinds: {
    ptr: (out, call) => out.pointer(call.result, call.resultHigh),
    hex,
    oct: (out, call) => out.octal(call.result),
    fd: descriptor,
    int: signed,
    none: signed,
    uid: signed,
    pid: signed,
    long: signed,
    ntstatus: status,
  },
};
