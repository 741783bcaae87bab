// Forced trap of INT n: the IDT limit in force ends behind the 32 exceptions, so every other vector raises #GP with the
// vector in the error code (SDM volume 3, 6.13). SIDT shows the guest's own limit. A vector that the guest's own table
// does not let through is the guest's fault, not a call. Far CALL and JMP through a call gate, or to a task of the kernel's, are
// calls by a gate too (SDM volume 3, 5.8.3 and 8.3): there hardware has no trap to force, an exit control sees them.

import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import { ABI, MECHANISM, RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import { awaiting, type TrapRow } from './control-plan.ts';
import type { TrapPolicy } from './policy.ts';
import { planReturns } from './returns.ts';

const OPCODE = 0xcd;
const CALL = { reason: EXIT.interrupt, kind: RECORD_KIND.callEntry } as const;
const GATE = { reason: EXIT.callGate, kind: RECORD_KIND.callEntry } as const;
const { fromUser, anyVector } = TRAP_FLAG;

// biome-ignore format: a table
const ROWS: readonly TrapRow[] = [
  { ...CALL, vector: 0x80, mechanism: MECHANISM.int80, abi: ABI.linux32, flags: fromUser,             bytes: [OPCODE, 0x80] },
  { ...CALL, vector: 0x2e, mechanism: MECHANISM.int2e, abi: ABI.unknown, flags: fromUser,             bytes: [OPCODE, 0x2e] },
  { ...CALL,               mechanism: MECHANISM.int,   abi: ABI.unknown, flags:            anyVector, bytes: [OPCODE] },
  { ...GATE,               mechanism: MECHANISM.callGate, abi: ABI.unknown, flags: fromUser },
];

export const intTrap: TrapPolicy = {
  name: 'int',
  about: 'system calls by a gate: INT 80h, INT 2Eh or any other, far CALL through a call gate',
  plan(plan) {
    plan.cutIdt();
    plan.controls |= VMCS_CONTROL.callGate;
    plan.rows.push(...ROWS);
    planReturns(plan);
  },
  awaitFirst(plan) {
    plan.cutIdt();
    plan.controls |= VMCS_CONTROL.callGate;
    plan.rows.push(...awaiting(ROWS));
  },
};
