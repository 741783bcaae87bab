import { type GuestMemory, readPointer, readString } from '../../memory.ts';
import type { Kallsyms } from '../kallsyms.ts';
import type { LinuxProfile } from '../profile.ts';
import type { KernelTypes, Member } from '../types.ts';

/** Something that this kernel does not tell: shown as a line, never guessed. */
export class NotKnown extends Error {
  override readonly name = 'NotKnown';
}

/** Longer lists and deeper trees are damaged, or a loop that somebody made. */
const MOST_ELEMENTS = 1 << 20;

/** A kernel's structures, by the names of its own symbols and types. */
export class KernelStructures {
  readonly memory: GuestMemory;
  readonly symbols: Kallsyms;
  readonly profile: LinuxProfile;
  readonly #known: KernelTypes | undefined;
  readonly #members = new Map<string, Member>();

  constructor(memory: GuestMemory, profile: LinuxProfile) {
    this.memory = memory;
    this.profile = profile;
    this.symbols = profile.symbols;
    this.#known = profile.types;
  }

  /** Address of a symbol. Throws NotKnown if the kernel has none of that name. */
  symbol(name: string): bigint {
    const address = this.symbols.address(name);
    if (address === undefined) throw new NotKnown(`not known: no symbol ${name}`);
    return address;
  }

  /** Throws NotKnown if the kernel's BTF has no such member, or the kernel no BTF. */
  member(struct: string, path: string): Member {
    const key = `${struct}.${path}`;
    const known = this.#members.get(key);
    if (known !== undefined) return known;
    const member = this.#types.member(struct, path);
    if (member === undefined) throw new NotKnown(this.#lacks(key));
    this.#members.set(key, member);
    return member;
  }

  has(struct: string, path: string): boolean {
    return this.#known?.offsetOf(struct, path) !== undefined;
  }

  size(struct: string): number {
    const size = this.#types.sizeOf(struct);
    if (size === undefined) throw new NotKnown(this.#lacks(`struct ${struct}`));
    return size;
  }

  enumerator(name: string): number {
    const value = this.#types.enumerator(name);
    if (value === undefined) throw new NotKnown(this.#lacks(name));
    return value;
  }

  #lacks(what: string): string {
    return this.profile.btf === undefined
      ? `not known: the kernel has no BTF (${what})`
      : `not known: no ${what} in BTF`;
  }

  get #types(): KernelTypes {
    if (this.#known === undefined) throw new NotKnown('not known: no BTF');
    return this.#known;
  }

  /** Address of a member. */
  at(address: bigint, struct: string, path: string): bigint {
    return address + BigInt(this.member(struct, path).offset);
  }

  /** The struct that holds the member at an address. */
  container(address: bigint, struct: string, path: string): bigint {
    return address - BigInt(this.member(struct, path).offset);
  }

  /** Pointer or unsigned long at an address. Throws NotKnown where nothing is mapped. */
  word(address: bigint): bigint {
    const value = readPointer(this.memory, address);
    if (value === undefined) throw new NotKnown(`not known: nothing mapped at 0x${address.toString(16)}`);
    return value;
  }

  bytes(address: bigint, length: number): Uint8Array {
    const bytes = this.memory.read(address, length);
    if (bytes === undefined) throw new NotKnown(`not known: nothing mapped at 0x${address.toString(16)}`);
    return bytes;
  }

  /** A member of up to 8 bytes, unsigned: integer, pointer or bit field. */
  value(address: bigint, struct: string, path: string): bigint {
    const { offset, size, bits } = this.member(struct, path);
    let value = 0n;
    for (const byte of this.bytes(address + BigInt(offset), Math.min(size, 8)).toReversed())
      value = (value << 8n) | BigInt(byte);
    return bits === undefined ? value : (value >> BigInt(bits.first)) & ((1n << BigInt(bits.count)) - 1n);
  }

  /** As `value`, for what fits a number. */
  number(address: bigint, struct: string, path: string): number {
    return Number(this.value(address, struct, path));
  }

  /** A char array, or the string that a char pointer names. */
  text(address: bigint, struct: string, path: string): string {
    const member = this.member(struct, path);
    const place = address + BigInt(member.offset);
    const limit = member.elements === undefined ? 4096 : member.elements.count;
    const at = member.elements === undefined ? this.word(place) : place;
    return readString(this.memory, at, limit) ?? '';
  }

  /** NUL-terminated, cut at `limit` bytes. Throws NotKnown where nothing is mapped. */
  string(address: bigint, limit: number): string {
    const text = readString(this.memory, address, limit);
    if (text === undefined) throw new NotKnown(`not known: nothing mapped at 0x${address.toString(16)}`);
    return text;
  }

  /** Structs on a circular list from its head on (which is none of them), linked through `path`. */
  *list(head: bigint, struct: string, path: string): Generator<bigint> {
    let count = 0;
    for (let at = this.word(head); at !== head; at = this.word(at)) {
      if (at === 0n || ++count > MOST_ELEMENTS) throw new NotKnown(`the list at 0x${head.toString(16)} is broken`);
      yield this.container(at, struct, path);
    }
  }

  /** Structs in a red-black tree, in order; `root` is the address of the pointer to its topmost node. */
  *tree(root: bigint, struct: string, path: string): Generator<bigint> {
    const left = this.member('rb_node', 'rb_left').offset;
    const right = this.member('rb_node', 'rb_right').offset;
    const pending: bigint[] = [];
    let at = this.word(root);
    for (let count = 0; at !== 0n || pending.length > 0; count++) {
      if (count > MOST_ELEMENTS) throw new NotKnown(`the tree at 0x${root.toString(16)} is broken`);
      if (at !== 0n) {
        pending.push(at);
        at = this.word(at + BigInt(left));
        continue;
      }
      const node = pending.pop()!;
      yield this.container(node, struct, path);
      at = this.word(node + BigInt(right));
    }
  }

  /** Entries of an xarray: `root` is the address of its struct. */
  *xarray(root: bigint): Generator<bigint> {
    const { offset, elements } = this.member('xa_node', 'slots');
    const pending = [this.value(root, 'xarray', 'xa_head')];
    for (let count = 0; pending.length > 0; count++) {
      if (count > MOST_ELEMENTS) throw new NotKnown(`the xarray at 0x${root.toString(16)} is broken`);
      const entry = pending.pop()!;
      if ((entry & 3n) === 0n && entry !== 0n) yield entry;
      else if ((entry & 3n) === 2n && entry > 4096n) {
        const slots = entry - 2n + BigInt(offset);
        for (let i = elements!.count - 1; i >= 0; i--)
          pending.push(this.word(slots + BigInt(i * this.memory.pointerBytes)));
      }
    }
  }

  /** Address of a per-CPU variable on each processor that ever came up. */
  perCpu(name: string): bigint[] {
    const variable = this.symbol(name);
    const offsets = this.symbols.address('__per_cpu_offset');
    if (offsets === undefined) return [variable];
    const idsAddress = this.symbols.address('nr_cpu_ids');
    const count =
      idsAddress === undefined ? 1 : new DataView(this.bytes(idsAddress, 4).slice().buffer).getUint32(0, true);
    const { pointerBytes } = this.memory;
    return Array.from({ length: count }, (_, i) =>
      BigInt.asUintN(8 * pointerBytes, variable + this.word(offsets + BigInt(i * pointerBytes))),
    );
  }

  /** `symbol+0x12`, or the bare address. */
  name(address: bigint): string {
    const found = this.symbols.at(address);
    if (found === undefined || found.offset > 0x10_0000n) return `0x${address.toString(16)}`;
    return found.offset === 0n ? found.symbol.name : `${found.symbol.name}+0x${found.offset.toString(16)}`;
  }
}

/** What `read` gives, or the reason why it is not known, added to `notes`. */
export function orNote<T>(notes: string[], what: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof NotKnown)) throw error;
    notes.push(`${what}: ${error.message}`);
    return undefined;
  }
}
