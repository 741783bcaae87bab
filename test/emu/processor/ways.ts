// Ways in which the guest writes a few bytes: by stores, read-modify-write, pushes, vectors and strings.
import { REGISTER } from './bench.ts';

interface Operands {
  readonly at: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Where `after` stands too. */
  readonly source: number;
}

/** What is written at once, from the first byte on. */
interface Store {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface Way {
  readonly name: string;
  readonly code: string;
  /** Bytes that it writes. */
  readonly size: number;
  /** It needs 64-bit mode. */
  readonly long: boolean;
  /** It takes the bytes from memory. */
  readonly source: boolean;
  /** What addresses must be a multiple of. */
  readonly aligned: number;
  registers(operands: Operands): Record<number, bigint>;
  /** One after the other. */
  stores(before: Uint8Array, after: Uint8Array): Store[];
}

const { rax, rcx, rdx, rbx, rsp, rsi, rdi } = REGISTER;
const SIZES = [1, 2, 4, 8] as const;

const number = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
const whole = (_: Uint8Array, bytes: Uint8Array): Store[] => [{ offset: 0, bytes }];
/** Element by element. */
const pieces =
  (size: number) =>
  (_: Uint8Array, after: Uint8Array): Store[] =>
    Array.from({ length: after.length / size }, (_, i) => ({
      offset: i * size,
      bytes: after.slice(i * size, (i + 1) * size),
    }));

const way = (
  name: string,
  size: number,
  code: string,
  registers: (operands: Operands) => Record<number, bigint>,
  rest: Partial<Way> = {},
): Way => ({
  ...{ name, size, code: code.replaceAll(' ', ''), long: false, source: false, aligned: 1 },
  stores: whole,
  ...rest,
  registers: (operands) => ({ [rdi]: BigInt(operands.at), [rsi]: BigInt(operands.source), ...registers(operands) }),
});

/** An instruction in the four sizes: its opcode for bytes, and for the others. */
function sized(
  name: string,
  lock: string,
  byte: string,
  others: string,
  registers: (operands: Operands, size: number) => Record<number, bigint>,
): Way[] {
  const codes = [lock + byte, `${lock}66${others}`, lock + others, `${lock}48${others}`];
  return SIZES.map((size, i) =>
    way(`${name}${8 * size}`, size, codes[i]!, (operands) => registers(operands, size), { long: size === 8 }),
  );
}

const added = ({ before, after }: Operands, size: number): Record<number, bigint> => ({
  [rax]: BigInt.asUintN(8 * size, number(after) - number(before)),
});

const MOVES = sized('mov', '', '8807', '8907', ({ after }) => ({ [rax]: number(after) }));
/** Plain stores by size. */
export const STORE = Object.fromEntries(MOVES.map((move) => [move.size, move])) as Record<(typeof SIZES)[number], Way>;

/** or with what is to be set, and with what is to stay. */
const OR_AND: Way = way('or, and', 8, 'f0480907 f0482107', ({ after }) => ({ [rax]: number(after) }), {
  long: true,
  stores: (before, after) => [
    { offset: 0, bytes: before.map((byte, i) => byte | after[i]!) },
    { offset: 0, bytes: after },
  ],
});

const halves = (value: bigint, size: number): readonly [bigint, bigint] => [
  BigInt.asUintN(4 * size, value),
  value >> BigInt(4 * size),
];
const exchanged = ({ before, after }: Operands): Record<number, bigint> => {
  const [a, d] = halves(number(before), before.length);
  const [b, c] = halves(number(after), after.length);
  return { [rax]: a, [rdx]: d, [rbx]: b, [rcx]: c };
};

const count = ({ after }: Operands): Record<number, bigint> => ({ [rcx]: BigInt(after.length) });

export const STOS: Way = way(
  'rep stosq',
  32,
  'fc f348ab',
  ({ after }) => ({ [rax]: number(after.subarray(0, 8)), [rcx]: 4n }),
  { long: true, stores: pieces(8) },
);

export const WAYS: readonly Way[] = [
  ...MOVES,
  ...sized('xchg', '', '8607', '8707', ({ after }) => ({ [rax]: number(after) })),
  ...sized('lock xor', 'f0', '3007', '3107', ({ before, after }) => ({ [rax]: number(before) ^ number(after) })),
  ...sized('lock xadd', 'f0', '0fc007', '0fc107', added),
  ...sized('lock cmpxchg', 'f0', '0fb00f', '0fb10f', ({ before, after }) => ({
    [rax]: number(before),
    [rcx]: number(after),
  })),
  OR_AND,
  way('movnti', 8, '480fc307', ({ after }) => ({ [rax]: number(after) }), { long: true }),
  way('push', 8, '50', ({ at, after }) => ({ [rax]: number(after), [rsp]: BigInt(at + 8) }), { long: true }),
  way('pop', 8, '8f07', ({ source }) => ({ [rsp]: BigInt(source) }), { long: true, source: true }),
  way('movq', 8, '0f1006 660fd607', () => ({}), { source: true }),
  way('movlps', 8, '0f1006 0f1307', () => ({}), { source: true }),
  way('cmpxchg8b', 8, 'f00fc70f', exchanged),
  way('fstp', 10, 'db2e db3f', () => ({}), { source: true }),
  way('movups', 16, '0f1006 0f1107', () => ({}), { source: true }),
  way('movdqu', 16, '0f1006 f30f7f07', () => ({}), { source: true }),
  way('cmpxchg16b', 16, 'f0480fc70f', exchanged, { long: true, aligned: 16 }),
  way('maskmovdqu', 16, '0f1006 660f76c9 660ff7c1', () => ({}), { source: true, stores: pieces(1) }),
  way('rep movsb', 24, 'fc f3a4', count, { source: true, stores: pieces(1) }),
  way(
    'rep movsb down',
    24,
    'fd f3a4 fc',
    ({ at, after, source }) => ({
      [rcx]: BigInt(after.length),
      [rdi]: BigInt(at + after.length - 1),
      [rsi]: BigInt(source + after.length - 1),
    }),
    { source: true, stores: (before, after) => pieces(1)(before, after).reverse() },
  ),
  way('rep movsd', 24, 'fc f3a5', ({ after }) => ({ [rcx]: BigInt(after.length / 4) }), {
    source: true,
    stores: pieces(4),
  }),
];

/** Changes a bit, which is named from `BIT_BASE` bytes before. */
const BIT_BASE = 0x48;
const bit = (name: string, code: string): Way =>
  way(
    name,
    8,
    code,
    ({ at, before, after }) => {
      const changed = (number(before) ^ number(after)).toString(2).length - 1;
      return { [rdi]: BigInt(at - BIT_BASE), [rcx]: BigInt(8 * BIT_BASE + changed) };
    },
    { long: true },
  );

/** Set a bit and reset it. */
export const BITS = { set: bit('lock bts', 'f0480fab0f'), reset: bit('lock btr', 'f0480fb30f') } as const;
