import { type FileChange, FileChanges } from '../analyze/tables/file-changes.ts';
import { UsageError } from '../emu/errors.ts';
import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import { DEFAULT_TRAPS, FILE_EVENTS, TRAP_POLICIES } from '../record/traps/index.ts';
import type { Call } from '../replay/calls.ts';
import type { Descriptors } from '../replay/descriptors.ts';
import type { CallSink } from '../replay/reconstruction.ts';
import type { Trap } from '../replay/traps/trap.ts';
import { callEvent, fileEvent, type MonitorEvent, monitorOfCall, trapEvent } from './event.ts';

export interface MonitorOptions {
  /** Calls: only these, by name or number. */
  readonly call?: string | number | readonly (string | number)[] | undefined;
  /** Calls are told when they come back, with their results; `entry`: when they are made. */
  readonly at?: 'entry' | 'return' | undefined;
  /** What `page-write` and `register` look at, and views of `vmfunc`, as `record --watch` takes it. */
  readonly watch?: string | undefined;
  /** Only what this process does. */
  readonly pid?: number | undefined;
}

export type MonitorHandler = (event: MonitorEvent) => void;

interface Monitor {
  readonly name: string;
  readonly handler: MonitorHandler;
  readonly options: MonitorOptions;
}

/**
 * Monitors of one guest: started and stopped by name, at any time, also by a handler. The names are those of
 * `record --traps`. What they see is the same on a live guest and on a trace.
 */
export abstract class Monitors {
  #started: readonly Monitor[] = [];
  readonly #files = new FileChanges();

  /**
   * From here on `handler` is called with what the monitor sees. Throws UsageError when there is no such monitor or it
   * lacks its operand, UserError when the guest or the trace does not have what it looks at.
   */
  start(name: string, handler: MonitorHandler, options: MonitorOptions = {}): void {
    const all = [...TRAP_POLICIES, FILE_EVENTS].map((one) => one.name);
    if (!all.includes(name)) throw new UsageError(`there is no monitor ${name}; there are ${all.join(', ')}`);
    const before = this.#started;
    this.#started = [...before, { name, handler, options }];
    try {
      this.changed(this.names, this.watches);
    } catch (error) {
      this.#started = before;
      throw error;
    }
  }

  /** Ends all monitors of that name. */
  stop(name: string): void {
    this.#started = this.#started.filter((monitor) => monitor.name !== name);
    this.changed(this.names, this.watches);
  }

  /** Names of the policies that what is started needs, each once. */
  get names(): readonly string[] {
    const calls = DEFAULT_TRAPS.map(({ name }) => name);
    return [...new Set(this.#started.flatMap(({ name }) => (name === FILE_EVENTS.name ? calls : [name])))];
  }

  /** Operands of what is started, each once. */
  protected get watches(): readonly string[] {
    return [...new Set(this.#started.flatMap(({ options: { watch } }) => (watch === undefined ? [] : [watch])))];
  }

  /** Other monitors are started than before. */
  protected abstract changed(names: readonly string[], watches: readonly string[]): void;

  /** What descriptors stand for, as calls were followed. */
  protected abstract get descriptors(): Descriptors | undefined;

  /** What a trigger at that instruction count asked for. */
  protected abstract introspection(icount: number): MonitorEvent['introspection'];

  /** Where events become calls and traps: who takes them. */
  protected readonly sink: CallSink = {
    entry: (call, identity) => {
      const last = call.outcome === 'never';
      this.#tellCall(call, identity, last ? 'both' : 'entry');
    },
    return: (call, identity) => {
      this.#tellCall(call, identity, 'return');
      const { descriptors } = this;
      if (identity === undefined || descriptors === undefined) return;
      const change = this.#files.of(call, identity, descriptors);
      if (change !== undefined) this.#tellFile(change, call, identity);
    },
    signal: () => {},
    trap: (trap, identity) => this.#tellTrap(trap, identity),
    end: () => {},
  };

  #tellCall(call: Call, identity: TaskIdentity | undefined, at: 'entry' | 'return' | 'both'): void {
    const monitor = monitorOfCall(call);
    const wanted = this.#started.filter(
      ({ name, options }) =>
        name === monitor && (at === 'both' || at === (options.at ?? 'return')) && isWanted(options, call, identity),
    );
    if (wanted.length === 0) return;
    const event = callEvent(call, identity);
    for (const { handler } of wanted) handler(event);
  }

  #tellFile(change: FileChange, call: Call, identity: TaskIdentity): void {
    const wanted = this.#started.filter(
      ({ name, options }) => name === FILE_EVENTS.name && isWanted(options, call, identity),
    );
    if (wanted.length === 0) return;
    const event = fileEvent(change, call, identity);
    for (const { handler } of wanted) handler(event);
  }

  #tellTrap(trap: Trap, identity: TaskIdentity | undefined): void {
    const wanted = this.#started.filter(
      ({ name, options: { watch, pid } }) =>
        name === trap.policy &&
        (watch === undefined || trap.fields.watch === undefined || watch === trap.fields.watch) &&
        (pid === undefined || pid === identity?.tgid),
    );
    if (wanted.length === 0) return;
    const event = trapEvent(trap, identity, this.introspection(trap.chunk.icount(trap.row)));
    for (const { handler } of wanted) handler(event);
  }
}

function isWanted({ call: wanted, pid }: MonitorOptions, call: Call, identity: TaskIdentity | undefined): boolean {
  if (pid !== undefined && pid !== identity?.tgid) return false;
  if (wanted === undefined) return true;
  const list = Array.isArray(wanted) ? wanted : [wanted];
  return list.includes(call.name) || list.includes(call.number);
}
