/** What tasks share when one makes another: include/uapi/linux/sched.h. */
import type { Call } from './calls.ts';

export const CLONE = {
  fs: 0x200,
  files: 0x400,
  pidfd: 0x1000,
  thread: 0x1_0000,
  newMounts: 0x2_0000,
  newPid: 0x2000_0000,
} as const;

/** Flags of a call that makes a task; clone's hold the signal of its end, too. */
export function cloneFlags(call: Call): number {
  if (call.name === 'clone') return call.low(0);
  if (call.name !== 'clone3') return 0;
  // struct clone_args begins with 64 bits of flags.
  const capture = call.capture(0, 'entry');
  return capture === undefined || capture.length < 4 ? CLONE.thread : capture.view.getUint32(capture.start, true);
}
