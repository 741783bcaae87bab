/** Whether what a trace tells of calls alone is what the events say: `CallIndex` in proto/trace.proto, made anew from them. */
import { ABI, CAPTURE_KIND, RECORD_FLAG } from '../emu/monitor-layout.ts';
import { type CallIndex, unpackGroups } from '../trace/call-index.ts';
import { decodeGroup } from '../trace/column-decoder.ts';
import { crc32c } from '../trace/crc32c.ts';
import { EVENT_KIND, REGISTER } from '../trace/event.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import { errorOf } from './errors.ts';
import { USER } from './pairing.ts';

/** Calls of one kind, five numbers each: rows of entry and return, task, error, nanoseconds. */
interface Kind {
  readonly calls: number[];
  others: number;
}

/** What is wrong with the calls of a chunk, or undefined. Throws ColumnError when they can't be decoded. */
export function wrongCalls(chunk: EventChunk, { firstEvent, groups, calls }: CallIndex): string | undefined {
  if (firstEvent !== chunk.firstEvent) return `it begins with event ${firstEvent}, not ${chunk.firstEvent}`;
  const kinds = kindsOf(chunk);
  const told = unpackGroups(groups);
  if (told.map(({ call }) => call).join() !== [...kinds.keys()].sort((a, b) => a - b).join()) return 'it tells of other calls than the events'; // biome-ignore format: one row
  let end = 0;
  for (const { call, count, others, offset, length, crc } of told) {
    const bytes = calls.subarray(offset, offset + length);
    end = offset + length;
    if (crc32c(bytes) !== crc) return 'the checksum of a part of it does not match';
    const { entries, exits, tasks, errors, durations } = decodeGroup(bytes, count, chunk.count, chunk.tasks.length);
    const own = kinds.get(call)!;
    const same =
      own.others === others &&
      own.calls.length === 5 * count &&
      entries.every((entry, i) => {
        const duration = durations[2 * i + 1]! * 2 ** 32 + durations[2 * i]!;
        return [entry, exits[i], tasks[i], errors[i], duration].every((value, j) => value === own.calls[5 * i + j]);
      });
    if (!same) return 'its calls are not those of the events';
  }
  return end === calls.length ? undefined : 'there is more in it than calls';
}

function kindsOf(chunk: EventChunk): ReadonlyMap<number, Kind> {
  const kinds = new Map<number, Kind>();
  const kindOf = (call: number): Kind => {
    const known = kinds.get(call) ?? { calls: [], others: 0 };
    kinds.set(call, known);
    return known;
  };
  /** By task what it is in: undefined where it has done nothing so far, null where it is in none. */
  const entered: (number | null | undefined)[] = chunk.tasks.map(() => undefined);
  for (let row = 0; row < chunk.count; row++) {
    const call = chunk.call(row);
    if (call === undefined) continue;
    const task = chunk.taskRow[row]!;
    const kind = kindOf(call);
    const entry = entered[task];
    if (chunk.kind(row) === EVENT_KIND.callReturn) {
      if (entry === undefined) kind.others++;
      else if (entry !== null) returned(chunk, entry, row, kindOf(chunk.call(entry)!));
      entered[task] = null;
    } else if (chunk.cpl(row) !== USER) kind.others++;
    else {
      if (typeof entry === 'number') kindOf(chunk.call(entry)!).others++;
      entered[task] = row;
    }
  }
  for (const entry of entered) if (typeof entry === 'number') kindOf(chunk.call(entry)!).others++;
  return kinds;
}

function returned(chunk: EventChunk, entry: number, exit: number, kind: Kind): void {
  if (isOdd(chunk, exit)) {
    kind.others++;
    return;
  }
  const { rax } = REGISTER;
  const narrow = chunk.abi(entry) !== ABI.linux64;
  const error = errorOf(chunk.registerLow(exit, rax), chunk.registerHigh(exit, rax), narrow);
  kind.calls.push(entry, exit, chunk.taskRow[exit]!, error, chunk.time(exit) - chunk.time(entry));
}

function isOdd(chunk: EventChunk, exit: number): boolean {
  if ((chunk.flags(exit) & (RECORD_FLAG.restarted | RECORD_FLAG.firstReturn)) !== 0) return true;
  const count = chunk.captureCount(exit);
  for (let i = 0; i < count; i++) if (chunk.capture(exit, i).kind === CAPTURE_KIND.signalFrame) return true;
  return false;
}
