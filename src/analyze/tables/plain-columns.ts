/** The columns of calls that need nothing of what a call was given, each filled for many calls at once. */
import { ABI, MECHANISM } from '../../emu/monitor-layout.ts';
import { amd64Syscalls } from '../../guest/linux/signature.ts';
import { errnoOf } from '../../guest/linux/tables/errno.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { type Call, type Outcome, unknownName } from '../../replay/calls.ts';
import { errorOf } from '../../replay/errors.ts';
import type { Sites } from '../../trace/chunk-dictionaries.ts';
import { REGISTER } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import type { TraceModel } from '../model/trace-model.ts';
import type { RowBuffer } from './row-buffer.ts';

/** What columns look at of events: those of a chunk, or one that was kept of it. */
export interface EventRows
  extends Pick<EventChunk, 'firstEvent' | 'site' | 'times' | 'icounts' | 'abi' | 'registerLow' | 'registerColumn'> {
  readonly sites: Pick<Sites, 'abi' | 'mechanism' | 'vcpu' | 'rip'>;
}

/** Calls of one chunk that return in one chunk, in the order in which they do. */
export interface CallRows {
  readonly entry: EventRows;
  /** undefined: they don't return. */
  readonly exit: EventRows | undefined;
  readonly count: number;
  /** Of each call its row in either chunk, ... */
  readonly entries: Int32Array;
  readonly exits: Int32Array;
  /** ... and who made it. */
  readonly caller: (i: number) => TaskIdentity | undefined;
}

/** Fills a column from row `at` on. */
type Filler = (at: number, calls: CallRows) => void;

/** Results of calls that failed. */
const MINUS_ONE = 0xffff_ffff;

const byNumber = (table: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(table).map(([name, number]) => [number, name]));
/** 32-bit SYSCALL is SYSCALL; the ABI tells it apart. */
export const MECHANISMS = new Map([...byNumber(MECHANISM), [MECHANISM.syscall32, 'syscall']]);
export const ABIS = byNumber(ABI);

const wideName = (number: number): string => amd64Syscalls().get(number)?.name ?? unknownName(number);
/** Of an error by its number. */
export const errorName = (number: number): string => errnoOf(number)?.name ?? String(number);

/** What the place of an entry tells. */
function ofSites(
  rows: RowBuffer,
  column: string,
  name: (sites: EventRows['sites'], site: number) => string,
): Filler | undefined {
  const text = rows.text(column);
  return (
    text &&
    ((at, { entry, count, entries }) => {
      for (let i = 0; i < count; i++) text.often(at + i, name(entry.sites, entry.site[entries[i]!]!));
    })
  );
}

export class PlainColumns {
  readonly #rows: RowBuffer;
  /** Columns that are filled alike however calls end, and those that tell how. */
  readonly #common: readonly Filler[];
  readonly #endings: readonly Filler[];

  constructor(rows: RowBuffer, model: TraceModel) {
    this.#rows = rows;
    this.#common = [...moments(rows), ...whoAndWhat(rows, model)].filter((filler) => filler !== undefined);
    this.#endings = endings(rows).filter((filler) => filler !== undefined);
  }

  /** Calls whose result is in rax. */
  put(calls: CallRows): void {
    const at = this.#rows.extend(calls.count);
    for (const fill of this.#common) fill(at, calls);
    for (const fill of this.#endings) fill(at, calls);
  }

  /** One call that has been put together because its return had to be looked at. */
  putEnded(calls: CallRows, { outcome, errno, result, resultHigh }: Call): void {
    this.putOne(calls, outcome, outcome === 'value' ? result : errno, resultHigh);
  }

  /** One call that ended in another way; `low`, `high`: its result, or its error's number. */
  putOne(calls: CallRows, outcome: Outcome, low: number, high: number): void {
    const at = this.#rows.extend(calls.count);
    for (const fill of this.#common) fill(at, calls);
    this.#rows.text('outcome')?.often(at, outcome);
    if (outcome === 'value') this.#rows.wide('ret')?.words(at, low, high);
    else if (outcome === 'error') this.#rows.wide('ret')?.words(at, MINUS_ONE, MINUS_ONE);
    if (outcome === 'error' || outcome === 'restart') this.#rows.text('errno')?.often(at, errorName(low));
  }
}

function moments(rows: RowBuffer): (Filler | undefined)[] {
  const [event, returned, time, duration, icount] = PLAIN_WIDE.map((each) => rows.wide(each));
  return [
    event && ((at, { entry, count, entries }) => event.numbers(at, count, entries, entry.firstEvent)),
    returned && ((at, { exit, count, exits }) => exit && returned.numbers(at, count, exits, exit.firstEvent)),
    time && ((at, { entry, count, entries }) => time.from(at, count, entry.times, entries)),
    icount && ((at, { entry, count, entries }) => icount.from(at, count, entry.icounts, entries)),
    duration &&
      ((at, { entry, exit, count, entries, exits }) =>
        exit && duration.differences(at, count, exit.times, exits, entry.times, entries)),
  ];
}

const PLAIN_WIDE = ['event', 'return_event', 'time', 'duration', 'icount'];

function whoAndWhat(rows: RowBuffer, { store }: TraceModel): (Filler | undefined)[] {
  const [vcpu, nr, pid, tid] = ['vcpu', 'nr', 'pid', 'tid'].map((each) => rows.narrow(each));
  const [name, comm] = [rows.text('name'), rows.text('comm')];
  const rip = rows.wide('rip');
  const number = ({ entry }: CallRows): Uint32Array => entry.registerColumn(REGISTER.detail);
  const who =
    (put: (at: number, identity: TaskIdentity) => void): Filler =>
    (at, { count, caller }) => {
      for (let i = 0; i < count; i++) {
        const identity = caller(i);
        if (identity !== undefined) put(at + i, identity);
      }
    };
  return [
    name &&
      ((at, calls) => {
        const { entry, count, entries } = calls;
        const numbers = number(calls);
        // What others than 64-bit calls are called may depend on their first argument.
        if (entry.sites.abi.every((abi) => abi === ABI.linux64))
          name.numberedRows(at, count, numbers, entries, wideName);
        else {
          for (let i = 0; i < count; i++) {
            const row = entries[i]!;
            const own = numbers[2 * row]!;
            name.often(at + i, store.tables.of(entry, row, own)?.name ?? unknownName(own));
          }
        }
      }),
    pid && who((at, { tgid }) => pid.put(at, tgid)),
    tid && who((at, identity) => tid.put(at, identity.pid)),
    comm && who((at, identity) => comm.often(at, identity.comm)),
    vcpu &&
      ((at, { entry, count, entries }) => {
        for (let i = 0; i < count; i++) vcpu.put(at + i, entry.sites.vcpu[entry.site[entries[i]!]!]!);
      }),
    nr &&
      ((at, calls) => {
        const numbers = number(calls);
        for (let i = 0; i < calls.count; i++) nr.put(at + i, numbers[2 * calls.entries[i]!]!);
      }),
    rip &&
      ((at, { entry, count, entries }) => {
        const { site, sites } = entry;
        for (let i = 0; i < count; i++) {
          const own = 2 * site[entries[i]!]!;
          rip.words(at + i, sites.rip[own]!, sites.rip[own + 1]!);
        }
      }),
    ofSites(rows, 'mechanism', ({ mechanism }, site) => MECHANISMS.get(mechanism[site]!) ?? 'unknown'),
    ofSites(rows, 'abi', ({ abi }, site) => ABIS.get(abi[site]!) ?? 'unknown'),
  ];
}

/** How calls ended, by what they left in rax. */
class Results {
  readonly #exits: Int32Array;
  readonly #words: Uint32Array;
  readonly #entries: Int32Array;
  readonly #site: Uint32Array;
  /** By site of the entry: only the low half counts. */
  readonly #narrow: Uint8Array;

  constructor({ entry, entries, exits }: CallRows, exit: EventRows) {
    this.#exits = exits;
    this.#entries = entries;
    this.#words = exit.registerColumn(REGISTER.rax);
    this.#site = entry.site;
    this.#narrow = entry.sites.abi.map((abi) => (abi === ABI.linux64 ? 0 : 1));
  }

  #isNarrow(i: number): boolean {
    return this.#narrow[this.#site[this.#entries[i]!]!] === 1;
  }

  low(i: number): number {
    return this.#words[2 * this.#exits[i]!]!;
  }

  high(i: number): number {
    return this.#isNarrow(i) ? 0 : this.#words[2 * this.#exits[i]! + 1]!;
  }

  /** Number of its error, 0: it succeeded. */
  error(i: number): number {
    return errorOf(this.low(i), this.high(i), this.#isNarrow(i));
  }
}

function endings(rows: RowBuffer): (Filler | undefined)[] {
  const [outcome, errno] = [rows.text('outcome'), rows.text('errno')];
  const ret = rows.wide('ret');
  const each =
    (put: (at: number, results: Results, count: number) => void): Filler =>
    (at, calls) => {
      if (calls.exit !== undefined) put(at, new Results(calls, calls.exit), calls.count);
    };
  return [
    outcome &&
      each((at, results, count) => {
        for (let i = 0; i < count; i++) outcome.often(at + i, results.error(i) === 0 ? 'value' : 'error');
      }),
    ret &&
      each((at, results, count) => {
        for (let i = 0; i < count; i++) {
          if (results.error(i) !== 0) ret.words(at + i, MINUS_ONE, MINUS_ONE);
          else ret.words(at + i, results.low(i), results.high(i));
        }
      }),
    errno &&
      each((at, results, count) => {
        for (let i = 0; i < count; i++) {
          const error = results.error(i);
          if (error !== 0) errno.numbered(at + i, error, errorName);
        }
      }),
  ];
}
