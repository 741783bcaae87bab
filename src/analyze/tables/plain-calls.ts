/**
 * Calls without what they were given: who, when, which, how long and with what result. Most questions ask for no more, and
 * most calls need no object of their own for it: an entry waits as a row of its chunk until its task returns.
 */
import { ABI } from '../../emu/monitor-layout.ts';
import { callKey } from '../../trace/summary.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { groupedCalls } from './grouped-calls.ts';
import { PlainCallJoin } from './plain-call-join.ts';
import { PlainCallWork } from './plain-call-work.ts';
import { workTable } from './work-scan.ts';

export const ARGUMENTS = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5'];
/** Columns that need a call with all that it was given. */
const FULL = ['args', 'fd', 'fd_path', 'path', 'path2', ...ARGUMENTS];

/** Whether these columns (undefined: any) of a trace's calls can't be told by plain ones. */
export function needsArguments(columns: ReadonlySet<string> | undefined, { reader }: TraceModel): boolean {
  if (columns === undefined || FULL.some((name) => columns.has(name))) return true;
  // Calls of NT say by their own words how they ended.
  return reader.index.some(({ summary }) => summary.calls.some((key) => key >= callKey(ABI.nt32, 0)));
}

/** The table `syscalls` where nobody looks at what calls were given. */
export const plainCalls = workTable('syscalls', {
  work: (request, rows) => {
    if (needsArguments(rows.names, request.model)) throw new Error('plain calls have no arguments');
    return new PlainCallWork(request, rows);
  },
  join: (request, rows) => new PlainCallJoin(request, rows),
  shortcut: (request, rows) => groupedCalls(request, rows),
});
