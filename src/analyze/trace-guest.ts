import type { Machine } from '../emu/machine.ts';
import type { RanTask } from '../guest/linux/views/processes.ts';
import { TraceReader } from '../replay/reader.ts';
import { Reexecution } from '../replay/reexecution.ts';
import type { StartFiles } from '../replay/start-state.ts';
import { type Task, TaskTable } from '../replay/task-table.ts';
import { parseMoment } from '../replay/window.ts';
import { EVENT_KIND } from '../trace/event.ts';
import { GuestView, type ViewOptions } from './guest-view.ts';

/** The guest of a trace, run again to any moment. */
export class TraceGuest {
  readonly #files: StartFiles;
  readonly #reader: TraceReader;
  #run: Reexecution | undefined;

  /** Throws UserError when the file is no trace. */
  constructor(path: string, files: StartFiles = {}) {
    this.#files = files;
    this.#reader = TraceReader.open(path);
  }

  get reader(): TraceReader {
    return this.#reader;
  }

  /** The machine as it stands now: where `at` left it. */
  get machine(): Machine {
    return this.#reexecution.machine;
  }

  /**
   * The guest at an instruction count, a time (`1.25s`), an event (`#1234`), or the end. A moment before the last one
   * asked for is reached from the start again. Throws UserError when it can't be reached exactly as recorded.
   */
  at(moment?: string, options: Omit<ViewOptions, 'ran'> = {}): GuestView {
    const wanted = moment === undefined ? undefined : parseMoment(moment, '--at');
    if (this.#run !== undefined && !this.#run.canReach(wanted)) this.#run = undefined;
    this.#reexecution.runTo(wanted);
    return new GuestView(this.machine, { ...options, ran: this.#ranTasks() });
  }

  close(): void {
    this.#reader.close();
  }

  get #reexecution(): Reexecution {
    this.#run ??= new Reexecution(this.#reader, this.#files);
    return this.#run;
  }

  /** Tasks that made events up to now, as they were last named. */
  #ranTasks(): RanTask[] {
    const table = new TaskTable();
    const seen = new Set<Task>();
    const { icount } = this.machine;
    for (const { chunk, row, task: pointer } of this.#reader.events({ kinds: new Set([EVENT_KIND.task]) })) {
      if (chunk.icount(row) > icount) break;
      const task = table.at(pointer);
      table.update(task, chunk, row);
      seen.add(task);
    }
    return [...seen].flatMap(({ pointer, identity }) =>
      identity === undefined ? [] : [{ address: pointer, pid: identity.pid, start: identity.start }],
    );
  }
}
