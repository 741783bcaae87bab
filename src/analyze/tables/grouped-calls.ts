/** Calls of one kind, read without the events around them: where a trace keeps them so, and nobody asks for more than it tells. */
import { ABI } from '../../emu/monitor-layout.ts';
import { amd64Syscalls } from '../../guest/linux/signature.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { unknownName } from '../../replay/calls.ts';
import type { CallGroup } from '../../trace/call-index.ts';
import type { GroupedCalls } from '../../trace/column-decoder.ts';
import { callKey } from '../../trace/summary.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { ChunkCallers } from './chunk-callers.ts';
import type { Shortcut } from './chunk-work.ts';
import { isCommandOnly, NO_RETURN } from './plain-call-work.ts';
import { ABIS, errorName } from './plain-columns.ts';
import type { RowBuffer } from './row-buffer.ts';
import { type ScanRequest, wantedCalls } from './scan.ts';

/** What is told of calls without their events. */
const TOLD: ReadonlySet<string> = new Set(['event', 'return_event', 'duration', 'pid', 'tid', 'comm', 'abi', 'nr', 'name', 'outcome', 'errno']); // biome-ignore format: a list
/** Calls up to it are called the same whatever they are given, and each has a number of its own. */
const LAST_NUMBER = callKey(ABI.linux64, 0xfffe);

/** undefined: what is asked can't be told so. */
export function groupedCalls(request: ScanRequest, rows: RowBuffer): Shortcut | undefined {
  const wanted = wantedCalls(request);
  const isTold = wanted !== undefined && ![...rows.names].some((name) => !TOLD.has(name));
  return isTold && ![...wanted].some((key) => NO_RETURN.has(key)) ? new GroupedRows(request, wanted) : undefined;
}

class GroupedRows implements Shortcut {
  readonly #model: TraceModel;
  readonly #commandOnly: boolean;
  readonly #wanted: ReadonlySet<number>;

  constructor(request: ScanRequest, wanted: ReadonlySet<number>) {
    this.#model = request.model;
    this.#commandOnly = isCommandOnly(request);
    this.#wanted = wanted;
  }

  /** Its only calls that are wanted are of one kind, and all of them are told. */
  serves(place: number): boolean {
    const { reader } = this.#model;
    const groups = reader.callGroups(reader.index[place]!);
    const group = groups && this.#only(groups);
    return group !== undefined && group.others === 0 && group.call <= LAST_NUMBER;
  }

  #only(groups: readonly CallGroup[]): CallGroup | undefined {
    const own = groups.filter(({ call }) => this.#wanted.has(call));
    return own.length === 1 ? own[0] : undefined;
  }

  put(place: number, rows: RowBuffer): boolean {
    const { reader, history } = this.#model;
    const entry = reader.index[place]!;
    const groups = reader.callGroups(entry);
    const group = groups && this.#only(groups);
    const all = group && reader.groupedCalls(entry, group, groups);
    if (all === undefined) return false;
    const { summary } = entry;
    const named = this.#commandOnly || rows.wants('pid', 'tid', 'comm');
    const callers = named ? ChunkCallers.told(history, summary, this.#commandOnly) : undefined;
    const calls = this.#commandOnly ? chosen(all, (task, row) => callers!.isShown(task, row)) : all;
    putRows(rows, group!.call, summary.firstEvent, calls, callers);
    return true;
  }
}

/** Those that pass, by the rows of their tasks and entries. */
function chosen(calls: GroupedCalls, passes: (task: number, row: number) => boolean): GroupedCalls {
  const { entries, exits, tasks, errors, durations } = calls;
  const kept = Array.from(entries.keys()).filter((i) => passes(tasks[i]!, entries[i]!));
  if (kept.length === entries.length) return calls;
  return {
    entries: Int32Array.from(kept, (i) => entries[i]!),
    exits: Int32Array.from(kept, (i) => exits[i]!),
    tasks: Uint32Array.from(kept, (i) => tasks[i]!),
    errors: Uint32Array.from(kept, (i) => errors[i]!),
    durations: Uint32Array.from(kept.flatMap((i) => [durations[2 * i]!, durations[2 * i + 1]!])),
  };
}

function putRows(
  rows: RowBuffer,
  key: number,
  firstEvent: number,
  { entries, exits, tasks, errors, durations }: GroupedCalls,
  callers: ChunkCallers | undefined,
): void {
  const count = entries.length;
  const at = rows.extend(count);
  rows.wide('event')?.numbers(at, count, entries, firstEvent);
  rows.wide('return_event')?.numbers(at, count, exits, firstEvent);
  rows.wide('duration')?.all(at, durations);
  const number = key - callKey(ABI.linux64, 0);
  const one = new Uint32Array(count);
  rows.text('name')?.choose(at, one, [amd64Syscalls().get(number)?.name ?? unknownName(number)]);
  rows.text('abi')?.choose(at, one, [ABIS.get(ABI.linux64)]);
  const nr = rows.narrow('nr');
  if (nr !== undefined) for (let i = 0; i < count; i++) nr.put(at + i, number);
  const [outcome, errno] = [rows.text('outcome'), rows.text('errno')];
  if (outcome !== undefined) outcome.choose(at, errors.map((error) => (error === 0 ? 0 : 1)), ['value', 'error']); // biome-ignore format: one row
  if (errno !== undefined) {
    for (let i = 0; i < count; i++) if (errors[i] !== 0) errno.numbered(at + i, errors[i]!, errorName);
  }
  if (callers !== undefined) putCallers(rows, at, count, (i) => callers.identity(tasks[i]!, entries[i]!));
}

function putCallers(rows: RowBuffer, at: number, count: number, caller: (i: number) => TaskIdentity | undefined): void {
  const [pid, tid, comm] = [rows.narrow('pid'), rows.narrow('tid'), rows.text('comm')];
  if (pid === undefined && tid === undefined && comm === undefined) return;
  for (let i = 0; i < count; i++) {
    const identity = caller(i);
    if (identity === undefined) continue;
    pid?.put(at + i, identity.tgid);
    tid?.put(at + i, identity.pid);
    comm?.often(at + i, identity.comm);
  }
}
