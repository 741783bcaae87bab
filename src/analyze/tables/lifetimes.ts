/** Tables of processes, their programs and threads: what the model's history tells, row by row. */
import type { Ending, Execution, Moment, Process, Thread } from '../model/processes.ts';
import { ListScan } from './listed.ts';
import type { RowBuffer } from './row-buffer.ts';
import type { ScanRequest, TableSource } from './scan.ts';

function shown({ model, wholeGuest }: ScanRequest): readonly Process[] {
  return wholeGuest ? model.processes : model.processes.filter(({ shownFrom }) => shownFrom < Infinity);
}

function span(rows: RowBuffer, at: number, first: Moment, exit: Ending | undefined): void {
  rows.wide('event')?.put(at, first.event);
  rows.wide('time')?.put(at, first.time);
  if (exit === undefined) return;
  rows.wide('end_event')?.put(at, exit.event);
  rows.wide('end_time')?.put(at, exit.time);
  if (exit.status !== undefined) rows.narrow('exit_status')?.put(at, exit.status);
}

/** Arguments as one would type them in a shell. */
export function commandText(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

function program(rows: RowBuffer, at: number, { path, arguments: words }: Execution): void {
  if (path !== undefined) rows.text('path')?.text(at, path);
  rows.text('command')?.text(at, commandText(words));
}

function putProcess(process: Process, rows: RowBuffer): void {
  const at = rows.next();
  rows.narrow('pid')?.put(at, process.pid);
  rows.narrow('ppid')?.put(at, process.ppid);
  rows.text('comm')?.text(at, process.comm);
  const last = process.executions.at(-1);
  if (last !== undefined) program(rows, at, last);
  span(rows, at, process.first, process.exit);
  if (process.exit?.signal !== undefined) rows.narrow('exit_signal')?.put(at, process.exit.signal);
  rows.narrow('threads')?.put(at, process.threads.length);
  rows.narrow('executions')?.put(at, process.executions.length);
  rows.truth('recorded')?.put(at, process.shownFrom < Infinity);
}

interface Numbered {
  readonly process: Process;
  readonly execution: Execution;
  readonly number: number;
}

function putExecution({ process, execution, number }: Numbered, rows: RowBuffer): void {
  const at = rows.next();
  rows.narrow('pid')?.put(at, process.pid);
  rows.narrow('number')?.put(at, number);
  rows.wide('event')?.put(at, execution.event);
  rows.wide('time')?.put(at, execution.time);
  program(rows, at, execution);
}

function putThread({ tid, process, comm, task, first, exit }: Thread, rows: RowBuffer): void {
  const at = rows.next();
  rows.narrow('tid')?.put(at, tid);
  rows.narrow('pid')?.put(at, process.pid);
  rows.text('comm')?.text(at, comm);
  rows.wide('task')?.big(at, task);
  span(rows, at, first, exit ?? process.exit);
}

export const processes: TableSource = { open: (request) => new ListScan(() => shown(request), putProcess) };

export const executions: TableSource = {
  open: (request) =>
    new ListScan(
      () =>
        shown(request).flatMap((process) =>
          process.executions.map((execution, i) => ({ process, execution, number: i + 1 })),
        ),
      putExecution,
    ),
};

export const threads: TableSource = {
  open: (request) => new ListScan(() => shown(request).flatMap((process) => process.threads), putThread),
};
