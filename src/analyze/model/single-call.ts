import type { Call } from '../../replay/calls.ts';
import { Pairing } from '../../replay/pairing.ts';
import { Task } from '../../replay/task-table.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { ChunkStore, EventPlace } from './chunk-store.ts';

const { callEntry, callReturn } = EVENT_KIND;

/** The nearest call entry or return of the same task on one side of an event. */
function neighbour(store: ChunkStore, place: EventPlace, direction: 'forward' | 'backward'): EventPlace | undefined {
  const task = place.chunk.task(place.row);
  const number = place.chunk.firstEvent + place.row;
  const start = direction === 'forward' ? number + 1 : number;
  const mayHold = ({ tasks }: { readonly tasks: readonly bigint[] }): boolean => tasks.includes(task);
  for (const other of store.from(start, direction, mayHold)) {
    const { chunk, row } = other;
    if (chunk.task(row) !== task) continue;
    const kind = chunk.kind(row);
    if (kind === callEntry || kind === callReturn) return other;
  }
  return undefined;
}

/**
 * The call of an entry or a return, paired with its other end where there is one; undefined for events of other kinds and
 * for a return without an entry. Its sequence number means nothing.
 */
export function pairedCall(store: ChunkStore, place: EventPlace): Call | undefined {
  const kind = place.chunk.kind(place.row);
  if (kind !== callEntry && kind !== callReturn) return undefined;
  const other = neighbour(store, place, kind === callEntry ? 'forward' : 'backward');
  const [entry, exit] = kind === callEntry ? [place, other] : [other, place];
  if (entry?.chunk.kind(entry.row) !== callEntry) return undefined;
  const pairing = new Pairing(store.tables);
  const task = new Task(entry.chunk.task(entry.row));
  const call = pairing.enter(task, entry.chunk, entry.row);
  if (exit?.chunk.kind(exit.row) === callReturn) pairing.leave(task, exit.chunk, exit.row);
  return call;
}
