// Sources: struct mm_struct (include/linux/mm_types.h), create_elf_tables and load_elf_binary (fs/binfmt_elf.c),
// include/uapi/linux/auxvec.h.
import type { KernelTypes } from './types.ts';

/** Members of mm_struct that say where a program's parts lie; in every kernel they stand close together. */
const MEMBERS = ['start_code', 'end_code', 'end_data', 'start_brk', 'start_stack', 'arg_start', 'arg_end', 'env_end', 'saved_auxv'] as const; // biome-ignore format: a list
type Member = (typeof MEMBERS)[number];

/** Where the kernel keeps that: what the recorder copies at each execve. */
export interface ImagePlace {
  /** Offset of `mm` in a task. */
  readonly memory: number;
  /** Offset of the copied piece in mm_struct, and its bytes. */
  readonly block: number;
  readonly bytes: number;
  /** Offsets in the piece. */
  readonly members: Readonly<Record<Member, number>>;
}

/** undefined where the kernel does not tell, or keeps it in more than `limit` bytes. */
export function findImagePlace(types: KernelTypes | undefined, limit: number): ImagePlace | undefined {
  const memory = types?.offsetOf('task_struct', 'mm');
  const found = MEMBERS.map((name) => types?.member('mm_struct', name));
  if (memory === undefined || !found.every((member) => member !== undefined)) return undefined;
  const block = Math.min(...found.map(({ offset }) => offset));
  const bytes = Math.max(...found.map(({ offset, size }) => offset + size)) - block;
  const members = Object.fromEntries(MEMBERS.map((name, i) => [name, found[i]!.offset - block]));
  return bytes > limit ? undefined : { memory, block, bytes, members: members as ImagePlace['members'] };
}

/** Whether something that was read is one, with every member in the piece. */
export function isImagePlace(value: unknown): value is ImagePlace {
  const { bytes, members } = (value ?? {}) as Partial<ImagePlace>;
  if (typeof bytes !== 'number' || typeof members !== 'object' || members === null) return false;
  return MEMBERS.every((name) => Number.isInteger(members[name]) && members[name] >= 0 && members[name] + 8 <= bytes);
}

/** Where a program lies, from its kernel's description. Addresses are exact: they are below 2^53. */
export interface ProgramImage {
  /** Where the first byte of the program's file would lie. */
  readonly base: number;
  /** Behind its code and its data; what it clears is behind that, up to the heap. */
  readonly end: number;
  /** Where the heap begins. */
  readonly heap: number;
  /** Where the stack pointer was; behind the last byte of arguments and environment. */
  readonly stack: number;
  readonly stackEnd: number;
  /** Bytes of the arguments, each with its NUL. */
  readonly argumentBytes: number;
  /** Where the program's loader and the vDSO begin; undefined: it has none. */
  readonly interpreter: number | undefined;
  readonly vdso: number | undefined;
}

const AT = { null: 0, phdr: 3, base: 7, sysinfoEhdr: 33 } as const;
/** Program headers stand right behind the ELF header. */
const ELF_HEADER = { 8: 64, 4: 52 } as const;
const PAGE = 4096;

/** `bytes`: a piece as `place` says; `word`: bytes of a pointer of the kernel. undefined: it describes no program. */
export function parseImage(bytes: Uint8Array, place: ImagePlace, word: 4 | 8): ProgramImage | undefined {
  if (bytes.length < place.bytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = (at: number, size: 4 | 8): number =>
    size === 4 ? view.getUint32(at, true) : view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  const member = (name: Member): number => number(place.members[name], word);
  const vector = place.members.saved_auxv;
  // A 32-bit program's is of 32-bit words whatever the kernel is: then no key has a high half of 0, but a value.
  const size = word === 8 && view.getUint32(vector + 4, true) === 0 ? 8 : 4;
  const values = new Map<number, number>();
  for (let at = vector; at + 2 * size <= place.bytes; at += 2 * size) {
    const key = number(at, size);
    if (key === AT.null) break;
    values.set(key, number(at + size, size));
  }
  const code = member('start_code');
  if (code === 0) return undefined;
  const headers = values.get(AT.phdr) ?? 0;
  const base = headers >= ELF_HEADER[size] ? headers - ELF_HEADER[size] : code;
  const known = (key: number): number | undefined => values.get(key) || undefined;
  return {
    base: base % PAGE === 0 && base <= code ? base : code - (code % PAGE),
    end: Math.max(member('end_code'), member('end_data')),
    heap: member('start_brk'),
    stack: member('start_stack'),
    stackEnd: member('env_end'),
    argumentBytes: member('arg_end') - member('arg_start'),
    interpreter: known(AT.base),
    vdso: known(AT.sysinfoEhdr),
  };
}
