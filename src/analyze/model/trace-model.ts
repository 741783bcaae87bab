/** A trace for those who look around in it: any event by its number, decoded when asked for; nothing is loaded whole. */
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { AddressNames } from '../../replay/addresses/address-names.ts';
import type { AddressSpaces } from '../../replay/addresses/address-spaces.ts';
import type { Call } from '../../replay/calls.ts';
import { TraceEvent, TraceReader } from '../../replay/reader.ts';
import { type TrapNames, trapNames } from '../../replay/traps/names.ts';
import { type Trap, trapOf } from '../../replay/traps/trap.ts';
import type { TraceMoment } from '../../replay/window.ts';
import type { ChunkSummary } from '../../trace/summary.ts';
import { readingAddressSpaces } from './address-history.ts';
import { ChunkStore, type EventPlace } from './chunk-store.ts';
import { type EventKindName, kindName } from './event-kind.ts';
import type { EventTest } from './event-test.ts';
import { History } from './history.ts';
import { type Job, runWhole } from './job.ts';
import type { Process } from './processes.ts';
import { SingleCalls } from './single-calls.ts';

/** One event, decoded as far as it is looked at. Valid as long as the model is open. */
export class ModelEvent extends TraceEvent {
  readonly #model: TraceModel;

  constructor(model: TraceModel, { chunk, row }: EventPlace) {
    super(chunk, row);
    this.#model = model;
  }

  get kindName(): EventKindName {
    return kindName(this.chunk, this.row);
  }

  /** Who the task was then; undefined where the trace does not tell. */
  get identity(): TaskIdentity | undefined {
    return this.#model.history.identity(this.task, this.number);
  }

  /** The call that it enters or returns from, entry and return together; undefined for other events. */
  get call(): Call | undefined {
    return this.#model.calls.of(this);
  }

  /** The trap that it tells of; undefined for calls and tasks. */
  get trap(): Trap | undefined {
    return trapOf(this.chunk, this.row, this.#model.names);
  }
}

export class TraceModel {
  readonly reader: TraceReader;
  readonly store: ChunkStore;
  readonly calls: SingleCalls;
  readonly names: TrapNames;
  /** Names of addresses. The first of a program's reads the calls that change what lies where. */
  readonly addresses: AddressNames;
  #history: History | undefined;
  #spaces: AddressSpaces | undefined;

  private constructor(reader: TraceReader) {
    this.reader = reader;
    this.store = new ChunkStore(reader);
    this.calls = new SingleCalls(this.store);
    this.names = trapNames(reader.profile);
    this.addresses = new AddressNames(this.names.symbols, () => this.#addressSpaces());
  }

  /** Reads the index. Throws UserError when the file is no trace. */
  static open(path: string): TraceModel {
    return new TraceModel(TraceReader.open(path));
  }

  close(): void {
    this.reader.close();
  }

  /** Events have the numbers 0 to `count` - 1; those of damaged chunks are missing. */
  get count(): number {
    return this.store.count;
  }

  /** Tasks and processes over time; what is not in the index is read when it is first asked for. */
  get history(): History {
    this.#history ??= History.read(this.reader);
    return this.#history;
  }

  /** The same as far as it has been read: undefined before `readHistory` came to its end. */
  get historySoFar(): History | undefined {
    return this.#history?.isWhole === true ? this.#history : undefined;
  }

  /** Reads tasks and processes a chunk a step. */
  *readHistory(): Job<void> {
    if (this.#history === undefined) this.#history = yield* History.reading(this.reader);
    else yield* this.#history.completing();
  }

  /** Reads what lies where in the memory of processes a chunk a step. Yields how much is done, 0 to 1. */
  *readAddresses(): Job<void> {
    this.#spaces ??= yield* readingAddressSpaces(this.reader, this.history);
  }

  #addressSpaces(): AddressSpaces | undefined {
    runWhole(this.readAddresses());
    return this.#spaces;
  }

  /** `nameOf` as a task and an event have it; undefined where the trace does not tell. */
  nameOf(address: bigint, task: bigint, event: number): string | undefined {
    // Most are the kernel's: then it does not matter whose task it was.
    return (
      this.names.symbols.text(address) ??
      this.addresses.nameOf(address, this.history.identity(task, event)?.tgid, event)
    );
  }

  get processes(): readonly Process[] {
    return this.history.processes;
  }

  /** An event by its number; undefined where there is none or its chunk is damaged. */
  event(number: number): ModelEvent | undefined {
    const place = this.store.at(number);
    return place && new ModelEvent(this, place);
  }

  /** Up to `count` events from a number on, in order. */
  window(from: number, count: number): ModelEvent[] {
    const events: ModelEvent[] = [];
    if (count <= 0) return events;
    for (const place of this.store.from(from, 'forward')) {
      events.push(new ModelEvent(this, place));
      if (events.length === count) break;
    }
    return events;
  }

  /** The next event behind `event`, or the last before it, that passes a test. */
  find(event: number, direction: 'forward' | 'backward', test: EventTest): ModelEvent | undefined {
    const start = direction === 'forward' ? event + 1 : event;
    for (const place of this.store.from(start, direction, test.mayHold)) {
      if (test.passes(place)) return new ModelEvent(this, place);
    }
    return undefined;
  }

  /** Number of the first event at or behind a moment; `count` when there is none. */
  eventAt(moment: TraceMoment): number {
    if (moment.by === 'event') return Math.min(moment.value, this.count);
    const position = (place: EventPlace): number =>
      moment.by === 'time' ? place.chunk.time(place.row) : place.chunk.icount(place.row);
    const reaches = ({ icount, time }: ChunkSummary): boolean =>
      Number((moment.by === 'time' ? time : icount)[1]) >= moment.value;
    for (const place of this.store.from(0, 'forward', reaches)) {
      if (position(place) >= moment.value) return place.chunk.firstEvent + place.row;
    }
    return this.count;
  }
}
