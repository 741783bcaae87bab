import { STRUCTS } from './tables/structs.ts';
import { SYSCALLS_AMD64 } from './tables/syscalls-amd64.ts';

/** When the kernel reads or writes what a pointer names. */
export type Direction = 'in' | 'out' | 'inout' | 'failure';

/** How many there are: one, a fixed number, the value of an argument, the result, or the u32 that an argument points to. */
export type Count =
  | { readonly by: 'fixed'; readonly value: number }
  | { readonly by: 'argument'; readonly argument: number }
  | { readonly by: 'result' }
  | { readonly by: 'pointer'; readonly argument: number };

/** Only when argument `argument`, under `mask`, has `value`. */
export interface Condition {
  readonly argument: number;
  readonly mask: number;
  readonly value: number;
}

/** What a pointer argument names. */
export interface Pointee {
  readonly argument: number;
  readonly what: 'string' | 'bytes' | 'struct' | 'iovec' | 'msghdr' | 'mmsghdr' | 'strings' | 'fdset' | 'ioctl';
  readonly direction: Direction;
  readonly struct: string;
  readonly count: Count;
  readonly condition?: Condition;
}

export interface Argument {
  /** The word of the table without its pointer syntax: how the value is shown. */
  readonly format: string;
  readonly pointee?: Pointee;
}

/** A system call as the tables describe it. */
export interface Syscall {
  readonly number: number;
  readonly name: string;
  readonly arguments: readonly Argument[];
  /** Captures beyond those of the arguments themselves. */
  readonly conditional: readonly Pointee[];
  readonly result: 'int' | 'fd' | 'ptr' | 'hex' | 'none' | 'uid' | 'oct' | 'pid' | 'long';
}

/** Structs whose count is their size in bytes. */
const SIZED_BY_BYTES = new Set(['sockaddr', 'optval', 'cpuset', 'cloneargs']);
const ONE: Count = { by: 'fixed', value: 1 };
const DIRECTIONS: Readonly<Record<string, Direction>> = { '<': 'in', '>': 'out', '=': 'inout', '!': 'failure' };

function parseCount(text: string | undefined): Count {
  if (text === undefined) return ONE;
  if (text === 'result') return { by: 'result' };
  if (text.startsWith('*')) return { by: 'pointer', argument: Number(text.slice(1)) };
  return { by: 'argument', argument: Number(text) };
}

function structPointee(word: string, argument: number): Argument {
  const match = /^([<>=!])(\w+?)(?:\*(\d+)|\[(\*?\w+)\])?$/.exec(word);
  if (match === null) throw new Error(`argument ${word}`);
  const [, sign, struct, fixed, counted] = match;
  const count: Count = fixed === undefined ? parseCount(counted) : { by: 'fixed', value: Number(fixed) };
  const direction = DIRECTIONS[sign!]!;
  const special = { iov: 'iovec', msghdr: 'msghdr', mmsghdr: 'mmsghdr', fdset: 'fdset' } as const;
  const what = struct! in special ? special[struct as keyof typeof special] : 'struct';
  if (what === 'struct' && STRUCTS[struct!] === undefined && !SIZED_BY_BYTES.has(struct!)) {
    throw new Error(`no struct ${struct}`);
  }
  return { format: struct!, pointee: { argument, what, direction, struct: struct!, count } };
}

function parseArgument(word: string, argument: number): Argument {
  const [kind, size] = word.split(':');
  const pointee = (what: Pointee['what'], direction: Direction, count: Count = ONE): Pointee => ({
    argument,
    what,
    direction,
    struct: kind === 'dirents' ? kind : '',
    count,
  });
  if ('<>=!'.includes(word[0]!)) return structPointee(word, argument);
  switch (kind) {
    case 'path':
    case 'str':
      return { format: kind, pointee: pointee('string', 'in') };
    case 'argv':
    case 'envp':
      return { format: kind, pointee: pointee('strings', 'in') };
    case 'in':
      return { format: 'in', pointee: pointee('bytes', 'in', { by: 'argument', argument: Number(size) }) };
    case 'out':
    case 'dirents':
    case 'random':
      return { format: kind, pointee: pointee('bytes', 'out', { by: 'argument', argument: Number(size) }) };
    case 'ioctlarg':
      return { format: kind, pointee: pointee('ioctl', 'inout', { by: 'argument', argument: argument - 1 }) };
  }
  if (word.startsWith('str>')) {
    const count: Count = { by: 'argument', argument: Number(word.slice(4)) };
    return { format: 'str>', pointee: pointee('bytes', 'out', count) };
  }
  return { format: word };
}

/** `?1&0x7f=0,9 <timespec@3`: the words after a `?` word up to the next. */
function parseConditional(words: readonly string[]): Pointee[] {
  const out: Pointee[] = [];
  let conditions: Condition[] = [];
  for (const word of words) {
    const condition = /^\?(\d)(?:&(0x[0-9a-f]+))?=(.+)$/.exec(word);
    if (condition !== null) {
      const mask = Number(condition[2] ?? 0xffff_ffff);
      conditions = condition[3]!
        .split(',')
        .map((value) => ({ argument: Number(condition[1]), mask, value: Number(value) }));
      continue;
    }
    const [pointer, argument] = word.split('@');
    const { pointee } = structPointee(pointer!, Number(argument));
    for (const each of conditions) out.push({ ...pointee!, condition: each });
  }
  return out;
}

function parse(number: number, name: string, signature: string): Syscall {
  const words = signature.split(' ').filter((word) => word !== '');
  const firstCondition = words.findIndex((word) => word.startsWith('?'));
  const conditional = firstCondition < 0 ? [] : words.splice(firstCondition);
  const arrow = words.indexOf('->');
  const result = arrow < 0 ? 'int' : (words.splice(arrow)[1] as Syscall['result']);
  return { number, name, arguments: words.map(parseArgument), conditional: parseConditional(conditional), result };
}

const AMD64: ReadonlyMap<number, Syscall> = new Map(
  SYSCALLS_AMD64.map(([number, name, signature]) => [number, parse(number, name, signature)]),
);

/** Every system call of the amd64 table by number. */
export function amd64Syscalls(): ReadonlyMap<number, Syscall> {
  return AMD64;
}

/** Everything to be captured for a call: its pointer arguments and the conditional ones. */
export function pointeesOf(syscall: Syscall): Pointee[] {
  const own = syscall.arguments.flatMap((argument) => (argument.pointee === undefined ? [] : [argument.pointee]));
  return [...own, ...syscall.conditional];
}

/** True when the count of the struct is its size in bytes (socket addresses, CPU sets). */
export function isSizedByBytes(struct: string): boolean {
  return SIZED_BY_BYTES.has(struct);
}
