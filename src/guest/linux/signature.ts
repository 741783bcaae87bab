import { type Choice, type Condition, conditionsOf, parseChoice } from './choices.ts';
import { STRUCTS } from './tables/structs.ts';
import { IPC_VARIANTS, VARIANTS } from './tables/syscall-variants.ts';
import { SYSCALLS_AMD64 } from './tables/syscalls-amd64.ts';
import { IPC_CALLS, MULTIPLEXERS, SOCKET_CALLS, SYSCALLS_I386 } from './tables/syscalls-i386.ts';

/** How programs call a kernel. Of Linux: the tables of amd64, of i386 with 32-bit pointers, and of what is behind its multiplexers. */
export type LinuxAbi = 'linux64' | 'linux32' | 'multiplexed';
export type Abi = LinuxAbi | 'nt';

/** When the kernel reads or writes what a pointer names. */
export type Direction = 'in' | 'out' | 'inout' | 'failure';

/** How many there are: one, a fixed number, the value of an argument, the result, or the u32 that an argument points to. */
export type Count =
  | { readonly by: 'fixed'; readonly value: number }
  | { readonly by: 'argument'; readonly argument: number }
  | { readonly by: 'result' }
  | { readonly by: 'pointer'; readonly argument: number };

/** What a pointer argument names. */
export interface Pointee {
  readonly argument: number;
  readonly what:
    | 'string'
    | 'bytes'
    | 'struct'
    | 'iovec'
    | 'msghdr'
    | 'mmsghdr'
    | 'strings'
    | 'fdset'
    | 'ioctl'
    | 'iocbs';
  readonly direction: Direction;
  readonly struct: string;
  readonly count: Count;
  readonly condition?: Condition;
  /** The struct is where the pointer at this offset, of what the argument points to, leads. */
  readonly behind?: number;
}

export interface Argument {
  /** The word of the table without its pointer syntax: how the value is shown. */
  readonly format: string;
  readonly pointee?: Pointee;
  /** Number of the register that holds it, in the order in which the ABI passes arguments. */
  readonly register: number;
  /** It takes two registers of 32 bits: which half the first of them holds. */
  readonly halves?: 'low' | 'high';
}

/** What the arguments of a call are where all of `choices` hold. */
export interface Variant {
  readonly choices: readonly Choice[];
  readonly arguments: readonly Argument[];
}

/** A system call as the tables describe it. */
export interface Syscall {
  readonly abi: Abi;
  readonly number: number;
  readonly name: string;
  readonly arguments: readonly Argument[];
  /** Captures beyond those of the arguments themselves. */
  readonly conditional: readonly Pointee[];
  /** Where its arguments hang on a command: the first that holds. */
  readonly variants?: readonly Variant[];
  readonly result: 'int' | 'fd' | 'ptr' | 'hex' | 'none' | 'uid' | 'oct' | 'pid' | 'long' | 'ntstatus';
  /** Of a number that has no one name: what else it may be. There are more arguments than are listed. */
  readonly note?: string;
}

export interface LinuxSyscall extends Syscall {
  readonly abi: LinuxAbi;
}

/** Structs whose count is their size in bytes. */
const SIZED_BY_BYTES = new Set(['sockaddr', 'optval', 'cpuset', 'cloneargs', 'bpfAttributes']);
const ONE: Count = { by: 'fixed', value: 1 };
const DIRECTIONS: Readonly<Record<string, Direction>> = { '<': 'in', '>': 'out', '=': 'inout', '!': 'failure' };

function parseCount(text: string | undefined): Count {
  if (text === undefined) return ONE;
  if (text === 'result') return { by: 'result' };
  if (text.startsWith('*')) return { by: 'pointer', argument: Number(text.slice(1)) };
  return { by: 'argument', argument: Number(text) };
}

/** Integers that are as wide as a register. */
const NARROW: Readonly<Record<string, string>> = { long: 'int', off: 'int' };

/** A struct's name in an ABI: what has pointers or longs in it has a form of its own. */
function structIn(abi: Abi, name: string): string {
  const narrow = `${name}32`;
  return abi !== 'linux64' && STRUCTS[narrow] !== undefined ? narrow : name;
}

function structPointee(abi: Abi, word: string, argument: number): { format: string; pointee: Pointee } {
  const match = /^([<>=!])(\w+?)(?:\*(\d+)|\[(\*?\w+)\])?(?:\+(\d+))?$/.exec(word);
  if (match === null) throw new Error(`argument ${word}`);
  const [, sign, name, fixed, counted, behind] = match;
  const struct = structIn(abi, name!);
  const count: Count = fixed === undefined ? parseCount(counted) : { by: 'fixed', value: Number(fixed) };
  const direction = DIRECTIONS[sign!]!;
  const special = { iov: 'iovec', msghdr: 'msghdr', mmsghdr: 'mmsghdr', fdset: 'fdset', iocbs: 'iocbs' } as const;
  const what = name! in special ? special[name as keyof typeof special] : 'struct';
  if (what === 'struct' && STRUCTS[struct] === undefined && !SIZED_BY_BYTES.has(struct)) {
    throw new Error(`no struct ${struct}`);
  }
  const pointee = { argument, what, direction, struct, count } as const;
  return { format: name!, pointee: behind === undefined ? pointee : { ...pointee, behind: Number(behind) } };
}

function parseArgument(abi: Abi, word: string, argument: number): Omit<Argument, 'register' | 'halves'> {
  const [kind, size] = word.split(':');
  const pointee = (what: Pointee['what'], direction: Direction, count: Count = ONE): Pointee => ({
    argument,
    what,
    direction,
    struct: kind === 'dirents' ? kind : '',
    count,
  });
  if ('<>=!'.includes(word[0]!)) return structPointee(abi, word, argument);
  switch (kind) {
    case 'path':
    case 'str':
      return { format: kind, pointee: pointee('string', 'in') };
    case 'argv':
    case 'envp':
      return { format: kind, pointee: pointee('strings', 'in') };
    case 'in':
    case 'value':
    case 'hexbytes':
      return { format: kind, pointee: pointee('bytes', 'in', { by: 'argument', argument: Number(size) }) };
    case 'out':
    case 'text':
    case 'list':
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
  return { format: (abi === 'linux64' ? undefined : NARROW[word]) ?? word };
}

/** Words to arguments, each with its register; `registers` where they don't simply follow each other. */
function parseArguments(abi: Abi, words: readonly string[], registers?: readonly number[]): Argument[] {
  let next = 0;
  return words.map((word, i): Argument => {
    const register = registers?.[i] ?? next;
    const [plain, half] = word.split('/') as [string, 'low' | 'high' | undefined];
    next = register + (half === undefined ? 1 : 2);
    if (half !== undefined) return { format: plain, register, halves: half };
    return { ...parseArgument(abi, word, register), register };
  });
}

/** `?1&0x7f=0,9 <timespec@3`: the words after a `?` word up to the next. */
function parseConditional(abi: Abi, words: readonly string[]): Pointee[] {
  const out: Pointee[] = [];
  let conditions: Condition[] = [];
  for (const word of words) {
    if (word.startsWith('?')) {
      conditions = conditionsOf(parseChoice(word.slice(1)));
      continue;
    }
    const [pointer, place] = word.split('@');
    const [argument, behind] = place!.split('+');
    const { pointee } = structPointee(abi, behind === undefined ? pointer! : `${pointer}+${behind}`, Number(argument));
    for (const each of conditions) out.push({ ...pointee, condition: each });
  }
  return out;
}

const byName = (rows: typeof VARIANTS): ReadonlyMap<string, typeof VARIANTS> =>
  new Map(rows.map(([name]) => [name, rows.filter(([other]) => other === name)]));
const VARIANTS_OF = byName(VARIANTS);
const IPC_VARIANTS_OF = byName(IPC_VARIANTS);

function variantsOf(abi: LinuxAbi, name: string, registers?: readonly number[]): Variant[] {
  const rows = (abi === 'multiplexed' ? IPC_VARIANTS_OF : VARIANTS_OF).get(name) ?? [];
  return rows.map(([, choices, signature]) => ({
    choices: choices.split(' ').map(parseChoice),
    arguments: parseArguments(abi, signature.split(' '), registers),
  }));
}

/** What a variant captures, under the last of its choices. */
function variantPointees({ choices, arguments: all }: Variant, base: readonly Argument[]): Pointee[] {
  const choice = choices.at(-1)!;
  const conditions = conditionsOf({ ...choice, argument: base[choice.argument]!.register });
  return all.flatMap(({ pointee }) =>
    pointee === undefined ? [] : conditions.map((condition) => ({ ...pointee, condition })),
  );
}

type Parts = Pick<LinuxSyscall, 'arguments' | 'conditional' | 'variants' | 'result'>;

function parse(abi: LinuxAbi, name: string, signature: string, registers?: readonly number[]): Parts {
  const words = signature.split(' ').filter((word) => word !== '');
  const firstCondition = words.findIndex((word) => word.startsWith('?'));
  const conditional = firstCondition < 0 ? [] : words.splice(firstCondition);
  const arrow = words.indexOf('->');
  const result = arrow < 0 ? 'int' : (words.splice(arrow)[1] as Syscall['result']);
  return {
    result,
    arguments: parseArguments(abi, words, registers),
    conditional: parseConditional(abi, conditional),
    variants: variantsOf(abi, name, registers),
  };
}

/** A row of a table. Its signature is read when it is looked at first: most questions ask for a few of all the calls. */
class Row implements LinuxSyscall {
  readonly abi: LinuxAbi;
  readonly number: number;
  readonly name: string;
  readonly #signature: string;
  readonly #registers: readonly number[] | undefined;
  #parts: Parts | undefined;

  constructor(abi: LinuxAbi, number: number, name: string, signature: string, registers?: readonly number[]) {
    this.abi = abi;
    this.number = number;
    this.name = name;
    this.#signature = signature;
    this.#registers = registers;
  }

  get #read(): Parts {
    this.#parts ??= parse(this.abi, this.name, this.#signature, this.#registers);
    return this.#parts;
  }

  get arguments(): readonly Argument[] {
    return this.#read.arguments;
  }

  get conditional(): readonly Pointee[] {
    return this.#read.conditional;
  }

  get variants(): readonly Variant[] {
    return this.#read.variants ?? [];
  }

  get result(): Syscall['result'] {
    return this.#read.result;
  }
}

const AMD64: ReadonlyMap<number, LinuxSyscall> = new Map(
  SYSCALLS_AMD64.map(([number, name, signature]) => [number, new Row('linux64', number, name, signature)]),
);

const SHARED = new Map(SYSCALLS_AMD64.map(([, name, signature]) => [name, signature]));

/** A row of i386, which may leave out what it has in common with amd64. */
function narrow(
  abi: LinuxAbi,
  number: number,
  name: string,
  own?: string,
  registers?: readonly number[],
): [number, LinuxSyscall] {
  const signature = own ?? SHARED.get(name);
  if (signature === undefined) throw new Error(`no signature of ${name}`);
  return [number, new Row(abi, number, name, signature, registers)];
}

const I386: ReadonlyMap<number, LinuxSyscall> = new Map(
  SYSCALLS_I386.map(([number, name, signature]) => narrow('linux32', number, name, signature)),
);

const { socketcall, ipc } = MULTIPLEXERS;
const MULTIPLEXED: ReadonlyMap<number, LinuxSyscall> = new Map([
  ...SOCKET_CALLS.map(([n, name, signature]) => narrow('multiplexed', socketcall.base + n, name, signature)),
  ...IPC_CALLS.map(([n, ...rest]) => narrow('multiplexed', ipc.base + n, ...rest)),
]);

/** Every system call of the amd64 table by number. */
export function amd64Syscalls(): ReadonlyMap<number, LinuxSyscall> {
  return AMD64;
}

/** Every system call of the i386 table by number. */
export function i386Syscalls(): ReadonlyMap<number, LinuxSyscall> {
  return I386;
}

/** What an i386 call with this first argument really is: a call behind socketcall or ipc, or the table's own. */
export function i386Syscall(number: number, first: number): Syscall | undefined {
  const multiplexer = [socketcall, ipc].find((each) => each.number === number);
  const behind = multiplexer && MULTIPLEXED.get(multiplexer.base + (first & 0xffff));
  return behind ?? I386.get(number);
}

/** Every call of all tables of Linux. */
export function allSyscalls(): LinuxSyscall[] {
  return [...AMD64.values(), ...I386.values(), ...MULTIPLEXED.values()];
}

/** Everything to be captured for a call: its pointer arguments and the conditional ones. */
export function pointeesOf(syscall: Syscall): Pointee[] {
  const own = syscall.arguments.flatMap((argument) => (argument.pointee === undefined ? [] : [argument.pointee]));
  const place = ({ argument, direction, behind }: Pointee): string => `${direction} ${argument} ${behind}`;
  const base = new Set(own.map(place));
  const variants = (syscall.variants ?? []).flatMap((variant) => variantPointees(variant, syscall.arguments));
  // What is behind a pointer comes after what holds that.
  return [...own, ...variants.filter((each) => !base.has(place(each))), ...syscall.conditional];
}

/** True when the count of the struct is its size in bytes (socket addresses, CPU sets). */
export function isSizedByBytes(struct: string): boolean {
  return SIZED_BY_BYTES.has(struct);
}
