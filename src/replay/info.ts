/** What a trace is, in a page for people. */
import { EVENT_KIND } from '../trace/event.ts';
import { FRAME_HEADER_BYTES, FRAME_KIND } from '../trace/frame.ts';
import { namedRanges } from '../trace/kernel-symbols.ts';
import { printable } from './printable.ts';
import type { TraceReader } from './reader.ts';

const KIND_NAMES: ReadonlyMap<number, string> = new Map([
  [EVENT_KIND.callEntry, 'call entries'],
  [EVENT_KIND.callReturn, 'call returns'],
  [EVENT_KIND.task, 'task changes'],
  [EVENT_KIND.cr3Load, 'CR3 loads'],
  [EVENT_KIND.exit, 'exits'],
  [EVENT_KIND.pages, 'dirtied pages'],
]);

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const count = (n: number) => n.toLocaleString('en-US');

function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}

function size(bytes: number): string {
  if (bytes < 1024) return plural(bytes, 'byte');
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[power - 1]}`;
}

/** An argument as one would type it in a shell. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

type Line = readonly [label: string, text: string];

function guestLines({ header }: TraceReader): Line[] {
  const kernel = [header.kernelRelease, header.kernelName && `(${header.kernelName})`].filter(Boolean).join(' ');
  const guest = [header.memory > 0 ? size(header.memory) : '', header.cpuVendor].filter(Boolean).join(', ');
  const start = header.guestStart > 0 ? new Date(header.guestStart * 1000).toISOString() : '';
  return [
    ['command', header.command.map(quoted).join(' ')],
    ['folder', header.workingDirectory],
    ['kernel', kernel],
    ['', header.kernelSha256.length > 0 ? `sha256 ${hex(header.kernelSha256)}` : ''],
    ['options', header.kernelCommandLine],
    ['initrd', header.initrdSha256.length > 0 ? `sha256 ${hex(header.initrdSha256)}` : ''],
    ['guest', guest],
    ['clock', start && `${start} at reset`],
    ['traps', header.traps.join(' ')],
    ['shares', header.shares.join(' ')],
    ...Object.entries(header.settings).map(([name, value]): Line => [name, value]),
  ];
}

function eventLines(reader: TraceReader): Line[] {
  const kinds = new Map<number, number>();
  const tasks = new Set<bigint>();
  const calls = new Set<number>();
  let events = 0;
  let bytes = 0;
  for (const { summary, bytes: taken, calls: told } of reader.index) {
    for (const [kind, n] of summary.kinds) kinds.set(kind, (kinds.get(kind) ?? 0) + n);
    for (const task of summary.tasks) if (task !== 0n) tasks.add(task);
    for (const call of summary.calls) calls.add(call);
    events += summary.count;
    bytes += taken + (told === undefined ? 0 : FRAME_HEADER_BYTES + reader.frames[told.frame]!.length);
  }
  const byKind = [...kinds].map(([kind, n]) => `${count(n)} ${KIND_NAMES.get(kind) ?? `of kind ${kind}`}`);
  const entries = kinds.get(EVENT_KIND.callEntry) ?? 0;
  const each = entries > 0 ? `, ${(bytes / entries).toFixed(1)} bytes each with all they captured` : '';
  return [
    ['events', [count(events), byKind.join(', ')].filter(Boolean).join(': ')],
    ['calls', entries > 0 ? `${count(entries)} of ${plural(calls.size, 'kind')}${each}` : ''],
    ['tasks', tasks.size > 0 ? count(tasks.size) : ''],
  ];
}

function frameLines(reader: TraceReader): Line[] {
  const frames = (kind: number) => reader.frames.filter((frame) => frame.kind === kind).length;
  const other = (['snapshot', 'inputs', 'checkpoint', 'profile'] as const)
    .map((name) => ({ name, n: frames(FRAME_KIND[name]) }))
    .filter(({ n }) => n > 0)
    .map(({ name, n }) => `${count(n)} ${name}`);
  return [['frames', [`${plural(reader.index.length, 'chunk')} of events`, ...other].join(', ')]];
}

const CALLS = ['syscall', 'int', 'sysenter', 'file-events'];

/** A recording that was killed could not ask the kernel for names any more. */
function nameLines({ profile, end, header }: TraceReader): Line[] {
  const found = namedRanges(profile);
  if (found === undefined) {
    const lacking = end === undefined && header.traps.some((name) => !CALLS.includes(name));
    return [['names', lacking ? 'none of kernel addresses: they are looked up when a recording ends' : '']];
  }
  const { ranges, unnamed } = found;
  const without = unnamed === 0 ? '' : `; ${plural(unnamed, 'kernel instruction')} without a name`;
  return [['names', `${plural(ranges.length, 'kernel symbol')}${without}`]];
}

function endLines(reader: TraceReader): Line[] {
  const { end } = reader;
  if (end === undefined) return [];
  const after =
    end.instructions > 0 ? ` after ${count(end.instructions)} instructions, ${(end.time / 1e9).toFixed(3)} s` : '';
  const totals = Object.entries(end.totals).map(([name, value]): Line => [name, count(value)]);
  return [
    ['ended', `exit status ${end.exitStatus}, ${end.reason}${after}`],
    ['', end.message],
    ['state', end.stateSha256.length > 0 ? `sha256 ${hex(end.stateSha256)}` : ''],
    ['lost', `${plural(end.lost, 'event')}; ${plural(end.unattributed, 'event')} without a known task`],
    ...totals,
  ];
}

/** Lines of text. All checksums and hashes are checked; that the content makes sense is for `verify`. */
export function describeTrace(reader: TraceReader): string[] {
  reader.checkUnread();
  const { version, header, findings } = reader;
  const whole = findings.length === 0;
  const lines: Line[] = [
    ['file', `${reader.path}, ${size(reader.size)}, trace format ${version.major}.${version.minor}`],
    ['written by', header.program],
    ...guestLines(reader),
    ...eventLines(reader),
    ...frameLines(reader),
    ...nameLines(reader),
    ...endLines(reader),
    ['note', header.hostNote],
    ['whole', whole ? 'yes' : 'no'],
    ...findings.map(({ message }): Line => ['', message]),
    ['seal', reader.seal()],
  ];
  const shown = lines.filter(([, text]) => text !== '');
  const width = Math.max(...shown.map(([label]) => label.length)) + 2;
  return shown.map(([label, text]) => label.padEnd(width) + printable(text));
}
