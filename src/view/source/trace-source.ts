import { basename } from 'node:path';
import type { EventPlace } from '../../analyze/model/chunk-store.ts';
import type { EventTest } from '../../analyze/model/event-test.ts';
import type { Job } from '../../analyze/model/job.ts';
import type { SingleCalls } from '../../analyze/model/single-calls.ts';
import { TraceModel } from '../../analyze/model/trace-model.ts';
import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call } from '../../replay/calls.ts';
import { printable } from '../../replay/printable.ts';
import type { TrapNames } from '../../replay/traps/names.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { Progress } from '../runner.ts';
import { DescriptorHistory } from './descriptor-history.ts';
import { EventLines } from './event-line.ts';
import { type ProcessRow, processTree } from './process-rows.ts';
import { type CallCount, Survey } from './survey.ts';

/** A trace as the viewer looks at it. */
export class TraceSource {
  readonly model: TraceModel;
  readonly calls: SingleCalls;
  readonly lines: EventLines;
  readonly survey: Survey;
  readonly descriptors: DescriptorHistory;
  readonly names: TrapNames;
  #processRows: readonly ProcessRow[] | undefined;
  /** What is being read behind the scenes, and how far that is; undefined: nothing. */
  progress: Progress | undefined;
  /** What lies where in memory has been read. */
  #mapped = false;
  readonly #argumentNames: ReadonlyMap<number, readonly string[]>;

  private constructor(model: TraceModel) {
    this.model = model;
    this.calls = model.calls;
    this.survey = new Survey(model);
    this.names = model.names;
    this.descriptors = new DescriptorHistory(model);
    this.#argumentNames = namesOf(model.reader.profile.get('linux.syscalls')?.json);
    this.lines = new EventLines({
      calls: this.calls,
      names: this.names,
      identity: (task, event) => this.identity(task, event),
      nameOf: (address, place) => this.nameOf(address, place),
      descriptor: (who, fd, event) => this.descriptors.name(who, fd, event),
    });
  }

  /** Throws UserError when the file is no trace. */
  static open(path: string): TraceSource {
    return new TraceSource(TraceModel.open(path));
  }

  get name(): string {
    return basename(this.model.reader.path);
  }

  /** SHA-256 of its header, hexadecimal: another recording has another, were it for its clock alone. Empty when nothing follows it. */
  get headerHash(): string {
    return Buffer.from(this.model.reader.frames[1]?.previous ?? []).toString('hex');
  }

  get count(): number {
    return this.model.count;
  }

  /** Whether it says how its recording ended: then it does not grow. */
  get hasEnded(): boolean {
    return this.model.reader.end !== undefined;
  }

  /** What is known to be damaged or missing. */
  get findings(): readonly string[] {
    return this.model.reader.findings.map(({ message }) => message);
  }

  identity(task: bigint, event: number): TaskIdentity | undefined {
    return this.model.historySoFar?.identity(task, event);
  }

  /** What an address is part of, safe for a terminal; undefined where the trace does not tell, or it was not read yet. */
  nameOf(address: bigint, { chunk, row }: EventPlace): string | undefined {
    const event = chunk.firstEvent + row;
    const name = this.#mapped ? this.model.nameOf(address, chunk.task(row), event) : this.names.symbols.text(address);
    return name === undefined ? undefined : printable(name);
  }

  /**
   * What is to be known of the trace as a whole, read in small steps: who its tasks are, what descriptors mean, counts.
   * `told` is called when something that lines show has become known.
   */
  *read(told: () => void): Job<void> {
    yield* this.#reading('who ran', this.model.readHistory());
    told();
    yield* this.#reading('descriptors', this.descriptors.read());
    told();
    yield* this.#reading('mappings', this.model.readAddresses());
    this.#mapped = true;
    told();
    yield* this.#reading('counting', this.survey.run());
    yield* this.#reading('checking', this.model.reader.checkingUnread());
    this.progress = undefined;
  }

  *#reading(what: string, job: Job<void>): Job<void> {
    this.progress = { what, done: 0 };
    for (const done of job) {
      this.progress = { what, done };
      yield done;
    }
  }

  /** Events that have a line: returns only where they tell something of their own, or where all are wanted. */
  shownEvents({ commandOnly, returns }: { readonly commandOnly: boolean; readonly returns: boolean }): EventTest {
    return {
      passes: (place) => {
        const { chunk, row } = place;
        if (!returns && chunk.kind(row) === EVENT_KIND.callReturn && !entersHandler(place)) return false;
        return !commandOnly || this.#ofCommand(place);
      },
    };
  }

  /** An event of the recorded command or of what it started; of nobody in particular counts too. */
  #ofCommand({ chunk, row }: EventPlace): boolean {
    const event = chunk.firstEvent + row;
    const identity = this.identity(chunk.task(row), event);
    if (this.model.historySoFar === undefined) return true;
    if (identity === undefined) return chunk.kind(row) === EVENT_KIND.exit || chunk.kind(row) === EVENT_KIND.pages;
    return (this.model.historySoFar?.shownFrom(identity.tgid, event) ?? 0) <= event;
  }

  /** The process tree as it is drawn. */
  get processRows(): readonly ProcessRow[] {
    const history = this.model.historySoFar;
    if (history === undefined) return [];
    this.#processRows ??= processTree(history.processes);
    return this.#processRows;
  }

  /** Calls as counted so far, those first in which most time was spent. */
  get statistics(): readonly CallCount[] {
    return [...this.survey.calls].sort((a, b) => b.time - a.time || b.calls - a.calls);
  }

  /** Names of a call's arguments, as the guest's kernel has them. */
  argumentNames(call: Call): readonly string[] {
    return call.narrow ? [] : (this.#argumentNames.get(call.number) ?? []);
  }

  close(): void {
    this.model.close();
  }
}

function entersHandler({ chunk, row }: EventPlace): boolean {
  const { first, shape, shapes } = chunk.captureColumns;
  for (let i = first[row]!; i < first[row + 1]!; i++) {
    if (shapes.kind[shape[i]!] === CAPTURE_KIND.signalFrame) return true;
  }
  return false;
}

/** From a fact of the trace; what is not as it should be counts as missing. */
function namesOf(json: string | undefined): ReadonlyMap<number, readonly string[]> {
  const names = new Map<number, readonly string[]>();
  for (const row of parsed(json)) {
    const { number, arguments: list } = row as { readonly number?: unknown; readonly arguments?: unknown };
    if (typeof number === 'number' && Array.isArray(list))
      names.set(
        number,
        list.map((name) => printable(String(name))),
      );
  }
  return names;
}

function parsed(json: string | undefined): readonly object[] {
  try {
    const value: unknown = JSON.parse(json ?? '[]');
    return Array.isArray(value) ? value.filter((row) => typeof row === 'object' && row !== null) : [];
  } catch {
    return [];
  }
}
