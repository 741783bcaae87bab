import { Command, Option } from 'commander';
import { UsageError } from '../emu/errors.ts';
import { type CallFilter, parseFilter } from './call-filter.ts';
import { callColumns } from './calls.ts';
import type { Descriptors } from './descriptors.ts';
import { ClosedPipe, openOutput, type TextOutput } from './output.ts';
import { TraceReader } from './reader.ts';
import { type CallSink, Reconstruction } from './reconstruction.ts';
import { RowWriter } from './rows.ts';
import { StraceWriter } from './strace/writer.ts';
import { SummaryWriter } from './summary.ts';
import { TRAP_NAMES } from './traps/description.ts';
import { trapNames } from './traps/names.ts';
import { withTrapColumns } from './traps/trap.ts';
import { parseMoment, type Window, windowPredicate } from './window.ts';

interface ReplayFlags {
  readonly pid?: string[];
  readonly expression?: string[];
  readonly summary?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly format: 'strace' | 'jsonl' | 'csv';
  readonly paths?: boolean;
  readonly durations?: boolean;
  readonly verbose?: boolean;
  readonly strings: string;
  readonly timestamps?: boolean;
  readonly relative?: boolean;
  readonly all?: boolean;
  readonly output?: string;
}

const collect = (value: string, before: string[] = []): string[] => [...before, value];

/** `replay FILE`: the recorded calls as strace shows them, as JSON lines or as CSV. Throws UserError. */
export function replayCommand(): Command {
  return new Command('replay')
    .description("show a trace's system calls as strace -f would, and what else was trapped")
    .argument('<file>', 'the trace')
    .option('-p, --pid <pid>', 'only this process or thread (repeatable)', collect)
    .option(
      '-e, --expression <expr>',
      'trace=NAMES or %CLASS, status=failed, signal=none, trap=NAMES (repeatable)',
      collect,
    )
    .option('-c, --summary', 'a table of calls, errors and times, and one of other traps, instead of each')
    .option('--from <t>', 'from here: an instruction count, a time (1.25s) or an event (#1234)')
    .option('--to <t>', 'up to here')
    .addOption(
      new Option('--format <format>', 'how calls are written').choices(['strace', 'jsonl', 'csv']).default('strace'),
    )
    .option('-y, --paths', 'show what descriptors mean')
    .option('-T, --durations', 'show the time spent in each call')
    .option(
      '-t, --timestamps',
      'show when each call began, in virtual seconds since power-on (-tt and -ttt are the same)',
    )
    .option('-r, --relative', 'show the time since the line before')
    .option('-v, --verbose', 'structs, argv and environment in full')
    .option('-s, --strings <n>', 'show so many bytes of strings', '32')
    .option('-f', 'accepted: all processes are always followed')
    .option('--all', 'the whole guest, not only the recorded command and what it started')
    .option('-o, --output <file>', 'write there instead of to standard output')
    .action(replay);
}

function replay(file: string, flags: ReplayFlags): void {
  const filter = parseFilter(flags.expression ?? []);
  const stringLimit = wholeNumber(flags.strings, '-s');
  const window: Window = {
    ...(flags.from === undefined ? {} : { from: parseMoment(flags.from, '--from') }),
    ...(flags.to === undefined ? {} : { to: parseMoment(flags.to, '--to') }),
  };
  const reader = TraceReader.open(file);
  try {
    const pids =
      flags.pid === undefined
        ? undefined
        : new Set(flags.pid.flatMap((text) => text.split(',')).map((text) => wholeNumber(text, '-p')));
    const output = openOutput(flags.output);
    try {
      const traps = showsTraps(filter, flags);
      const reconstruction = new Reconstruction(
        {
          commandOnly: flags.all !== true && reader.header.command.length > 0,
          recorded: reader.header.traps,
          profile: reader.profile,
          descriptors: flags.paths === true,
          addresses: traps && flags.summary !== true && reader.header.traps.some((name) => TRAPS.has(name)),
          within: windowPredicate(window),
          traps: traps ? trapNames(reader.profile) : undefined,
          ...(pids === undefined ? {} : { pids }),
        },
        ({ descriptors }) => chooseSink(output, descriptors),
      );
      const columns = callColumns({
        arguments: flags.summary !== true || flags.paths === true,
        times: looksAtTimes(flags),
      });
      const read = withTrapColumns(columns, traps ? reader.header.traps : []);
      for (const chunk of reader.chunks({}, read)) reconstruction.feed(chunk);
      reconstruction.end();
      output.close();
    } catch (error) {
      if (!(error instanceof ClosedPipe)) throw error;
    }
    tellFindings(reader, file);

    function chooseSink(output: TextOutput, descriptors: Descriptors | undefined): CallSink {
      if (flags.summary === true) return new SummaryWriter(output, filter);
      if (flags.format !== 'strace') return new RowWriter(output, filter, flags.format);
      const times = flags.timestamps === true ? 'absolute' : flags.relative === true ? 'relative' : 'none';
      return new StraceWriter(
        output,
        {
          filter,
          stringLimit,
          verbose: flags.verbose === true,
          paths: flags.paths === true,
          durations: flags.durations === true,
          times,
        },
        flags.paths === true ? descriptors : undefined,
      );
    }
  } finally {
    reader.close();
  }
}

const TRAPS: ReadonlySet<string> = new Set(TRAP_NAMES);

const showsTraps = ({ traps }: CallFilter, { format, summary }: ReplayFlags): boolean =>
  traps?.size !== 0 && (summary === true || format !== 'csv');

/** Whether moments decide what is shown, or are shown. */
function looksAtTimes({ summary, format, from, to, timestamps, relative, durations }: ReplayFlags): boolean {
  return format !== 'strace' || [summary, timestamps, relative, durations].includes(true) || (from ?? to) !== undefined;
}

/** What is missing is said on standard error, and by the exit status. */
function tellFindings(reader: TraceReader, file: string): void {
  reader.checkUnread();
  if (reader.findings.length === 0) return;
  for (const { message } of reader.findings) process.stderr.write(`trapline: ${file}: ${message}\n`);
  process.exitCode = 1;
}

function wholeNumber(text: string, flag: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${flag} ${text}: a whole number is wanted`);
  return Number(text);
}
