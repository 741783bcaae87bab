// Forced trap of SYSCALL and SYSRET: EFER.SCE is not in force, so both raise #UD; the core tells them from a real #UD by
// the instruction's bytes. A call ends at any return to user mode: SYSRET, IRET, SYSEXIT or a far return.

import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import { MECHANISM, RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import type { TrapRow } from './control-plan.ts';
import type { TrapPolicy } from './policy.ts';
import { planReturns } from './returns.ts';

const VECTOR_UD = 6;
const EFER_SCE = 1n;

// biome-ignore format: a table
const ROWS: readonly TrapRow[] = [
  { reason: EXIT.exception, vector: VECTOR_UD, kind: RECORD_KIND.callEntry,  mechanism: MECHANISM.syscall, flags: TRAP_FLAG.fromUser,   bytes: [0x0f, 0x05] },
  { reason: EXIT.exception, vector: VECTOR_UD, kind: RECORD_KIND.callReturn, mechanism: MECHANISM.sysret,  flags: TRAP_FLAG.fromKernel, bytes: [0x0f, 0x07] },
];

export const syscallTrap: TrapPolicy = {
  name: 'syscall',
  about: 'system calls by SYSCALL: entry, return, and what the arguments point to',
  plan(plan) {
    plan.controls |= VMCS_CONTROL.syscall;
    plan.exceptions |= 1 << VECTOR_UD;
    plan.eferHidden |= EFER_SCE;
    plan.rows.push(...ROWS);
    planReturns(plan);
  },
  awaitFirst(plan) {
    plan.controls |= VMCS_CONTROL.syscall;
    plan.eferHidden |= EFER_SCE;
  },
};
