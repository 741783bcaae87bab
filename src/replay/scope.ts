import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import type { Step } from './pairing.ts';
import type { TaskTable } from './task-table.ts';

/** Which tasks are shown. */
export interface Scope {
  /** Asked once for every step, in order. */
  shows(step: Step, identity: TaskIdentity | undefined): boolean;
}

/** Everything that the guest did. */
export const WHOLE_GUEST: Scope = { shows: () => true };

const INIT = 1;
/** Calls that put another program into a process. */
export const EXECVE: ReadonlySet<string> = new Set(['execve', 'execveat']);

/**
 * The recorded command and all its descendants, as `strace -f CMD` shows them: a child of the guest's init counts from
 * its first successful execve on (what it does before is the launcher's own), everything that it starts from its first call on.
 */
export class CommandScope implements Scope {
  readonly #tasks: TaskTable;
  readonly #groups = new Map<number, 'launching' | 'shown' | 'hidden'>();

  constructor(tasks: TaskTable) {
    this.#tasks = tasks;
  }

  shows(step: Step, identity: TaskIdentity | undefined): boolean {
    if (step.kind === 'task') {
      const now = this.#tasks.get(step.task);
      if (now !== undefined) this.#classify(now);
      return false;
    }
    if (identity === undefined) return false;
    const state = this.#classify(identity);
    if (state !== 'launching') return state === 'shown';
    if (step.kind !== 'return' || !EXECVE.has(step.call.name) || step.call.outcome.kind !== 'value') return false;
    this.#groups.set(identity.tgid, 'shown');
    return true;
  }

  #classify({ tgid, parent }: TaskIdentity): 'launching' | 'shown' | 'hidden' {
    const known = this.#groups.get(tgid);
    if (known !== undefined) return known;
    const state = tgid === INIT ? 'hidden' : parent === INIT ? 'launching' : this.#groups.get(parent);
    const settled = state === 'shown' || state === 'launching' ? state : 'hidden';
    this.#groups.set(tgid, settled);
    return settled;
  }
}
