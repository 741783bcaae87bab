/** Entries and returns of the calls of a chunk, by task: what each event means is told by its site, which calls count by tables. */
import { pairRows } from './column-decoder.ts';
import { REGISTER } from './event.ts';
import type { EventChunk } from './event-chunk.ts';

/** What the events of a site mean. `begins`: a task's first return, before which another may have had its pointer. */
export const PAIR_ACTION = { none: 0, enters: 1, returns: 2, entersAlone: 3, begins: 4 } as const;

/** Of a call, bits: it is wanted; its task never returns from it. */
export const PAIR_MARK = { wanted: 1, neverReturns: 2 } as const;

/** Of the calls of each ABI by number; the last one is that of all higher numbers. */
export interface CallMarks {
  readonly width: number;
  /** `width` marks an ABI. */
  readonly marks: Uint8Array;
}

/** A task has done nothing in the chunk; a call was entered before it. */
export const BEFORE_CHUNK = -2;
/** A task is in no call; a call does not return in the chunk and never will. */
export const NO_CALL = -1;
/** Of a return: there is none, as what came next under the task's pointer tells. */
export const LEFT_CALL = -3;

export interface CallPairs {
  readonly count: number;
  /** In the order of what comes last of each call, its rows: BEFORE_CHUNK, NO_CALL and LEFT_CALL where there is none. */
  readonly entries: Int32Array;
  readonly exits: Int32Array;
  /** By task of the chunk: the row of the entry that has not returned, NO_CALL or BEFORE_CHUNK. */
  readonly pending: Int32Array;
}

/** `actions`: a byte a site; `blocked`: a byte a task, 1 to pass over it. Throws ColumnError when a column is damaged. */
export function pairCalls(
  chunk: EventChunk,
  actions: Uint8Array,
  { width, marks }: CallMarks,
  blocked: Uint8Array,
): CallPairs {
  const { taskRow, site, sites } = chunk;
  const bases = Uint32Array.from(sites.abi, (abi) => Math.min(abi * width, marks.length - width));
  const numbers = chunk.registerColumn(REGISTER.detail);
  const { rows, pending } = pairRows({ taskRow, site, actions, bases, marks, width, numbers, blocked });
  const count = rows.length / 2;
  const [entries, exits] = [new Int32Array(count), new Int32Array(count)];
  for (let i = 0; i < count; i++) {
    entries[i] = rows[2 * i]!;
    exits[i] = rows[2 * i + 1]!;
  }
  return { count, entries, exits, pending };
}
