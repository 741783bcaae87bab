import type { Machine } from '../emu/machine.ts';
import { readFiles } from '../guest/linux/views/files.ts';
import { checkIntegrity, type IntegrityReport } from '../guest/linux/views/integrity.ts';
import { KernelStructures, NotKnown } from '../guest/linux/views/kernel.ts';
import { type Mapping, readMaps } from '../guest/linux/views/maps.ts';
import { type ModuleList, readModules } from '../guest/linux/views/modules.ts';
import { type Process, type ProcessList, type RanTask, readProcesses } from '../guest/linux/views/processes.ts';
import { readSockets, type Socket } from '../guest/linux/views/sockets.ts';
import type { KernelFile } from '../guest/linux/views/text.ts';
import { type OperatingSystem, recogniseSystem } from '../guest/os.ts';
import { type Inspection, inspect } from '../world/inspection.ts';

/** What is known besides the guest's memory. */
export interface ViewOptions {
  /** Tasks of which the trace holds events up to this moment. */
  readonly ran?: readonly RanTask[] | undefined;
  /** The kernel's own file, against which its code is compared. */
  readonly kernelFile?: KernelFile | undefined;
}

/** What every process has of something, with what could not be read. */
export interface PerProcess<T> {
  readonly rows: readonly { readonly process: Process; readonly item: T }[];
  readonly notes: readonly string[];
}

/**
 * A guest as it stands at one moment, seen from outside. Each question reads the machine's memory anew, so the answers
 * of one view belong together only as long as the machine does not run; nothing in the guest changes by being asked.
 */
export class GuestView {
  readonly #inspection: Inspection;
  readonly #options: ViewOptions;
  readonly #structures: KernelStructures | undefined;

  constructor(machine: Machine, options: ViewOptions = {}) {
    this.#inspection = inspect(machine);
    this.#options = options;
    const { memory, profile } = this.#inspection;
    this.#structures = profile && new KernelStructures(memory, profile);
  }

  get os(): OperatingSystem {
    const { memory, processor, profile, nt } = this.#inspection;
    return recogniseSystem(memory, processor, profile, nt);
  }

  /** Throws NotKnown when the guest is no Linux that describes itself, as all below do. */
  get processes(): ProcessList {
    return readProcesses(this.#linux, this.#options.ran);
  }

  get modules(): ModuleList {
    return readModules(this.#linux);
  }

  /** Of one process (by pid or thread id), or of all. */
  files(pid?: number): PerProcess<ReturnType<typeof readFiles>['files'][number]> {
    return this.#each(pid, (task) => {
      const { files, notes } = readFiles(this.#linux, task);
      return { items: files, notes };
    });
  }

  sockets(pid?: number): PerProcess<Socket> {
    return this.#each(pid, (task) => {
      const { sockets, notes } = readSockets(this.#linux, task);
      return { items: sockets, notes };
    });
  }

  maps(pid?: number): PerProcess<Mapping> {
    return this.#each(pid, (task) => {
      const { mappings, notes } = readMaps(this.#linux, task);
      return { items: mappings, notes };
    });
  }

  get integrity(): IntegrityReport {
    return checkIntegrity(this.#linux, this.#inspection.processor, this.modules.modules, this.#options.kernelFile);
  }

  get #linux(): KernelStructures {
    if (this.#structures === undefined) throw new NotKnown('not known: no Linux kernel that describes itself is found');
    return this.#structures;
  }

  #each<T>(
    pid: number | undefined,
    read: (task: bigint) => { items: readonly T[]; notes: readonly string[] },
  ): PerProcess<T> {
    const { tasks, notes: before } = this.processes;
    const notes = [...before];
    const chosen =
      pid === undefined ? tasks.filter((task) => task.pid === task.tgid) : tasks.filter((task) => task.pid === pid);
    if (pid !== undefined && chosen.length === 0) throw new NotKnown(`there is no process ${pid}`);
    const rows = chosen.flatMap((process) => {
      const { items, notes: own } = read(process.address);
      notes.push(...own.map((note) => `${process.pid} ${process.comm}: ${note}`));
      return items.map((item) => ({ process, item }));
    });
    return { rows, notes };
  }
}
