import type { GuestMemory } from '../devices/device.ts';
import { UserError } from '../errors.ts';
import type { GuestPhys } from '../units.ts';

const CLASS_32 = 1;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const MACHINE: Readonly<Record<number, string>> = { 3: 'i386', 62: 'x86-64' };
const FOREIGN_MACHINE: Readonly<Record<number, string>> = {
  2: 'SPARC',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC',
  22: 'S/390',
  40: 'Arm',
  183: 'AArch64',
  243: 'RISC-V',
  258: 'LoongArch',
};
const SEGMENT = { load: 1, note: 4 } as const;

export interface ElfSegment {
  readonly type: number;
  readonly offset: number;
  readonly physical: GuestPhys;
  readonly virtual: bigint;
  readonly fileSize: number;
  readonly memorySize: number;
}

export interface ElfNote {
  readonly name: string;
  readonly type: number;
  readonly description: Uint8Array;
}

/** What a boot loader needs of an ELF file. */
export interface ElfImage {
  readonly is64: boolean;
  readonly entry: bigint;
  readonly segments: readonly ElfSegment[];
  readonly notes: readonly ElfNote[];
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Reads headers, segments and notes. Throws UserError if the file is broken or for another processor. */
export function readElf(bytes: Uint8Array): ElfImage {
  try {
    return parse(bytes);
  } catch (error) {
    if (error instanceof RangeError) throw new UserError('the kernel is a broken ELF file: it ends too early');
    throw error;
  }
}

/** Copies the loadable segments to their physical addresses. Throws UserError if they don't fit into memory. */
export function loadSegments(image: ElfImage, bytes: Uint8Array, memory: GuestMemory): GuestPhys {
  let end = 0;
  for (const segment of image.segments) {
    if (segment.type !== SEGMENT.load || segment.memorySize === 0) continue;
    if (segment.offset + segment.fileSize > bytes.length || segment.fileSize > segment.memorySize) {
      throw new UserError('the kernel is a broken ELF file: a segment lies outside it');
    }
    if (!memory.contains(segment.physical, segment.memorySize)) {
      const last = segment.physical + segment.memorySize;
      throw new UserError(
        `the kernel needs memory up to ${mebibytes(last)}, the guest has ${mebibytes(memory.size)}: raise --memory`,
      );
    }
    memory.write(segment.physical, bytes.subarray(segment.offset, segment.offset + segment.fileSize));
    memory.fill(segment.physical + segment.fileSize, segment.memorySize - segment.fileSize, 0);
    end = Math.max(end, segment.physical + segment.memorySize);
  }
  if (end === 0) throw new UserError('the kernel is an ELF file without anything to load');
  return end;
}

/** The physical address at which a virtual entry point is loaded. */
export function physicalEntry(image: ElfImage): GuestPhys {
  for (const segment of image.segments) {
    const offset = image.entry - segment.virtual;
    if (segment.type === SEGMENT.load && offset >= 0n && offset < BigInt(segment.memorySize)) {
      return segment.physical + Number(offset);
    }
  }
  return Number(image.entry);
}

export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

function parse(bytes: Uint8Array): ElfImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elfClass = view.getUint8(4);
  const machine = view.getUint16(18, true);
  if (view.getUint8(5) !== LITTLE_ENDIAN || MACHINE[machine] === undefined) {
    throw new UserError(
      `the kernel is for another processor (${FOREIGN_MACHINE[machine] ?? `ELF machine ${machine}`}), not for x86`,
    );
  }
  if (elfClass !== CLASS_32 && elfClass !== CLASS_64)
    throw new UserError('the kernel is a broken ELF file: unknown class');
  const is64 = elfClass === CLASS_64;
  const entry = is64 ? view.getBigUint64(24, true) : BigInt(view.getUint32(24, true));
  const table = is64 ? Number(view.getBigUint64(32, true)) : view.getUint32(28, true);
  const entrySize = view.getUint16(is64 ? 54 : 42, true);
  const count = view.getUint16(is64 ? 56 : 44, true);
  const segments = Array.from({ length: count }, (_, i) => segmentAt(view, table + i * entrySize, is64));
  const notes = segments.filter(({ type }) => type === SEGMENT.note).flatMap((segment) => notesIn(bytes, segment));
  return { is64, entry, segments, notes };
}

function segmentAt(view: DataView, at: number, is64: boolean): ElfSegment {
  const long = (offset: number): bigint => view.getBigUint64(at + offset, true);
  const word = (offset: number): number => view.getUint32(at + offset, true);
  return is64
    ? {
        type: word(0),
        offset: Number(long(8)),
        virtual: long(16),
        physical: Number(long(24)),
        fileSize: Number(long(32)),
        memorySize: Number(long(40)),
      }
    : {
        type: word(0),
        offset: word(4),
        virtual: BigInt(word(8)),
        physical: word(12),
        fileSize: word(16),
        memorySize: word(20),
      };
}

function notesIn(bytes: Uint8Array, segment: ElfSegment): ElfNote[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset + segment.offset, segment.fileSize);
  const notes: ElfNote[] = [];
  for (let at = 0; at + 12 <= view.byteLength; ) {
    const nameSize = view.getUint32(at, true);
    const size = view.getUint32(at + 4, true);
    const nameAt = segment.offset + at + 12;
    const descriptionAt = nameAt + align4(nameSize);
    notes.push({
      name: new TextDecoder().decode(bytes.subarray(nameAt, nameAt + Math.max(nameSize - 1, 0))),
      type: view.getUint32(at + 8, true),
      description: bytes.subarray(descriptionAt, descriptionAt + size),
    });
    at += 12 + align4(nameSize) + align4(size);
  }
  return notes;
}

function align4(size: number): number {
  return (size + 3) & ~3;
}
