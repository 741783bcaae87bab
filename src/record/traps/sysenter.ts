// Forced trap of SYSENTER and SYSEXIT: SYSENTER_CS in force is null, so both raise #GP(0) (SDM volume 2, SYSENTER).

import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import { ABI, MECHANISM, RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import { awaiting, type TrapRow } from './control-plan.ts';
import type { TrapPolicy } from './policy.ts';
import { planReturns } from './returns.ts';

const VECTOR_GP = 13;
const GP = { reason: EXIT.exception, vector: VECTOR_GP } as const;

// biome-ignore format: a table
const ROWS: readonly TrapRow[] = [
  { ...GP, kind: RECORD_KIND.callEntry,  mechanism: MECHANISM.sysenter, abi: ABI.linux32, flags: TRAP_FLAG.fromUser,   bytes: [0x0f, 0x34] },
  { ...GP, kind: RECORD_KIND.callReturn, mechanism: MECHANISM.sysexit,                    flags: TRAP_FLAG.fromKernel, bytes: [0x0f, 0x35] },
];

export const sysenterTrap: TrapPolicy = {
  name: 'sysenter',
  about: 'system calls by SYSENTER, as 32-bit programs make them on Intel processors and 32-bit kernels',
  plan(plan) {
    plan.controls |= VMCS_CONTROL.sysenter;
    plan.exceptions |= 1 << VECTOR_GP;
    plan.rows.push(...ROWS);
    planReturns(plan);
  },
  awaitFirst(plan) {
    plan.controls |= VMCS_CONTROL.sysenter;
    plan.rows.push(...awaiting(ROWS));
  },
};
