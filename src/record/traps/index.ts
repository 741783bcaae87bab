// The trap policies: what can be chosen, and what is armed when.
import type { Core } from '../../emu/core-instance.ts';
import { EXIT } from '../../emu/layout.ts';
import type { GuestFacts } from '../../world/guest-facts.ts';
import type { RecordOptions } from '../options.ts';
import { armSyscallTrap, awaitSyscall } from './syscall.ts';
import { DEFAULT_LIMITS, writeSyscallCaptures } from './syscall-captures.ts';
import { writeTaskPolicy } from './task-policy.ts';

/** Traps that can be asked for. */
export const TRAPS = ['syscall'] as const;
export type Trap = (typeof TRAPS)[number];

/** Arms what the options ask for, with what is known of the guest. */
export function armTraps(core: Core, facts: GuestFacts, options: Pick<RecordOptions, 'traps' | 'captureLimit'>): void {
  if (!options.traps.has('syscall')) return;
  const { buffer } = core.memory;
  writeTaskPolicy(buffer, facts);
  writeSyscallCaptures(buffer, { ...DEFAULT_LIMITS, data: options.captureLimit });
  armSyscallTrap(core);
}

/** Before a kernel is up: its first system call leaves run(), unrecorded and not yet executed. */
export function awaitFirstCall(core: Core, traps: ReadonlySet<Trap>): void {
  if (traps.has('syscall')) awaitSyscall(core);
}

/** Whether an exit is the one that `awaitFirstCall` armed; `armTraps` and running on will execute the call. */
export function isFirstCall(core: Core, reason: number): boolean {
  return reason === EXIT.exception && core.get('exitVector') === VECTOR_UD;
}

const VECTOR_UD = 6;
