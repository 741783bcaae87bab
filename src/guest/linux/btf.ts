// Format: Documentation/bpf/btf.rst of the Linux sources.
import type { KernelTypes, Member } from './types.ts';

const MAGIC = 0xeb9f;
const KIND = { int: 1, pointer: 2, array: 3, struct: 4, union: 5, enum: 6, fwd: 7, typedef: 8, volatile: 9, const: 10, restrict: 11, func: 12, proto: 13, variable: 14, section: 15, float: 16, declTag: 17, typeTag: 18, enum64: 19 } as const; // biome-ignore format: one row

interface FoundMember {
  readonly bitOffset: number;
  readonly bitSize: number;
  readonly type: number;
}

interface BtfType {
  readonly kind: number;
  readonly name: number;
  /** Size in bytes, or the type referred to. */
  readonly sizeOrType: number;
  /** Where its members or extra words start. */
  readonly extra: number;
  readonly count: number;
  readonly kindFlag: boolean;
}

/** Bytes that follow the 12-byte type record: fixed, plus per member. */
const EXTRA: Record<number, readonly [fixed: number, each: number]> = {
  [KIND.int]: [4, 0],
  [KIND.array]: [12, 0],
  [KIND.struct]: [0, 12],
  [KIND.union]: [0, 12],
  [KIND.enum]: [0, 8],
  [KIND.proto]: [0, 8],
  [KIND.variable]: [4, 0],
  [KIND.section]: [0, 12],
  [KIND.declTag]: [4, 0],
  [KIND.enum64]: [0, 12],
};

/** The kernel's type information: sizes and member offsets of its structures. */
export class Btf implements KernelTypes {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #pointerBytes: number;
  readonly #strings: number;
  readonly #types: BtfType[] = [{ kind: 0, name: 0, sizeOrType: 0, extra: 0, count: 0, kindFlag: false }];
  readonly #structs = new Map<string, number>();
  #enumerators: Map<string, number> | undefined;

  /** Undefined if the bytes are not BTF. `pointerBytes` is the kernel's: BTF does not say. */
  static parse(bytes: Uint8Array, pointerBytes: 4 | 8): Btf | undefined {
    if (bytes.length < 24 || (bytes[0]! | (bytes[1]! << 8)) !== MAGIC || bytes[2] !== 1) return undefined;
    return new Btf(bytes, pointerBytes);
  }

  private constructor(bytes: Uint8Array, pointerBytes: number) {
    this.#pointerBytes = pointerBytes;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const header = this.#view.getUint32(4, true);
    const types = header + this.#view.getUint32(8, true);
    const end = types + this.#view.getUint32(12, true);
    this.#strings = header + this.#view.getUint32(16, true);
    for (let at = types; at < end; ) at = this.#add(at);
  }

  #add(at: number): number {
    const info = this.#view.getUint32(at + 4, true);
    const kind = (info >>> 24) & 31;
    const count = info & 0xffff;
    const type: BtfType = {
      kind,
      name: this.#view.getUint32(at, true),
      sizeOrType: this.#view.getUint32(at + 8, true),
      extra: at + 12,
      count,
      kindFlag: info >>> 31 === 1,
    };
    if ((kind === KIND.struct || kind === KIND.union) && type.name !== 0) {
      const name = this.#string(type.name);
      if (!this.#structs.has(name)) this.#structs.set(name, this.#types.length);
    }
    this.#types.push(type);
    const [fixed, each] = EXTRA[kind] ?? [0, 0];
    return at + 12 + fixed + each * count;
  }

  #string(offset: number): string {
    const start = this.#strings + offset;
    return Buffer.from(this.#bytes.subarray(start, this.#bytes.indexOf(0, start))).toString('latin1');
  }

  /** Size of a struct or union in bytes. */
  sizeOf(struct: string): number | undefined {
    const index = this.#structs.get(struct);
    return index === undefined ? undefined : this.#types[index]!.sizeOrType;
  }

  /** Byte offset of a member, members of anonymous structs included; `a.b` descends. Undefined if there is none. */
  offsetOf(struct: string, path: string): number | undefined {
    return this.member(struct, path)?.offset;
  }

  /** A member as `offsetOf` finds it, with its size. */
  member(struct: string, path: string): Member | undefined {
    let index = this.#structs.get(struct);
    let bitOffset = 0;
    let found: FoundMember | undefined;
    for (const name of path.split('.')) {
      found = index === undefined ? undefined : this.#member(index, name);
      if (found === undefined) return undefined;
      bitOffset += found.bitOffset;
      index = this.#resolve(found.type);
    }
    return found && this.#place(bitOffset, found);
  }

  /** Value of an enumerator, like `PIDTYPE_PID`. */
  enumerator(name: string): number | undefined {
    this.#enumerators ??= this.#readEnumerators();
    return this.#enumerators.get(name);
  }

  #readEnumerators(): Map<string, number> {
    const values = new Map<string, number>();
    for (const { kind, count, extra } of this.#types) {
      if (kind !== KIND.enum) continue;
      for (let at = extra; at < extra + 8 * count; at += 8)
        values.set(this.#string(this.#view.getUint32(at, true)), this.#view.getInt32(at + 4, true));
    }
    return values;
  }

  #place(bitOffset: number, { bitSize, type }: FoundMember): Member {
    const offset = bitOffset >>> 3;
    if (bitSize > 0) {
      const first = bitOffset & 7;
      return { offset, size: Math.ceil((first + bitSize) / 8), bits: { first, count: bitSize } };
    }
    const elements = this.#elements(type);
    return { offset, size: this.#sizeOfType(type), ...(elements === undefined ? {} : { elements }) };
  }

  #elements(type: number): Member['elements'] {
    const { kind, extra } = this.#types[this.#resolve(type)]!;
    if (kind !== KIND.array) return undefined;
    return { count: this.#view.getUint32(extra + 8, true), size: this.#sizeOfType(this.#view.getUint32(extra, true)) };
  }

  #sizeOfType(index: number): number {
    const type = this.#types[this.#resolve(index)]!;
    if (type.kind === KIND.pointer) return this.#pointerBytes;
    if (type.kind !== KIND.array) return type.sizeOrType;
    const { count, size } = this.#elements(index)!;
    return count * size;
  }

  #member(index: number, name: string): FoundMember | undefined {
    const type = this.#types[index]!;
    if (type.kind !== KIND.struct && type.kind !== KIND.union) return undefined;
    for (let i = 0; i < type.count; i++) {
      const at = type.extra + 12 * i;
      const nameOffset = this.#view.getUint32(at, true);
      const memberType = this.#view.getUint32(at + 4, true);
      const bits = this.#view.getUint32(at + 8, true);
      const bitOffset = type.kindFlag ? bits & 0xff_ffff : bits;
      if (nameOffset !== 0) {
        const bitSize = type.kindFlag ? bits >>> 24 : 0;
        if (this.#string(nameOffset) === name) return { bitOffset, bitSize, type: memberType };
        continue;
      }
      const inner = this.#member(this.#resolve(memberType), name);
      if (inner !== undefined) return { ...inner, bitOffset: bitOffset + inner.bitOffset };
    }
    return undefined;
  }

  /** Strips typedefs and qualifiers. */
  #resolve(index: number): number {
    let at = index;
    for (;;) {
      const type = this.#types[at]!;
      const transparent =
        type.kind === KIND.typedef ||
        type.kind === KIND.volatile ||
        type.kind === KIND.const ||
        type.kind === KIND.restrict ||
        type.kind === KIND.typeTag;
      if (!transparent) return at;
      at = type.sizeOrType;
    }
  }
}
