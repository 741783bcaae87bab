import { ABI } from '../../emu/monitor-layout.ts';
import type { CallTables } from '../../replay/call-tables.ts';
import { unknownName } from '../../replay/calls.ts';
import { trapOf, withTrapColumns } from '../../replay/traps/trap.ts';
import { EVENT_KIND, REGISTER, type RegisterName } from '../../trace/event.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import { kindName, kindNameOf } from '../model/event-kind.ts';
import type { TraceModel } from '../model/trace-model.ts';
import type { ChunkWork } from './chunk-work.ts';
import type { RowBuffer } from './row-buffer.ts';
import { type ChunkTest, chunkTest, type ScanRequest } from './scan.ts';
import type { TextColumn } from './text-column.ts';
import { EventColumns } from './who.ts';
import { workTable } from './work-scan.ts';

const COLUMN_OF: ReadonlyMap<string, RegisterName> = new Map([
  ...(Object.keys(REGISTER) as RegisterName[]).map((name): [string, RegisterName] => [name, name]),
  ['fs_base', 'fsBase'],
  ['gs_base', 'gsBase'],
]);

/** Fills a column from row `at` on with what the rows of a chunk tell. */
type Filler = (at: number, chunk: EventChunk) => void;

const eachRow =
  (fill: (at: number, chunk: EventChunk, row: number) => void): Filler =>
  (at, chunk) => {
    for (let row = 0; row < chunk.count; row++) fill(at + row, chunk, row);
  };

class EventWork implements ChunkWork<undefined> {
  readonly #model: TraceModel;
  readonly #holds: ChunkTest;
  readonly #fillers: readonly Filler[];
  readonly #event: EventColumns;
  readonly #columns: ColumnChoice;

  constructor(request: ScanRequest, rows: RowBuffer) {
    this.#model = request.model;
    this.#holds = chunkTest(request);
    this.#event = new EventColumns(rows, () => this.#model.history);
    const registers = rows.columns.flatMap(({ column }) => COLUMN_OF.get(column.name) ?? []);
    const chosen: ColumnChoice = {
      registers: ({ abi }) => [
        ...(rows.wants('kind', 'name', 'text') ? [REGISTER.detail] : []),
        // What 32-bit calls are called may depend on their first argument.
        ...(rows.wants('name') && abi.some((each) => each !== ABI.linux64) ? [REGISTER.rbx] : []),
        ...registers.map((name) => REGISTER[name]),
      ],
      moments: rows.wants('time', 'icount'),
      captures: rows.wants('text') ? 'contents' : 'none',
    };
    this.#columns = rows.wants('text') ? withTrapColumns({ ...chosen, moments: true }, ['vmfunc', 'pages']) : chosen;
    this.#fillers = [...this.#facts(rows), ...registers.map((name) => registerFiller(rows, name))];
  }

  #facts(rows: RowBuffer): Filler[] {
    const [task, rip] = [rows.wide('task'), rows.wide('rip')];
    const [kind, name, text] = [rows.text('kind'), rows.text('name'), rows.text('text')];
    const cpl = rows.narrow('cpl');
    const { names, store } = this.#model;
    const fillers: (Filler | false | undefined)[] = [
      task && eachRow((at, chunk, row) => task.big(at, chunk.task(row))),
      rip &&
        eachRow((at, chunk, row) =>
          rip.words(at, chunk.sites.rip[2 * chunk.site[row]!]!, chunk.sites.rip[2 * chunk.site[row]! + 1]!),
        ),
      kind && ((at, chunk) => putKinds(kind, at, chunk)),
      cpl && eachRow((at, chunk, row) => cpl.put(at, chunk.cpl(row))),
      name &&
        eachRow((at, chunk, row) => {
          const called = callName(chunk, row, store.tables);
          if (called !== undefined) name.often(at, called);
        }),
      text &&
        eachRow((at, chunk, row) => {
          const trap = trapOf(chunk, row, names);
          if (trap !== undefined) text.text(at, trap.text);
        }),
    ];
    return fillers.filter((filler) => typeof filler === 'function');
  }

  wants(summary: ChunkSummary): boolean {
    return this.#holds(summary);
  }

  columns(): ColumnChoice {
    return this.#columns;
  }

  take(chunk: EventChunk, rows: RowBuffer): undefined {
    const at = rows.extend(chunk.count);
    this.#event.putAll(at, chunk);
    for (const fill of this.#fillers) fill(at, chunk);
  }
}

/** Of exits it depends on the event what they are called, of all others on their site. */
function putKinds(kind: TextColumn, at: number, chunk: EventChunk): void {
  const { site, sites, count } = chunk;
  kind.choose(
    at,
    site,
    Array.from(sites.kind, (own) => (own === EVENT_KIND.exit ? undefined : kindNameOf(own))),
  );
  if (!chunk.summary.kinds.has(EVENT_KIND.exit)) return;
  for (let row = 0; row < count; row++) {
    if (sites.kind[site[row]!] === EVENT_KIND.exit) kind.often(at + row, kindName(chunk, row));
  }
}

function registerFiller(rows: RowBuffer, name: RegisterName): Filler {
  const column = rows.wide(name === 'fsBase' ? 'fs_base' : name === 'gsBase' ? 'gs_base' : name)!;
  const register = REGISTER[name];
  return (at, chunk) => column.all(at, chunk.registerColumn(register));
}

const NAMES = new Map<number, string>();

function callName(chunk: EventChunk, row: number, tables: CallTables): string | undefined {
  const kind = chunk.kind(row);
  if (kind !== EVENT_KIND.callEntry && kind !== EVENT_KIND.callReturn) return undefined;
  const number = chunk.detail(row);
  // What i386 calls are called may depend on their first argument, which a return no longer has.
  if (chunk.abi(row) !== ABI.linux64) return tables.of(chunk, row, number)?.name ?? unknownName(number);
  let name = NAMES.get(number);
  if (name === undefined) {
    name = tables.of(chunk, row, number)?.name ?? unknownName(number);
    NAMES.set(number, name);
  }
  return name;
}

export const events = workTable('events', { work: (request, rows) => new EventWork(request, rows) });
