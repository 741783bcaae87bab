import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { callColumns } from '../../replay/calls.ts';
import type { TraceReader } from '../../replay/reader.ts';
import { type CallSink, Reconstruction } from '../../replay/reconstruction.ts';
import { callKeysOf } from './call-keys.ts';
import { type Job, runWhole } from './job.ts';
import { Launches } from './launches.ts';
import { Namings } from './namings.ts';
import { LifetimeBuilder, type Process, shownFrom } from './processes.ts';

/** Calls that begin or end a program, or tell how one ended. */
const LIFECYCLE = callKeysOf(['execve', 'execveat', 'exit', 'exit_group', 'wait4', 'waitpid', 'waitid', 'fork', 'vfork', 'clone', 'clone3', 'unshare', 'setns']); // biome-ignore format: a list

/**
 * Who the tasks of a trace are at each of its moments, and when their processes began and ended. Who they are stands in
 * the index; what they executed and how they ended is read, from the chunks that tell, when somebody asks for it.
 */
export class History {
  readonly #reader: TraceReader;
  readonly #namings: Namings;
  /** Of whom is named; when all is read, with the rest. */
  #lifetimes: LifetimeBuilder;
  readonly #launches: Launches;
  #whole = false;

  private constructor(reader: TraceReader, namings: Namings) {
    this.#reader = reader;
    this.#namings = namings;
    this.#lifetimes = this.#named();
    this.#launches = new Launches(reader, namings);
  }

  /** Reads who the tasks are. */
  static read(reader: TraceReader): History {
    return new History(reader, runWhole(Namings.reading(reader)));
  }

  /** Reads all of it, a chunk a step, for those who have something else to do in between. */
  static *reading(reader: TraceReader): Job<History> {
    const history = new History(reader, yield* Namings.reading(reader));
    yield* history.completing();
    return history;
  }

  /** A command was recorded, and what it started is told from the rest of the guest. */
  get #commandOnly(): boolean {
    return this.#reader.header.command.length > 0;
  }

  #named(): LifetimeBuilder {
    const lifetimes = new LifetimeBuilder(this.#commandOnly);
    for (const naming of this.#namings.all) lifetimes.named(naming);
    return lifetimes;
  }

  /** What processes executed and how they ended is known. */
  get isWhole(): boolean {
    return this.#whole;
  }

  /** Reads what is missing, a chunk a step. */
  *completing(): Job<void> {
    if (this.#whole) return;
    const { index } = this.#reader;
    // Who can't wait for it may read all of it in between.
    const lifetimes = this.#named();
    const sink: CallSink = {
      entry: (call, identity) => lifetimes.entered(call, identity),
      return: (call, identity) => lifetimes.returned(call, identity),
      signal: () => {},
      trap: () => {},
      end: () => {},
    };
    const reconstruction = new Reconstruction({ commandOnly: false, descriptors: false }, () => sink);
    const { tasks } = reconstruction;
    for (const [place, entry] of index.entries()) {
      yield place / index.length;
      if (!entry.summary.calls.some((call) => LIFECYCLE.has(call))) continue;
      const chunk = this.#reader.chunk(entry, callColumns({ arguments: true, times: true }));
      if (chunk === undefined) continue;
      // Chunks before it were left out.
      for (const pointer of chunk.tasks) {
        const identity = this.#namings.identity(pointer, chunk.firstEvent);
        if (identity !== undefined) tasks.name(tasks.at(pointer), identity);
      }
      reconstruction.feed(chunk);
    }
    lifetimes.finish();
    this.#lifetimes = lifetimes;
    this.#whole = true;
  }

  /** With what they executed and how they ended. */
  #complete(): LifetimeBuilder {
    runWhole(this.completing());
    return this.#lifetimes;
  }

  /** Who a task pointer names when an event happens; undefined where the trace does not tell. */
  identity(task: bigint, event: number): TaskIdentity | undefined {
    return this.#namings.identity(task, event);
  }

  /** Every process in the order in which they were met. */
  get processes(): readonly Process[] {
    return this.#complete().processes;
  }

  /** The process that has a number when an event happens. */
  process(tgid: number, event: number): Process | undefined {
    return this.#complete().at(tgid, event);
  }

  /** The process that took a number between two events, or first thereafter. */
  begun(tgid: number, from: number, to: number): Process | undefined {
    return this.#complete().begun(tgid, from, to);
  }

  /** Number of the event from which on a process belongs to the recorded command; Infinity: never. */
  shownFrom(tgid: number, event: number): number {
    const process = this.#lifetimes.at(tgid, event);
    if (process === undefined) return Infinity;
    if (this.#whole) return process.shownFrom;
    return this.#commandOnly ? shownFrom(process, this.#lifetimes, (each) => this.#launches.of(each)) : 0;
  }

  /** Pointers of all tasks of a process or thread, by its number. */
  tasksOf(pid: number): ReadonlySet<bigint> {
    return this.tasksNamed((identity) => identity.pid === pid || identity.tgid === pid);
  }

  /** Pointers of the tasks whose descriptors these tasks may have inherited, themselves included. */
  withAncestors(tasks: ReadonlySet<bigint>): ReadonlySet<bigint> {
    return this.#namings.withAncestors(tasks);
  }

  /** Pointers of all tasks that were ever named so. */
  tasksNamed(passes: (identity: TaskIdentity) => boolean): ReadonlySet<bigint> {
    return this.#namings.tasksNamed(passes);
  }
}
