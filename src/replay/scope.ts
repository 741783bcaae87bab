import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import type { Call } from './calls.ts';

/** Which tasks are shown. */
export interface Scope {
  /** Asked once for every event of a task that may begin or be shown, in order; `identity` is as it is after it. */
  shows(identity: TaskIdentity | undefined): boolean;
  /** Asked when an execve returned whose entry is not shown: whether what is shown begins with it. */
  beginsWith(call: Call, identity: TaskIdentity | undefined): boolean;
}

/** Everything that the guest did. */
export const WHOLE_GUEST: Scope = { shows: () => true, beginsWith: () => true };

const INIT = 1;
const INIT_NAME = 'init';
/** The idle task and kthreadd, whose children are the kernel's own. */
const KERNEL_THREADS: ReadonlySet<number> = new Set([0, 2]);

/** Whether a call puts another program into its process. */
export function isExecve({ name }: Call): boolean {
  return name === 'execve' || name === 'execveat';
}

/**
 * The recorded command and all its descendants, as `strace -f CMD` shows them: a child of the guest's init counts from
 * its first successful execve on (what it does before is the launcher's own), everything that it starts from its first call on.
 * Where calls are not in the trace, the name of the child's program tells that it has begun, and everything that is not
 * the kernel's or init's own counts.
 */
export class CommandScope implements Scope {
  readonly #groups = new Map<number, 'launching' | 'shown' | 'hidden'>();
  readonly #calls: boolean;

  /** `calls`: system calls are in the trace. */
  constructor(calls: boolean) {
    this.#calls = calls;
  }

  shows(identity: TaskIdentity | undefined): boolean {
    if (identity === undefined) return false;
    const state = this.#classify(identity);
    if (state !== 'launching' || this.#calls || identity.comm === INIT_NAME) return state === 'shown';
    this.#groups.set(identity.tgid, 'shown');
    return true;
  }

  beginsWith(call: Call, identity: TaskIdentity | undefined): boolean {
    if (identity === undefined) return false;
    const state = this.#classify(identity);
    if (state !== 'launching') return state === 'shown';
    if (call.outcome !== 'value') return false;
    this.#groups.set(identity.tgid, 'shown');
    return true;
  }

  #classify({ tgid, parent }: TaskIdentity): 'launching' | 'shown' | 'hidden' {
    const known = this.#groups.get(tgid);
    if (known !== undefined) return known;
    const state = tgid === INIT ? 'hidden' : parent === INIT ? 'launching' : this.#groups.get(parent);
    // Without calls many processes have no event: that the parent is not known does not say that it is none of the command's.
    const stranger = this.#calls || KERNEL_THREADS.has(tgid) || KERNEL_THREADS.has(parent);
    const unknown = state === undefined && !stranger ? 'shown' : 'hidden';
    const settled = state === 'shown' || state === 'launching' ? state : unknown;
    this.#groups.set(tgid, settled);
    return settled;
  }
}
