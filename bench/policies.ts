import { TRAP_POLICIES } from '../src/record/traps/index.ts';
import type { TrapPolicy } from '../src/record/traps/policy.ts';
import { parseWatch } from '../src/record/traps/watch-spec.ts';
import { crossover } from './crossover.ts';
import type { Mode } from './recorded-guest.ts';

/** What one policy costs one program. */
export interface PolicyCost {
  readonly policy: string;
  readonly program: string;
  /** CPU seconds of the thread that runs the guest, over those of the same instructions with nothing armed. */
  readonly ratio: number;
  readonly events: number;
}

/** By program: how much it does, and how much where a policy goes instruction by instruction. */
const PROGRAMS: Readonly<Record<string, { readonly whole: string; readonly stepped: string }>> = {
  a_int: { whole: '9000000', stepped: '10000' },
  b_sha: { whole: '90', stepped: '1' },
  d_interp: { whole: '36000000', stepped: '50000' },
  f_getppid: { whole: '36000000', stepped: '20000' },
  f_fork: { whole: '40000', stepped: '40' },
};
const STEPPING: readonly string[] = ['register'];
/**
 * What policies watch that need to be told: ranges that nobody writes (of the kernel, of nothing, of every program's code), a register
 * that never has the value.
 */
const WATCHES: Readonly<Record<string, readonly string[]>> = {
  'page-write': ['sys_call_table', 'virt:0x700000000000+8', 'virt:0x401000+8'],
  register: ['reg:r15=0x5ca1ab1e5ca1ab1e'],
};
/** Virtual nanoseconds. */
const SLICE = 2_000_000;
/** Nothing armed against nothing armed: what that differs by, the others may as well. */
const CONTROL = '(nothing)';

/** By name, with what they watch. */
function modes(policies: readonly TrapPolicy[]): Record<string, Mode> {
  return Object.fromEntries(
    policies.flatMap((policy): [string, Mode][] => {
      const watches = WATCHES[policy.name];
      if (watches === undefined) return [[policy.name, { traps: [policy] }]];
      return watches.map((watch) => [`${policy.name}:${watch}`, { traps: [policy], watches: [parseWatch(watch)] }]);
    }),
  );
}

/** Every policy, and nothing, against nothing armed. */
export async function measurePolicies(): Promise<readonly PolicyCost[]> {
  const stepping = TRAP_POLICIES.filter(({ name }) => STEPPING.includes(name));
  const others = TRAP_POLICIES.filter((policy) => !stepping.includes(policy));
  return [
    ...(await compare({ [CONTROL]: undefined, ...modes(others) }, 'whole')),
    ...(await compare(modes(stepping), 'stepped')),
  ];
}

async function compare(
  of: Readonly<Record<string, Mode | undefined>>,
  amount: 'whole' | 'stepped',
): Promise<PolicyCost[]> {
  const steps = Object.entries(PROGRAMS).map(([name, amounts]) => ({ name, commands: [`${name} ${amounts[amount]}`] }));
  const costs = await crossover({ name: 'policies', steps, modes: of, slice: SLICE, boot: false });
  return Object.keys(of).flatMap((policy) =>
    [...costs].map(([program, byPolicy]) => {
      const { on, off, events } = byPolicy[policy]!;
      return { policy, program, ratio: on / off, events };
    }),
  );
}
