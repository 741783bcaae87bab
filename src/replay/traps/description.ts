/** What is said of a trap, whatever its policy. */

/** Policies of traps that are no calls, in the order in which they are listed. */
// biome-ignore format: a list
export const TRAP_NAMES = ['interrupt', 'port-io', 'mmio', 'control', 'sensitive', 'rdtsc', 'cpuid', 'vmfunc', 'page-write', 'pages', 'register'] as const;
export type TrapName = (typeof TRAP_NAMES)[number];

export type FieldValue = string | number | boolean | null | readonly { readonly [name: string]: FieldValue }[];

export interface Description {
  /** `unknown`: an exit that this version has no words for. */
  readonly policy: TrapName | 'unknown';
  /** What traps of a policy are counted by. */
  readonly subject: string;
  /** What happened, subject included. */
  readonly text: string;
  /** 64-bit values and addresses are 0x strings, bytes hexadecimal. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** Guest-virtual; undefined where no instruction did it. */
  readonly instruction: bigint | undefined;
}
