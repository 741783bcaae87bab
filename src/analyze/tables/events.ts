import { ABI } from '../../emu/monitor-layout.ts';
import type { CallTables } from '../../replay/call-tables.ts';
import { unknownName } from '../../replay/calls.ts';
import { trapOf, withTrapColumns } from '../../replay/traps/trap.ts';
import { EVENT_KIND, REGISTER, type RegisterName } from '../../trace/event.ts';
import type { ColumnChoice, EventChunk } from '../../trace/event-chunk.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import { kindName } from '../model/event-kind.ts';
import type { RowBuffer } from './row-buffer.ts';
import { ChunkScan, type ChunkTest, chunkTest, type ScanCount, type ScanRequest, type TableSource } from './scan.ts';
import { EventColumns } from './who.ts';

const COLUMN_OF: ReadonlyMap<string, RegisterName> = new Map([
  ...(Object.keys(REGISTER) as RegisterName[]).map((name): [string, RegisterName] => [name, name]),
  ['fs_base', 'fsBase'],
  ['gs_base', 'gsBase'],
]);

/** Fills a column of row `at` with what row `row` of a chunk tells. */
type Filler = (at: number, chunk: EventChunk, row: number) => void;

class EventScan extends ChunkScan {
  readonly #holds: ChunkTest;
  readonly #fillers: readonly Filler[];
  readonly #event: EventColumns;
  readonly #columns: ColumnChoice;

  constructor(request: ScanRequest, rows: RowBuffer, count: ScanCount) {
    super(request, count);
    this.#holds = chunkTest(request);
    this.#event = new EventColumns(rows, () => this.model.history);
    const registers = rows.columns.flatMap(({ column }) => COLUMN_OF.get(column.name) ?? []);
    const chosen: ColumnChoice = {
      registers: () => [REGISTER.detail, REGISTER.rbx, ...registers.map((name) => REGISTER[name])],
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
    const { names, store } = this.model;
    const fillers: (Filler | false | undefined)[] = [
      task && ((at, chunk, row) => task.big(at, chunk.task(row))),
      rip &&
        ((at, chunk, row) =>
          rip.words(at, chunk.sites.rip[2 * chunk.site[row]!]!, chunk.sites.rip[2 * chunk.site[row]! + 1]!)),
      kind && ((at, chunk, row) => kind.often(at, kindName(chunk, row))),
      cpl && ((at, chunk, row) => cpl.put(at, chunk.cpl(row))),
      name &&
        ((at, chunk, row) => {
          const called = callName(chunk, row, store.tables);
          if (called !== undefined) name.often(at, called);
        }),
      text &&
        ((at, chunk, row) => {
          const trap = trapOf(chunk, row, names);
          if (trap !== undefined) text.text(at, trap.text);
        }),
    ];
    return fillers.filter((filler) => typeof filler === 'function');
  }

  protected override wants(summary: ChunkSummary): boolean {
    return this.#holds(summary);
  }

  protected override columns(): ColumnChoice {
    return this.#columns;
  }

  protected override take(chunk: EventChunk, rows: RowBuffer): void {
    for (let row = 0; row < chunk.count; row++) {
      const at = rows.next();
      this.#event.put(at, chunk, row);
      for (const fill of this.#fillers) fill(at, chunk, row);
    }
  }
}

function registerFiller(rows: RowBuffer, name: RegisterName): Filler {
  const column = rows.wide(name === 'fsBase' ? 'fs_base' : name === 'gsBase' ? 'gs_base' : name)!;
  const register = REGISTER[name];
  return (at, chunk, row) => column.words(at, chunk.registerLow(row, register), chunk.registerHigh(row, register));
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

export const events: TableSource = { open: (request, rows, count) => new EventScan(request, rows, count) };
