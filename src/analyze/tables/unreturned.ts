import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call } from '../../replay/calls.ts';
import { type Ending, endingOf } from '../../replay/ending.ts';
import type { History } from '../model/history.ts';

/**
 * What became of a call that has not returned when the trace ends: its process ended in it, or it is in it still. `event`: what
 * enters it; `gone`: somebody else has its task's pointer since; `callOf`: undefined where it can't be read.
 */
export function unreturned(
  event: number,
  identity: TaskIdentity | undefined,
  history: History,
  gone: boolean,
  callOf: () => Call | undefined,
): Ending {
  const process = identity && history.process(identity.tgid, event);
  const exit = process?.exit;
  if (exit === undefined || exit.event < event) return { outcome: gone ? 'never' : 'pending', errno: 0 };
  const call = callOf();
  if (call === undefined) return { outcome: 'never', errno: 0 };
  return endingOf(call, exit.signal ?? 0, process!.threads.length === 1);
}
