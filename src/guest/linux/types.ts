/** Where a member stands in its struct. */
export interface Member {
  /** Bytes from the start of the struct. */
  readonly offset: number;
  /** Bytes of the member; of a bit field, those of the words that hold it. */
  readonly size: number;
  /** Of a bit field: its lowest bit in the little-endian number at `offset`, and how many bits; otherwise undefined. */
  readonly bits?: { readonly first: number; readonly count: number };
  /** Of an array: its length and the bytes of an element. */
  readonly elements?: { readonly count: number; readonly size: number };
}

/** Where a kernel's structures keep what: from its BTF, or found out otherwise. */
export interface KernelTypes {
  /** Size of a struct or union in bytes. */
  sizeOf(struct: string): number | undefined;
  /** Byte offset of a member; `a.b` descends. Undefined if there is none, or it is not known. */
  offsetOf(struct: string, path: string): number | undefined;
  member(struct: string, path: string): Member | undefined;
  /** Value of an enumerator, like `PIDTYPE_PID`. */
  enumerator(name: string): number | undefined;
}

/** Members of a struct as bytes from its start, and their sizes. */
export type KnownMembers = Readonly<Record<string, { readonly offset: number; readonly size: number }>>;

/** Of a kernel without BTF: what could be found out. */
export class KnownTypes implements KernelTypes {
  readonly #structs: Readonly<Record<string, KnownMembers>>;

  constructor(structs: Readonly<Record<string, KnownMembers>>) {
    this.#structs = structs;
  }

  sizeOf(): undefined {
    return undefined;
  }

  offsetOf(struct: string, path: string): number | undefined {
    return this.#structs[struct]?.[path]?.offset;
  }

  member(struct: string, path: string): Member | undefined {
    const found = this.#structs[struct]?.[path];
    // A char array is one of so many bytes.
    if (found === undefined || path !== 'comm') return found;
    return { ...found, elements: { count: found.size, size: 1 } };
  }

  enumerator(): undefined {
    return undefined;
  }
}
