import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call } from '../../replay/calls.ts';
import { failureName } from '../../replay/failure.ts';
import type { FormatOptions } from '../../replay/strace/format.ts';
import { formatOf, writeAll } from '../../replay/strace/line.ts';
import { TextBuffer } from '../../replay/text-buffer.ts';
import { fileArguments, givenPath } from './call-arguments.ts';
import { CallScan } from './call-scan.ts';
import { ARGUMENTS, needsArguments, plainCalls } from './plain-calls.ts';
import { ABIS, MECHANISMS } from './plain-columns.ts';
import type { RowBuffer } from './row-buffer.ts';
import { callTest, type ScanCount, type ScanRequest, type TableSource } from './scan.ts';
import { EventColumns } from './who.ts';

const MINUS_ONE = 0xffff_ffff;
/** All of it: whoever asks for the text of arguments may look for something in it. */
const FORMAT: FormatOptions = {
  stringLimit: Number.MAX_SAFE_INTEGER,
  verbose: true,
  descriptor: (out, fd) => out.decimal(fd),
};

/** Rows of the table `syscalls`. */
class SyscallScan extends CallScan {
  /** Of others no row is made: most of what one costs is its text. */
  readonly #wanted: ReturnType<typeof callTest>;
  readonly #put: (call: Call, identity: TaskIdentity | undefined) => void;

  constructor(request: ScanRequest, rows: RowBuffer, count: ScanCount) {
    const descriptors = rows.wants('fd_path', 'path', 'path2');
    super(request, count, {
      columns: {
        arguments: descriptors || rows.wants('args', 'fd', ...ARGUMENTS),
        times: rows.wants('time', 'duration', 'icount'),
      },
      descriptors,
      identities: rows.wants('pid', 'tid', 'comm'),
    });
    this.#wanted = callTest(request);
    this.#put = this.#writer(rows);
  }

  protected override call(call: Call, identity: TaskIdentity | undefined): void {
    if (this.#wanted(call.chunk, call.row)) this.#put(call, identity);
  }

  /** Columns are looked up once; a row costs what it shows. */
  #writer(rows: RowBuffer): (call: Call, identity: TaskIdentity | undefined) => void {
    const parts = [this.#moments(rows), this.#outcome(rows), this.#arguments(rows), this.#files(rows)].flatMap(
      (part) => (part === undefined ? [] : [part]),
    );
    const who = new EventColumns(rows, () => this.model.history);
    const name = rows.text('name');
    return (call, identity) => {
      const at = rows.next();
      name?.often(at, call.name);
      who.who(at, identity);
      for (const part of parts) part(at, call, identity);
    };
  }

  #moments(rows: RowBuffer): Part | undefined {
    const [event, returned, time, duration, icount] = ['event', 'return_event', 'time', 'duration', 'icount'].map(
      (each) => rows.wide(each),
    );
    if ([event, returned, time, duration, icount].every((each) => each === undefined)) return undefined;
    return (at, call) => {
      const { chunk, row } = call;
      event?.put(at, chunk.firstEvent + row);
      time?.words(at, chunk.times[2 * row]!, chunk.times[2 * row + 1]!);
      icount?.words(at, chunk.icounts[2 * row]!, chunk.icounts[2 * row + 1]!);
      const exit = call.exitChunk;
      if (exit === undefined) return;
      returned?.put(at, exit.firstEvent + call.exitRow);
      duration?.put(at, call.exitTime - call.entryTime);
    };
  }

  #outcome(rows: RowBuffer): Part | undefined {
    const [outcome, errno] = [rows.text('outcome'), rows.text('errno')];
    const ret = rows.wide('ret');
    if (outcome === undefined && errno === undefined && ret === undefined) return undefined;
    return (at, call) => {
      outcome?.often(at, call.outcome);
      if (call.outcome === 'value') ret?.words(at, call.result, call.resultHigh);
      else if (call.outcome === 'error' && call.syscall?.abi === 'nt') ret?.words(at, call.result, 0);
      else if (call.outcome === 'error') ret?.words(at, MINUS_ONE, MINUS_ONE);
      if (call.failed) errno?.often(at, failureName(call));
    };
  }

  #arguments(rows: RowBuffer): Part | undefined {
    const [vcpu, nr] = [rows.narrow('vcpu'), rows.narrow('nr')];
    const [mechanism, abi, args] = ['mechanism', 'abi', 'args'].map((each) => rows.text(each));
    const rip = rows.wide('rip');
    const values = ARGUMENTS.map((each) => rows.wide(each));
    if (!rows.wants('vcpu', 'nr', 'mechanism', 'abi', 'args', 'rip', ...ARGUMENTS)) return undefined;
    const text = new TextBuffer();
    return (at, call) => {
      const { chunk, row } = call;
      vcpu?.put(at, chunk.vcpu(row));
      nr?.put(at, call.number);
      mechanism?.often(at, MECHANISMS.get(chunk.mechanism(row)) ?? 'unknown');
      abi?.often(at, ABIS.get(chunk.abi(row)) ?? 'unknown');
      rip?.big(at, chunk.rip(row));
      const count = call.syscall?.arguments.length ?? values.length;
      for (let i = 0; i < count; i++) values[i]?.words(at, call.low(i), call.high(i));
      if (args === undefined) return;
      text.truncate(0);
      writeAll(text, call, formatOf(call), FORMAT);
      args.put(at, text.view().slice());
    };
  }

  #files(rows: RowBuffer): Part | undefined {
    const fd = rows.narrow('fd');
    const [target, path, second] = ['fd_path', 'path', 'path2'].map((each) => rows.text(each));
    if (!rows.wants('fd', 'fd_path', 'path', 'path2')) return undefined;
    return (at, call, identity) => {
      const files = fileArguments(call);
      const { descriptors } = this.reconstruction;
      if (files.fd !== undefined) {
        const number = call.low(files.fd) | 0;
        fd?.put(at, number);
        const meaning = identity && descriptors?.name(identity, number);
        if (meaning !== undefined) target?.often(at, meaning);
      }
      if (descriptors === undefined) return;
      for (const [i, column] of [path, second].entries()) {
        const text = column && givenPath(call, i, identity, descriptors);
        if (text !== undefined) column?.text(at, text);
      }
    };
  }
}

/** Fills some columns of row `at`. */
type Part = (at: number, call: Call, identity: TaskIdentity | undefined) => void;

export const syscalls: TableSource = {
  open: (request, rows, count) =>
    needsArguments(rows.names, request.model)
      ? new SyscallScan(request, rows, count)
      : plainCalls.open(request, rows, count),
};
