import { TRAP_POLICIES } from '../src/record/traps/index.ts';
import { DEFAULT_LIMITS } from '../src/record/traps/syscall-captures.ts';
import { parseWatch } from '../src/record/traps/watch-spec.ts';
import { OUTPUT } from './image.ts';
import { type Mode, OFF, ratioTo, type Turn, takeTurns } from './turns.ts';

/** What one policy costs one program. */
export interface PolicyCost {
  readonly policy: string;
  readonly program: string;
  /** CPU seconds of the thread that runs the guest, over those without anything armed: the median of several turns. */
  readonly ratio: number;
  /** In one turn. */
  readonly events: number;
}

const ROUNDS = 6;
/** Programs in turns so short that some of them are not disturbed. */
const PROGRAMS: Readonly<Record<string, string>> = {
  a_int: 'a_int 80000',
  b_sha: 'b_sha 1',
  d_interp: 'd_interp 300000',
  f_getppid: 'f_getppid 100000',
  f_fork: 'f_fork 200',
};
/** What policies watch that need to be told: ranges that nobody writes, a register that never has the value. */
const WATCHES: Readonly<Record<string, readonly string[]>> = {
  'page-write': ['sys_call_table', 'virt:0x700000000000+8'],
  register: ['reg:r15=0x5ca1ab1e5ca1ab1e'],
};

function modes(): Record<string, Mode> {
  const trace = `${OUTPUT}policies.trap`;
  const of = (policy: (typeof TRAP_POLICIES)[number], watches: readonly string[]): Mode => {
    return { traps: [policy], limits: DEFAULT_LIMITS, watches: watches.map(parseWatch), trace };
  };
  return Object.fromEntries(
    TRAP_POLICIES.flatMap((policy) => {
      const watches = WATCHES[policy.name];
      if (watches === undefined) return [[policy.name, of(policy, [])]];
      return watches.map((watch) => [`${policy.name}:${watch}`, of(policy, [watch])]);
    }),
  );
}

/** These go instruction by instruction: one turn tells enough. */
const STEPPING: readonly string[] = ['register'];

/** Every policy on against off, in one run: one machine, in which each takes turns with nothing armed, for each program. */
export async function measurePolicies(): Promise<readonly PolicyCost[]> {
  const all = modes();
  const names = Object.keys(all);
  const stepped = names.filter((name) => all[name]!.traps.some((policy) => STEPPING.includes(policy.name)));
  const often = names.filter((name) => !stepped.includes(name));
  const taken = [...Array.from({ length: ROUNDS }, () => often).flat(), ...stepped].flatMap((name) => [OFF, name]);
  const own = [...taken, OFF];
  const turns = Object.values(PROGRAMS).flatMap((command) => own.map((mode): Turn => ({ mode, commands: [command] })));
  const { spans } = await takeTurns('policies', [...turns, { mode: OFF, commands: [] }], all);
  return Object.keys(PROGRAMS).flatMap((program, i) => {
    const part = spans.slice(i * own.length, (i + 1) * own.length);
    return names.map((policy) => {
      const events = part.find(({ mode }) => mode === policy)?.events ?? 0;
      return { policy, program, ratio: ratioTo(part, policy, OFF), events };
    });
  });
}
