/** What an ELF file says about how it is loaded (System V gABI; both classes, little-endian). */
export interface ElfFile {
  readonly bits: 32 | 64;
  /** e_machine: 62 is x86-64, 3 is i386. */
  readonly machine: number;
  /** Path of the dynamic loader, if it wants one. */
  readonly interpreter: string | undefined;
  readonly needed: readonly string[];
  /** Folders of DT_RUNPATH, or of DT_RPATH where there is no runpath. */
  readonly searchPath: readonly string[];
}

export const MACHINE_X86_64 = 62;
export const MACHINE_I386 = 3;

const MACHINE_NAMES: ReadonlyMap<number, string> = new Map([
  [8, 'MIPS'],
  [20, '32-bit POWER'],
  [21, '64-bit POWER'],
  [22, 'S/390'],
  [40, '32-bit ARM'],
  [183, '64-bit ARM'],
  [243, 'RISC-V'],
  [258, 'LoongArch'],
]);

const SEGMENT = { load: 1, dynamic: 2, interpreter: 3 } as const;
const DYNAMIC = { needed: 1, stringTable: 5, rpath: 15, runpath: 29 } as const;

/** Name of a processor for messages. */
export function machineName(machine: number): string {
  return MACHINE_NAMES.get(machine) ?? `ELF machine ${machine}`;
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 52 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Byte order and class make no difference to where e_machine lies, so foreign files can be named too. */
export function elfMachine(bytes: Uint8Array): number {
  return bytes[5] === 2 ? (bytes[18]! << 8) | bytes[19]! : bytes[18]! | (bytes[19]! << 8);
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** Field readers for one class. Addresses and offsets fit numbers in any file we can hold. */
class Reader {
  readonly wide: boolean;
  private readonly view: DataView;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.wide = bytes[4] === 2;
  }

  u16(at: number): number {
    return at + 2 <= this.view.byteLength ? this.view.getUint16(at, true) : 0;
  }

  u32(at: number): number {
    return at + 4 <= this.view.byteLength ? this.view.getUint32(at, true) : 0;
  }

  /** An address-sized field. */
  word(at: number): number {
    return this.wide ? this.u32(at) + this.u32(at + 4) * 2 ** 32 : this.u32(at);
  }

  text(at: number): string {
    const end = this.bytes.indexOf(0, at);
    return new TextDecoder('latin1').decode(this.bytes.subarray(at, end < 0 ? this.bytes.length : end));
  }

  segments(): Segment[] {
    const { wide } = this;
    const offset = this.word(wide ? 32 : 28);
    const size = this.u16(wide ? 54 : 42);
    return Array.from({ length: this.u16(wide ? 56 : 44) }, (_, i) => {
      const at = offset + i * size;
      return {
        type: this.u32(at),
        offset: this.word(at + (wide ? 8 : 4)),
        address: this.word(at + (wide ? 16 : 8)),
        size: this.word(at + (wide ? 32 : 16)),
      };
    });
  }
}

/** Reads headers and dynamic section; undefined if it is no little-endian ELF file. */
export function readElf(bytes: Uint8Array): ElfFile | undefined {
  if (!isElf(bytes) || bytes[5] !== 1) return undefined;
  const reader = new Reader(bytes);
  const segments = reader.segments();
  const interpreter = segments.find(({ type }) => type === SEGMENT.interpreter);
  const entries = dynamicEntries(reader, segments);
  const strings = fileOffset(segments, entries.find(([tag]) => tag === DYNAMIC.stringTable)?.[1] ?? -1);
  const texts = (wanted: number): string[] =>
    strings === undefined ? [] : entries.filter(([tag]) => tag === wanted).map(([, at]) => reader.text(strings + at));
  const runpath = texts(DYNAMIC.runpath);
  return {
    bits: reader.wide ? 64 : 32,
    machine: elfMachine(bytes),
    interpreter: interpreter === undefined ? undefined : reader.text(interpreter.offset),
    needed: texts(DYNAMIC.needed),
    searchPath: (runpath.length > 0 ? runpath : texts(DYNAMIC.rpath)).flatMap((list) => list.split(':')),
  };
}

function dynamicEntries(reader: Reader, segments: readonly Segment[]): [number, number][] {
  const dynamic = segments.find(({ type }) => type === SEGMENT.dynamic);
  const size = reader.wide ? 8 : 4;
  const entries: [number, number][] = [];
  for (let at = dynamic?.offset ?? 0, end = at + (dynamic?.size ?? 0); at < end; at += 2 * size) {
    const tag = reader.word(at);
    if (tag === 0) break;
    entries.push([tag, reader.word(at + size)]);
  }
  return entries;
}

function fileOffset(segments: readonly Segment[], address: number): number | undefined {
  const holder = segments.find(
    (segment) =>
      segment.type === SEGMENT.load && address >= segment.address && address < segment.address + segment.size,
  );
  return holder === undefined ? undefined : address - holder.address + holder.offset;
}

/** Of the section header table in the file's header, and of an entry: where what stands, by class. */
// biome-ignore format: a table
const SECTION_PLACES = {
  32: { table: 32, entryBytes: 46, count: 48, names: 50, offset: 16, size: 20 },
  64: { table: 40, entryBytes: 58, count: 60, names: 62, offset: 24, size: 32 },
} as const;

/** The bytes of a named section, such as a module's `.modinfo`. */
export function elfSection(bytes: Uint8Array, wanted: string): Uint8Array | undefined {
  if (!isElf(bytes)) return undefined;
  const reader = new Reader(bytes);
  const places = SECTION_PLACES[reader.wide ? 64 : 32];
  const table = reader.word(places.table);
  const size = reader.u16(places.entryBytes);
  const names = reader.word(table + reader.u16(places.names) * size + places.offset);
  for (let i = 0; i < reader.u16(places.count); i++) {
    const at = table + i * size;
    if (reader.text(names + reader.u32(at)) !== wanted) continue;
    const offset = reader.word(at + places.offset);
    return bytes.subarray(offset, offset + reader.word(at + places.size));
  }
  return undefined;
}
