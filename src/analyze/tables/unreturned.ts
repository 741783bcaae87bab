import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Call, Outcome } from '../../replay/calls.ts';
import { diedOfSending } from '../../replay/reconstruction.ts';
import type { History } from '../model/history.ts';

/** What became of a call that has not returned when the trace ends: its process ended in it, or it is in it still. */
export function unreturned(call: Call, identity: TaskIdentity | undefined, history: History): Outcome {
  const event = call.chunk.firstEvent + call.row;
  const exit = identity && history.process(identity.tgid, event)?.exit;
  if (exit === undefined || exit.event < event) return 'pending';
  return diedOfSending(call, exit.signal ?? 0) ? 'value' : 'never';
}
