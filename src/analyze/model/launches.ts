import { callColumns } from '../../replay/calls.ts';
import { Pairing } from '../../replay/pairing.ts';
import type { TraceReader } from '../../replay/reader.ts';
import { isExecve } from '../../replay/scope.ts';
import { Task } from '../../replay/task-table.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import { callKeysOf } from './call-keys.ts';
import type { Namings } from './namings.ts';
import type { Process } from './processes.ts';

const EXECUTES = callKeysOf(['execve', 'execveat']);
const COLUMNS = callColumns({ arguments: false, times: false });

/**
 * When processes first put a program into themselves. Only chunks in which their tasks do are read, so that who asks for
 * one process need not wait for the whole trace.
 */
export class Launches {
  readonly #reader: TraceReader;
  readonly #namings: Namings;
  readonly #known = new Map<Process, number>();

  constructor(reader: TraceReader, namings: Namings) {
    this.#reader = reader;
    this.#namings = namings;
  }

  /** Number of the event that enters a process's first execve that succeeds; Infinity: there is none. */
  of(process: Process): number {
    let event = this.#known.get(process);
    if (event === undefined) {
      event = this.#find(process);
      this.#known.set(process, event);
    }
    return event;
  }

  #find(process: Process): number {
    const tasks = new Map(process.threads.map(({ task }) => [task, new Task(task)]));
    const pairing = new Pairing();
    for (const entry of this.#reader.index) {
      const { firstEvent, count, tasks: there, calls } = entry.summary;
      if (firstEvent + count <= process.first.event) continue;
      if (!calls.some((call) => EXECUTES.has(call)) || !there.some((task) => tasks.has(task))) continue;
      const chunk = this.#reader.chunk(entry, COLUMNS);
      const event = chunk && this.#findIn(chunk, process, tasks, pairing);
      if (event !== undefined) return event;
    }
    return Infinity;
  }

  #findIn(
    chunk: EventChunk,
    { pid, first }: Process,
    tasks: ReadonlyMap<bigint, Task>,
    pairing: Pairing,
  ): number | undefined {
    const own = chunk.tasks.map((pointer) => tasks.get(pointer));
    for (let row = 0; row < chunk.count; row++) {
      const task = own[chunk.taskRow[row]!];
      const call = task && chunk.call(row);
      if (call === undefined || !EXECUTES.has(call)) continue;
      if (chunk.kind(row) === EVENT_KIND.callEntry) {
        const event = chunk.firstEvent + row;
        if (event >= first.event && this.#namings.identity(task!.pointer, event)?.tgid === pid) {
          pairing.enter(task!, chunk, row);
        }
        continue;
      }
      const ended = pairing.leave(task!, chunk, row);
      if (ended?.outcome === 'value' && isExecve(ended)) return ended.chunk.firstEvent + ended.row;
    }
    return undefined;
  }
}
