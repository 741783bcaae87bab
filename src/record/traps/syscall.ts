// Forced trap of SYSCALL and SYSRET: EFER.SCE is not in force, so both raise #UD; the core tells them from a real #UD by
// the instruction's bytes. A call ends at any return to user mode: SYSRET, IRET, SYSEXIT or a far return.

import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import { ABI, MECHANISM, RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import { awaiting, type TrapRow } from './control-plan.ts';
import type { TrapPolicy } from './policy.ts';
import { planReturns } from './returns.ts';

const VECTOR_UD = 6;
const EFER_SCE = 1n;

const { fromUser, fromKernel, fromCode64, fromCode32 } = TRAP_FLAG;
const { callEntry, callReturn } = RECORD_KIND;
const UD = { reason: EXIT.exception, vector: VECTOR_UD } as const;

// biome-ignore format: a table
const ROWS: readonly TrapRow[] = [
  { ...UD, kind: callEntry,  mechanism: MECHANISM.syscall,   abi: ABI.linux64, flags: fromUser | fromCode64, bytes: [0x0f, 0x05] },
  { ...UD, kind: callReturn, mechanism: MECHANISM.sysret,                      flags: fromKernel,            bytes: [0x0f, 0x07] },
  { ...UD, kind: callEntry,  mechanism: MECHANISM.syscall32, abi: ABI.linux32, flags: fromUser | fromCode32, bytes: [0x0f, 0x05] },
];

export const syscallTrap: TrapPolicy = {
  name: 'syscall',
  about: 'system calls by SYSCALL, also of 32-bit code (AMD): entry, return, and what the arguments point to',
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
    plan.rows.push(...awaiting(ROWS));
  },
};
