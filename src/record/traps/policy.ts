import type { ControlPlan } from './control-plan.ts';
import type { WatchClass } from './watch-spec.ts';
import type { WatchContext } from './watched-guest.ts';

/** One thing that can be trapped: `record --traps NAME`. */
export interface TrapPolicy {
  readonly name: string;
  /** What it records, a line for `--help`. */
  readonly about: string;
  /** Adds its controls and rows. Throws UserError when what it needs of the guest or the command line is not there. */
  plan(plan: ControlPlan, context: WatchContext): void;
  /** It comes into force with a `--watch` of that class, and can't do without one unless `operandOptional`. */
  readonly operand?: WatchClass;
  readonly operandOptional?: true;
  /**
   * Policies of calls, which are recorded once the guest is known: adds what makes the guest's first call leave run(),
   * unrecorded and not yet executed.
   */
  awaitFirst?(plan: ControlPlan): void;
}
