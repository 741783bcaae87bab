// Forced trap of INT n: the IDT limit in force ends behind the 32 exceptions, so every other vector raises #GP with the
// vector in the error code (SDM volume 3, 6.13). SIDT shows the guest's own limit. A vector that the guest's own table
// does not let through is the guest's fault, not a call.

import { EXIT } from '../../emu/layout.ts';
import { ABI, MECHANISM, RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import { awaiting, type TrapRow } from './control-plan.ts';
import type { TrapPolicy } from './policy.ts';
import { planReturns } from './returns.ts';

const OPCODE = 0xcd;
const CALL = { reason: EXIT.interrupt, kind: RECORD_KIND.callEntry } as const;
const { fromUser, anyVector } = TRAP_FLAG;

// biome-ignore format: a table
const ROWS: readonly TrapRow[] = [
  { ...CALL, vector: 0x80, mechanism: MECHANISM.int80, abi: ABI.linux32, flags: fromUser,             bytes: [OPCODE, 0x80] },
  { ...CALL, vector: 0x2e, mechanism: MECHANISM.int2e, abi: ABI.unknown, flags: fromUser,             bytes: [OPCODE, 0x2e] },
  { ...CALL,               mechanism: MECHANISM.int,   abi: ABI.unknown, flags:            anyVector, bytes: [OPCODE] },
];

export const intTrap: TrapPolicy = {
  name: 'int',
  about: 'system calls by a software interrupt: INT 80h, INT 2Eh or any other',
  plan(plan) {
    plan.cutIdt();
    plan.rows.push(...ROWS);
    planReturns(plan);
  },
  awaitFirst(plan) {
    plan.cutIdt();
    plan.rows.push(...awaiting(ROWS));
  },
};
