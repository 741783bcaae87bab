// The table of trap policies, and how those that were chosen are armed.
import type { Core } from '../../emu/core-instance.ts';
import { EXIT } from '../../emu/layout.ts';
import { ABI } from '../../emu/monitor-layout.ts';
import { type GuestFacts, UNKNOWN_GUEST } from '../../world/guest-facts.ts';
import { controlTrap } from './control.ts';
import { ControlPlan } from './control-plan.ts';
import { cpuidTrap } from './cpuid.ts';
import { intTrap } from './int.ts';
import { interruptTrap } from './interrupt.ts';
import { mmioTrap } from './mmio.ts';
import { pageWriteTrap } from './page-write.ts';
import { pagesTrap } from './pages.ts';
import type { TrapPolicy } from './policy.ts';
import { portIoTrap } from './port-io.ts';
import { rdtscTrap } from './rdtsc.ts';
import { registerTrap } from './register.ts';
import { sensitiveTrap } from './sensitive.ts';
import { syscallTrap } from './syscall.ts';
import { type CaptureLimits, DEFAULT_LIMITS, writeSyscallCaptures } from './syscall-captures.ts';
import { sysenterTrap } from './sysenter.ts';
import { type TaskFacts, writeTaskPolicy } from './task-policy.ts';
import { vmfuncTrap } from './vmfunc.ts';
import { NOTHING_WATCHED, type WatchContext } from './watched-guest.ts';

/** Every policy, in the order in which `--help` lists them. */
export const TRAP_POLICIES: readonly TrapPolicy[] = [
  syscallTrap,
  intTrap,
  sysenterTrap,
  interruptTrap,
  portIoTrap,
  controlTrap,
  sensitiveTrap,
  rdtscTrap,
  cpuidTrap,
  mmioTrap,
  pagesTrap,
  pageWriteTrap,
  registerTrap,
  vmfuncTrap,
];
/** What is trapped when nobody says otherwise: every way into the kernel. */
export const DEFAULT_TRAPS: readonly TrapPolicy[] = [syscallTrap, intTrap, sysenterTrap];

/** What calls do to files is found in the calls: to ask for it is to ask for them. */
export const FILE_EVENTS = {
  name: 'file-events',
  about: 'files and directories created, removed, renamed, opened for writing: from calls',
};

/** Arms the policies, with what is known of the guest. Returns the plan, which can be put into force again. */
export function armTraps(
  core: Core,
  policies: readonly TrapPolicy[],
  facts: TaskFacts & Pick<GuestFacts, 'foreign' | 'nt'>,
  limits: CaptureLimits = DEFAULT_LIMITS,
  context: WatchContext = NOTHING_WATCHED,
): ControlPlan {
  const plan = new ControlPlan();
  for (const policy of policies) policy.plan(plan, context);
  if (facts.nt !== undefined) plan.callsAre(facts.nt.processor === 'x86' ? ABI.nt32 : ABI.nt64);
  else if (facts.foreign === true) plan.callsAre(ABI.unknown);
  writeTaskPolicy(core.memory.buffer, facts);
  writeSyscallCaptures(core.memory.buffer, limits);
  plan.write(core);
  return plan;
}

/** Takes everything back: the guest runs as it would by itself. */
export function disarmTraps(core: Core): void {
  new ControlPlan().write(core);
}

/**
 * Before a kernel is up: everything but calls is recorded, without tasks, and the guest's first call leaves run(),
 * unrecorded and not yet executed: then the guest can be asked what it is. Watches that need to know it wait too.
 */
export function armEarlyTraps(core: Core, policies: readonly TrapPolicy[], watches: WatchContext['watches']): void {
  const plan = new ControlPlan();
  const waiting = policies.some(({ awaitFirst }) => awaitFirst !== undefined) ? policies : DEFAULT_TRAPS;
  if (policies.length > 0) for (const policy of waiting) policy.awaitFirst?.(plan);
  const context = { watches, machine: undefined, early: true };
  for (const policy of policies) if (policy.awaitFirst === undefined) policy.plan(plan, context);
  writeTaskPolicy(core.memory.buffer, UNKNOWN_GUEST);
  plan.write(core);
}

/** Whether an exit is one that `armEarlyTraps` armed for calls; after `armTraps` the call executes and is recorded. */
export function isFirstCall(reason: number): boolean {
  return reason === EXIT.exception || reason === EXIT.interrupt || reason === EXIT.callGate;
}
