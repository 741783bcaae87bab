// VM functions (SDM volume 3, 25.5.5): a program switches between second-level views, and triggers introspections, by an
// instruction that needs no privilege. Without this policy VMFUNC is #UD, as on a processor without it.

import { EXIT, SECOND_LEVEL, VMCS_CONTROL } from '../../emu/layout.ts';
import { COMPLETION, RECORD_KIND, TRAP_FLAG } from '../../emu/monitor-layout.ts';
import type { TrapRow } from './control-plan.ts';
import type { TrapPolicy } from './policy.ts';
import { memoryRows } from './watched-guest.ts';

/** EPTP switching: function 0. */
const SWITCH = 0;
const EXITS = { reason: EXIT.vmfunc, kind: RECORD_KIND.exit } as const;

// biome-ignore format: a table
const ROWS: readonly TrapRow[] = [
  // Of function 0 only what fails comes here; the program gets #UD.
  { ...EXITS, vector: SWITCH },
  { ...EXITS, flags: TRAP_FLAG.anyVector, completion: COMPLETION.host },
];

export const vmfuncTrap: TrapPolicy = {
  name: 'vmfunc',
  about: 'VMFUNC works: 0 switches the view without an exit, 1 to 63 trigger an introspection',
  operand: 'view',
  operandOptional: true,
  plan(plan, context) {
    plan.controls |= VMCS_CONTROL.vmfunc;
    plan.vmFunctions |= 1 << SWITCH;
    plan.rows.push(...ROWS);
    const rows = memoryRows(context, 'view');
    if (rows.length === 0) return;
    plan.memory.push(...rows);
    plan.controls |= VMCS_CONTROL.pageWrite;
    const beyondWrites = SECOND_LEVEL.read | SECOND_LEVEL.execute;
    if (rows.some(({ view }) => ((view?.accesses ?? 0) & beyondWrites) !== 0)) plan.controls |= VMCS_CONTROL.pageRead;
  },
};
