import type { ChunkStore, EventPlace } from '../../analyze/model/chunk-store.ts';
import { REGISTER, type RegisterName } from '../../trace/event.ts';
import { type Segment, type StyledLine, segment } from '../tone.ts';
import type { TraceSource } from './trace-source.ts';

const NAMES = (Object.keys(REGISTER) as RegisterName[]).filter((name) => name !== 'detail');
const COLUMNS = 3;
/** Chunks before its own in which a task's last event is looked for. */
const LOOK_BACK = 2;

/** The event of the same task before an event, where it is near. */
function before(store: ChunkStore, { chunk, row }: EventPlace): EventPlace | undefined {
  const task = chunk.task(row);
  let place = store.placeOf(chunk.firstEvent + row);
  let look: EventPlace | undefined = { chunk, row: row - 1 };
  for (let left = LOOK_BACK; left >= 0 && look !== undefined; left--) {
    const own = look.chunk.tasks.indexOf(task);
    for (let at = look.row; at >= 0 && own >= 0; at--) if (look.chunk.taskRow[at] === own) return { ...look, row: at };
    const earlier = store.chunk(--place);
    look = earlier && { chunk: earlier, row: earlier.count - 1 };
  }
  return undefined;
}

/** All registers of an event; those that changed since its task's last event are marked. */
export function registerLines({ model }: TraceSource, place: EventPlace): StyledLine[] {
  const { chunk, row } = place;
  const last = before(model.store, place);
  const since =
    last === undefined ? '' : `  marked: changed since the task's event #${last.chunk.firstEvent + last.row}`;
  const cells = NAMES.map((name): Segment[] => {
    const value = chunk.register(row, REGISTER[name]);
    const changed = last !== undefined && last.chunk.register(last.row, REGISTER[name]) !== value;
    const text = value.toString(16).padStart(16, '0');
    return [
      segment(`  ${name.padStart(6)} `, 'dim'),
      segment(`${text}${changed ? '*' : ' '}`, changed ? 'changed' : 'plain'),
    ];
  });
  const height = Math.ceil(cells.length / COLUMNS);
  const lines = Array.from(
    { length: height },
    (_, line): StyledLine => Array.from({ length: COLUMNS }, (_, column) => cells[column * height + line] ?? []).flat(),
  );
  return [[], [segment('registers', 'heading'), segment(since, 'dim')], ...lines];
}
