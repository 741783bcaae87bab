/** General registers and their parts, by the names that programs have for them. */
import { REGISTER } from './event.ts';

export interface RegisterPart {
  /** rax to r15: its number in REGISTER. */
  readonly register: number;
  /** Its lowest byte in the register: 1 for ah, ch, dh and bh, else 0. */
  readonly offset: number;
  /** Bytes: 8, 4, 2 or 1. */
  readonly size: number;
}

const GENERAL_REGISTERS = 16;

/** rax to r15, then their parts. */
export const REGISTER_PARTS: ReadonlyMap<string, RegisterPart> = new Map(
  Object.entries(REGISTER)
    .filter(([, register]) => register < GENERAL_REGISTERS)
    .flatMap(([name, register]) => partsOf(name, register)),
);

const NAMES = new Map([...REGISTER_PARTS].map(([name, part]) => [keyOf(part), name]));

/** What the part is called; undefined: nothing has a name there. */
export function registerPartName(part: RegisterPart): string | undefined {
  return NAMES.get(keyOf(part));
}

function partsOf(name: string, register: number): (readonly [string, RegisterPart])[] {
  const [short, numbered] = [name.slice(1), /\d$/.test(name)];
  const letter = /^[a-d]x$/.test(short) ? short[0]! : undefined;
  const words = numbered ? [`${name}d`, `${name}w`, `${name}b`] : [`e${short}`, short, `${letter ?? short}l`];
  const names = [name, ...words].map((each, i) => [each, { register, offset: 0, size: 8 >> i }] as const);
  return letter === undefined ? names : [...names, [`${letter}h`, { register, offset: 1, size: 1 }]];
}

function keyOf({ register, offset, size }: RegisterPart): number {
  return (register * 8 + offset) * 16 + size;
}
