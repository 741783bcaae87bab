/** Verbs that ask what happened to memory: `writes`, `last-writer`, `page`, `diff`. */
import { Command, Option } from 'commander';
import { UsageError, UserError } from '../../emu/errors.ts';
import { ClosedPipe, TextOutput } from '../../replay/output.ts';
import { printable } from '../../replay/printable.ts';
import { parseMoment } from '../../replay/window.ts';
import { TraceModel } from '../model/trace-model.ts';
import { type TableColumn, TableWriter } from '../query/table-writer.ts';
import { type Contents, contentsAt } from './contents.ts';
import { differingLines, hexLines } from './hex-lines.ts';
import { lastWrite, type WriteWithPast } from './last-write.ts';
import { changeText, PageChanges } from './page-changes.ts';
import { type AddressRange, isWatch, type MemoryPlace, pageOf, parsePlace, placeText } from './place.ts';
import { blindSpots, type EventRange, type PlacedWrite, unwatched, WHOLE_TRACE, writesTo } from './write-history.ts';

interface Flags {
  readonly page?: string;
  readonly addr?: string;
  readonly symbol?: string;
  readonly range?: string;
  readonly task?: string;
  readonly from?: string;
  readonly to?: string;
  readonly at?: string;
  readonly format: 'table' | 'jsonl';
}

const MOMENT = 'an instruction count, a time (1.25s) or an event (#1234)';
const ADDRESS = 'a virtual address, virt:PID:ADDRESS or phys:ADDRESS, with +BYTES for more than one';
const format = (): Option =>
  new Option('--format <format>', 'how it is written').choices(['table', 'jsonl']).default('table');

/** They throw UserError. */
export function historyCommands(): Command[] {
  return [writesCommand(), lastWriterCommand(), pageCommand(), diffCommand()];
}

function writesCommand(): Command {
  return new Command('writes')
    .description('recorded writes to memory: who, when, from where, what was there and what is')
    .argument('<file>', 'the trace')
    .option('--page <address>', 'to the page that an address is in')
    .option('--addr <address>', `to ${ADDRESS}`)
    .option('--range <address+bytes>', 'to a range')
    .option('--symbol <name>', 'to what was watched by this name, or a symbol of the kernel that the trace knows')
    .option('--task <pid>', 'by this process or thread')
    .option('--from <t>', `from here: ${MOMENT}`)
    .option('--to <t>', 'up to here')
    .addOption(format())
    .action((file: string, flags: Flags) => withModel(file, (model) => showWrites(model, flags)));
}

function lastWriterCommand(): Command {
  return new Command('last-writer')
    .description('the recorded write that gave memory what it held at a moment')
    .argument('<file>', 'the trace')
    .argument('<address>', ADDRESS)
    .option('--at <t>', `the moment: ${MOMENT}; the end by default`)
    .addOption(format())
    .action((file: string, address: string, flags: Flags) =>
      withModel(file, (model) => showLastWriter(model, parsePlace(address, 'ADDRESS'), flags)),
    );
}

function pageCommand(): Command {
  return new Command('page')
    .description('what a page of memory held at a moment, in hexadecimal and as text')
    .argument('<file>', 'the trace')
    .argument('<address>', ADDRESS)
    .option('--at <t>', `the moment: ${MOMENT}; the end by default`)
    .action((file: string, address: string, flags: Flags) =>
      withModel(file, (model, output) => showPage(model, parsePlace(address, 'ADDRESS'), flags, output)),
    );
}

function diffCommand(): Command {
  return new Command('diff')
    .description('what changed in a page of memory from one moment to another')
    .argument('<file>', 'the trace')
    .argument('<address>', ADDRESS)
    .option('--from <t>', `the earlier moment: ${MOMENT}; the start by default`)
    .option('--to <t>', 'the later one; the end by default')
    .action((file: string, address: string, flags: Flags) =>
      withModel(file, (model, output) => showDifference(model, parsePlace(address, 'ADDRESS'), flags, output)),
    );
}

function withModel(file: string, work: (model: TraceModel, output: TextOutput) => void): void {
  const model = TraceModel.open(file);
  try {
    const reason = unwatched(model);
    if (reason !== undefined) throw new UserError(reason);
    const output = new TextOutput();
    work(model, output);
    output.close();
  } catch (error) {
    if (!(error instanceof ClosedPipe)) throw error;
  } finally {
    for (const { message } of model.reader.findings) {
      process.stderr.write(`trapline: ${file}: ${message}\n`);
      process.exitCode = 1;
    }
    model.close();
  }
}

const note = (text: string): void => void process.stderr.write(`trapline: ${text}\n`);

/** The place that one of the flags names. */
function placeOf({ names }: TraceModel, { page, addr, symbol, range }: Flags): MemoryPlace {
  const given = [page, addr, symbol, range].filter((each) => each !== undefined);
  if (given.length !== 1) throw new UsageError('writes wants one of --page, --addr, --range and --symbol');
  if (symbol !== undefined) {
    const known = names.symbols.named(symbol);
    if (known === undefined && !names.watches.some((watch) => isWatch(symbol, watch))) {
      throw new UserError(
        `--symbol ${printable(symbol)}: nothing was watched by this name, and the trace knows no symbol of the kernel that is called so`,
      );
    }
    if (known === undefined) return { space: 'watch', name: symbol };
    return { space: 'watch', name: symbol, address: known.start, length: known.size };
  }
  if (page !== undefined) return pageOf(parsePlace(page, '--page'));
  return addr === undefined ? parsePlace(range!, '--range') : parsePlace(addr, '--addr');
}

/** Events between two moments; one at the moment itself is in. */
function rangeOf(model: TraceModel, { from, to }: Flags): EventRange {
  return {
    from: from === undefined ? 0 : model.eventAt(parseMoment(from, '--from')),
    to: to === undefined ? Infinity : lastEventAt(model, to, '--to'),
  };
}

/** The last event that has happened at a moment. */
function lastEventAt(model: TraceModel, text: string, flag: string): number {
  const moment = parseMoment(text, flag);
  return moment.by === 'event' ? moment.value : model.eventAt({ ...moment, value: moment.value + 1 }) - 1;
}

const COLUMNS: readonly TableColumn[] = [
  { name: 'event', right: true },
  { name: 'time_s', right: true },
  { name: 'pid', right: true },
  { name: 'comm', right: false },
  { name: 'by', right: false },
  { name: 'rip', right: false },
  { name: 'symbol', right: false },
  { name: 'address', right: false },
  { name: 'physical', right: false },
  { name: 'size', right: true },
  { name: 'change', right: false },
];

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** A number as it stands in little-endian memory; wider things as bytes. */
function valueText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('hex');
  if (bytes.length > 8) return `<${text}>`;
  return hex(BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`));
}

type Naming = (address: bigint | undefined) => string | null;

const nameIn =
  (model: TraceModel, { event, identity }: PlacedWrite): Naming =>
  (address) =>
    (address === undefined ? undefined : model.addresses.nameOf(address, identity?.tgid, event)) ?? null;

function rowOf({ placed, past }: WriteWithPast, name: Naming): (string | null)[] {
  const { event, time, identity, write } = placed;
  const { before, after, instruction, linear } = write;
  const change =
    before === undefined || after === undefined
      ? changeText(write, past)
      : `${valueText(before)} -> ${valueText(after)}`;
  return [
    String(event),
    (time / 1e9).toFixed(6),
    identity === undefined ? null : String(identity.tgid),
    identity?.comm ?? null,
    write.source,
    instruction === undefined ? null : hex(instruction),
    name(instruction),
    linear === undefined ? null : hex(linear),
    hex(write.physical),
    String(write.size),
    change,
  ];
}

function showRows(model: TraceModel, writes: Iterable<WriteWithPast>, { format: form }: Flags): number {
  const output = new TextOutput();
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  const table = new TableWriter(COLUMNS, width, (line) => output.write(line));
  let count = 0;
  for (const each of writes) {
    const { placed } = each;
    const row = rowOf(each, nameIn(model, placed));
    if (form === 'table') table.row(row);
    else {
      const { linear } = placed.write;
      const fields = Object.fromEntries(COLUMNS.map(({ name }, i) => [name, row[i]]));
      output.write(`${JSON.stringify({ ...fields, address_symbol: nameIn(model, placed)(linear) })}\n`);
    }
    count++;
  }
  if (form === 'table' && count > 0) table.end();
  output.close();
  return count;
}

function showWrites(model: TraceModel, flags: Flags): void {
  const place = placeOf(model, flags);
  const task = flags.task === undefined ? undefined : wholeNumber(flags.task, '--task');
  const wanted = ({ identity }: PlacedWrite): boolean =>
    task === undefined || identity?.pid === task || identity?.tgid === task;
  const shown = showRows(model, withPast(writesTo(model, place, rangeOf(model, flags)), wanted), flags);
  if (shown === 0) note(`no write to ${printable(placeText(place))} was recorded; ${blindSpots(model, place)}`);
}

/** What a page held before a write that is shown may stand in one that is not. */
function* withPast(writes: Iterable<PlacedWrite>, wanted: (write: PlacedWrite) => boolean): Generator<WriteWithPast> {
  const changes = new PageChanges();
  for (const placed of writes) {
    const past = changes.note(placed.write);
    if (wanted(placed)) yield { placed, past };
  }
}

function wholeNumber(text: string, flag: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${flag} ${text}: a whole number is wanted`);
  return Number(text);
}

function showLastWriter(model: TraceModel, place: MemoryPlace, flags: Flags): void {
  const to = flags.at === undefined ? Infinity : lastEventAt(model, flags.at, '--at');
  const length = 'length' in place && place.length !== undefined ? Number(place.length) : undefined;
  const last = lastWrite(writesTo(model, place, { from: 0, to }), length, new PageChanges());
  if (last === undefined) {
    throw new UserError(`no write to ${placeText(place)} until then was recorded; ${blindSpots(model, place)}`);
  }
  showRows(model, [last], flags);
  if (last.placed.write.kind !== 'write') {
    note(
      'whole pages are recorded: somebody wrote to this one in the time up to that event; --watch tells which instruction',
    );
  }
}

function pagePlace(place: AddressRange): {
  readonly page: AddressRange;
  readonly address: bigint;
  readonly length: number;
} {
  const page = place.length > 1n ? place : pageOf(place);
  if (page.length > LONGEST) throw new UsageError(`+${page.length}: at most ${LONGEST} bytes are shown at once`);
  return { page, address: page.address, length: Number(page.length) };
}

/** Bytes that one question may be about. */
const LONGEST = 1n << 20n;

function explainContents(model: TraceModel, place: MemoryPlace, { known, last, staleUntil }: Contents): void {
  const missing = known.reduce((count, each) => count + (each === 1 ? 0 : 1), 0);
  if (last !== undefined) note(`as of event #${last.event}`);
  if (staleUntil !== undefined) {
    note(`it changed again before event #${staleUntil.event}: whether before or behind this moment is not recorded`);
  }
  if (missing > 0) note(`${missing} of ${known.length} bytes are not known; ${blindSpots(model, place)}`);
}

function knownContents(model: TraceModel, place: MemoryPlace, length: number, at: number): Contents {
  const contents = contentsAt(model, place, length, at);
  if (!contents.known.includes(1)) {
    throw new UserError(`what ${placeText(place)} held then was not recorded; ${blindSpots(model, place)}`);
  }
  return contents;
}

function showPage(model: TraceModel, place: AddressRange, { at }: Flags, output: TextOutput): void {
  const { page, address, length } = pagePlace(place);
  const event = at === undefined ? WHOLE_TRACE.to : lastEventAt(model, at, '--at');
  const contents = knownContents(model, page, length, event);
  for (const line of hexLines(contents, address)) output.write(`${line}\n`);
  output.flush();
  explainContents(model, page, contents);
}

function showDifference(model: TraceModel, place: AddressRange, { from, to }: Flags, output: TextOutput): void {
  const { page, address, length } = pagePlace(place);
  const before = contentsAt(model, page, length, from === undefined ? -1 : lastEventAt(model, from, '--from'));
  const after = knownContents(model, page, length, to === undefined ? WHOLE_TRACE.to : lastEventAt(model, to, '--to'));
  for (const line of differingLines(before, after, address)) output.write(`${line}\n`);
  output.flush();
  explainContents(model, page, after);
}
