// Returns to user mode, which end a call whatever instruction makes them.

import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import { MECHANISM, RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import type { ControlPlan, TrapRow } from './control-plan.ts';

// biome-ignore format: a table
const ROWS: readonly TrapRow[] = [
  { reason: EXIT.iret, kind: RECORD_KIND.callReturn, mechanism: MECHANISM.iret,    flags: TRAP_FLAG.fromKernel, bytes: [0xcf] },
  { reason: EXIT.iret, kind: RECORD_KIND.callReturn, mechanism: MECHANISM.sysexit, flags: TRAP_FLAG.fromKernel, bytes: [0x0f, 0x35] },
  { reason: EXIT.iret, kind: RECORD_KIND.callReturn, mechanism: MECHANISM.retFar,  flags: TRAP_FLAG.fromKernel },
];

/** Adds them once, for all policies of calls together. */
export function planReturns(plan: ControlPlan): void {
  if ((plan.controls & VMCS_CONTROL.iret) !== 0) return;
  plan.controls |= VMCS_CONTROL.iret;
  plan.rows.push(...ROWS);
}
