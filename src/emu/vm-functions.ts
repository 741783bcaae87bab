import type { Core } from './core-instance.ts';
import { VMCS_CONTROL } from './layout.ts';

/**
 * VM functions as a guest has them under a monitor, without one: a switch of views succeeds within the list, a trigger
 * does nothing, all else is #UD. For the run again of what was recorded with them.
 */
export function allowVmFunctions(core: Core): void {
  core.set('vmcsControls', VMCS_CONTROL.vmfunc);
  core.set('vmcsVmfuncControls', 1);
  core.set('monitorOn', 1); // without rows: nothing leaves run()
}
