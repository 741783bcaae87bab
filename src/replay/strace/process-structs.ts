/** Structs of signals, processes and the system; a view starts where its struct does. */
import { flagNames, signalName } from './flags.ts';
import {
  actionText,
  handlerText,
  hexOrZero,
  high,
  low,
  RUSAGE_REST,
  type StructOptions,
  sigeventText,
  siginfoText,
  signed,
  unsigned,
} from './struct-parts.ts';
import { hex64, pointer } from './values.ts';

export function sigaction(view: DataView): string {
  const handler = handlerText(low(view, 0), high(view, 0));
  const restorer = pointer(low(view, 16), high(view, 16));
  return actionText(handler, [low(view, 24), high(view, 24)], [low(view, 8), high(view, 8)], restorer);
}

const RUSAGE_TIMES: readonly (readonly [offset: number, name: string])[] = [[0, 'ru_utime'], [16, 'ru_stime']]; // biome-ignore format: one row

export function rusage(view: DataView, options: StructOptions): string {
  const times = RUSAGE_TIMES.map(
    ([at, name]) => `${name}={tv_sec=${signed(view, at)}, tv_usec=${signed(view, at + 8)}}`,
  );
  if (!options.verbose) return `{${times.join(', ')}, ...}`;
  return `{${[...times, ...RUSAGE_REST.map((name, i) => `${name}=${signed(view, 32 + 8 * i)}`)].join(', ')}}`;
}

/** A wait status as the macros take it apart. */
export function waitStatus(status: number): string {
  const signal = status & 0x7f;
  if (signal === 0) return `{WIFEXITED(s) && WEXITSTATUS(s) == ${(status >> 8) & 0xff}}`;
  if (status === 0xffff) return '{WIFCONTINUED(s)}';
  if (signal === 0x7f) return `{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName((status >> 8) & 0xff)}}`;
  const core = (status & 0x80) === 0 ? '' : ' && WCOREDUMP(s)';
  return `{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(signal)}${core}}`;
}

/** What follows its first three words is aligned to 8 bytes. */
export function siginfo(view: DataView): string {
  return siginfoText(view, {
    at: 16,
    valueAt: 24,
    pointerAt: (at) => pointer(low(view, at), high(view, at)),
    times: [unsigned(view, 32), unsigned(view, 40)],
  });
}

export function sysinfo(view: DataView): string {
  const loads = [8, 16, 24].map((at) => unsigned(view, at)).join(', ');
  const names = 'totalram freeram sharedram bufferram totalswap freeswap'.split(' ');
  const memory = names.map((name, i) => `${name}=${unsigned(view, 32 + 8 * i)}`).join(', ');
  return (
    `{uptime=${signed(view, 0)}, loads=[${loads}], ${memory}, procs=${view.getUint16(80, true)}, ` +
    `totalhigh=${unsigned(view, 88)}, freehigh=${unsigned(view, 96)}, mem_unit=${low(view, 104)}}`
  );
}

export function stack(view: DataView): string {
  return `{ss_sp=${pointer(low(view, 0), high(view, 0))}, ss_flags=${flagNames('sigaltstack', low(view, 8))}, ss_size=${unsigned(view, 16)}}`;
}

export const sigevent = (view: DataView): string =>
  sigeventText({
    kind: low(view, 12),
    signal: low(view, 8),
    value: pointer(low(view, 0), high(view, 0)),
    number: view.getInt32(0, true),
    thread: view.getInt32(16, true),
    start: pointer(low(view, 16), high(view, 16)),
    attributes: pointer(low(view, 24), high(view, 24)),
  });

/** Names of capabilities by number, without CAP_. */
export const CAPABILITIES: readonly string[] =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'.split(
    ' ',
  );

/** Two halves of capability words together: struct __user_cap_data_struct[2]. */
export function capabilities(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const words = (field: number): string => {
    const names: string[] = [];
    for (let bit = 0; bit < 64; bit++) {
      const at = (bit >> 5) * 12 + field * 4;
      if (at + 4 <= bytes.length && (low(view, at) >>> (bit & 31)) & 1) {
        const known = CAPABILITIES[bit];
        names.push(known === undefined ? `1<<${bit}` : `1<<CAP_${known}`);
      }
    }
    return names.length === 0 ? '0' : names.join('|');
  };
  return `{effective=${words(0)}, permitted=${words(1)}, inheritable=${words(2)}}`;
}

/** CLONE_INTO_CGROUP, in the high half of the flags. */
const CLONE_INTO_CGROUP_HIGH = 2;

/** The numbers that clone3 is to give, where as many as it says could be read. */
function threadNumbers(view: DataView, numbers: Uint8Array, count: number): string {
  if (count === 0 || 4 * count > numbers.length) return pointer(low(view, 64), high(view, 64));
  const words = new DataView(numbers.buffer, numbers.byteOffset, numbers.length);
  return `[${Array.from({ length: count }, (_, i) => words.getInt32(4 * i, true)).join(', ')}]`;
}

/** clone3's struct clone_args, as much of it as was given. `threadArea`: the segment descriptor that a 32-bit program gives. */
export function cloneArguments(bytes: Uint8Array, threadArea: string | undefined, numbers: Uint8Array): string {
  const padded = new Uint8Array(88);
  padded.set(bytes.subarray(0, 88));
  const view = new DataView(padded.buffer);
  const flags = low(view, 0);
  const parts = [`flags=${flagNames('clone', flags, high(view, 0))}`];
  const address = (name: string, at: number): void => {
    if (low(view, at) !== 0 || high(view, at) !== 0) parts.push(`${name}=${hex64(low(view, at), high(view, at))}`);
  };
  if ((flags & 0x1000) !== 0) address('pidfd', 8);
  if ((flags & 0x0120_0000) !== 0) address('child_tid', 16);
  if ((flags & 0x0010_0000) !== 0) address('parent_tid', 24);
  parts.push(`exit_signal=${low(view, 32) === 0 ? '0' : signalName(low(view, 32))}`);
  parts.push(`stack=${pointer(low(view, 40), high(view, 40))}`, `stack_size=${hexOrZero(low(view, 48))}`);
  if ((flags & 0x0008_0000) !== 0) {
    if (threadArea === undefined) address('tls', 56);
    else parts.push(`tls=${threadArea}`);
  }
  const count = low(view, 72);
  if (low(view, 64) !== 0 || high(view, 64) !== 0 || count !== 0) {
    parts.push(`set_tid=${threadNumbers(view, numbers, count)}`, `set_tid_size=${count}`);
  }
  if ((high(view, 0) & CLONE_INTO_CGROUP_HIGH) !== 0) parts.push(`cgroup=${low(view, 80)}`);
  return `{${parts.join(', ')}}`;
}
