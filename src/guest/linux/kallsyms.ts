// Format: scripts/kallsyms.c and kernel/kallsyms.c of the Linux sources.
import type { ImagePiece } from './kernel-image.ts';

export interface KernelSymbol {
  readonly address: bigint;
  /** nm's letter: `T` global text, `d` local data, `A` absolute (per-CPU offsets), ... */
  readonly type: string;
  readonly name: string;
}

const LINKER_MARK = /^_.*_(start|end|begin)$|^_[se]?(text|rodata|data)$/;

/** The kernel's own symbol table, found in its memory. */
export class Kallsyms {
  /** Bytes of a pointer of the kernel. */
  readonly pointerBytes: 4 | 8;
  readonly #byName = new Map<string, KernelSymbol>();
  readonly #sorted: readonly KernelSymbol[];
  readonly #addresses: BigUint64Array;

  constructor(symbols: readonly KernelSymbol[], pointerBytes: 4 | 8) {
    this.pointerBytes = pointerBytes;
    this.#sorted = [...symbols].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
    this.#addresses = BigUint64Array.from(this.#sorted, (symbol) => symbol.address);
    for (const symbol of symbols) if (!this.#byName.has(symbol.name)) this.#byName.set(symbol.name, symbol);
  }

  get size(): number {
    return this.#sorted.length;
  }

  /** Address of a symbol (the first of that name); undefined if the kernel has none. */
  address(name: string): bigint | undefined {
    return this.#byName.get(name)?.address;
  }

  /** The symbol at or before an address, with the distance to it in bytes; undefined before the first. */
  at(address: bigint): { symbol: KernelSymbol; offset: bigint } | undefined {
    const count = this.#countTo(address);
    let symbol = this.#sorted[count - 1];
    // Of several at one place that which says most: linker marks bound what is there.
    for (let i = count - 2; symbol !== undefined && i >= 0 && this.#addresses[i] === symbol.address; i--)
      if (LINKER_MARK.test(symbol.name)) symbol = this.#sorted[i]!;
    return symbol && { symbol, offset: address - symbol.address };
  }

  /** Address of the first symbol behind an address; undefined behind the last. */
  next(address: bigint): bigint | undefined {
    return this.#sorted[this.#countTo(address)]?.address;
  }

  /** How many symbols lie at or before an address. */
  #countTo(address: bigint): number {
    let low = 0;
    let high = this.#addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#addresses[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  [Symbol.iterator](): Iterator<KernelSymbol> {
    return this.#sorted[Symbol.iterator]();
  }
}

const DIGITS = Buffer.from([...'0123456789'].map((digit) => `${digit}\u0000`).join(''), 'latin1');
const TOKENS = 256;

/** To what the parts are aligned: to a pointer, and to 4 bytes in every kernel from 7.0 on. */
type Alignment = 4 | 8;

/**
 * Finds and expands kallsyms in a kernel image, whatever the kernel's version: the table of tokens is found by its
 * run of digits, the names by their structure, the addresses before (to 6.3) or behind (from 6.4) them.
 * Undefined when the kernel carries none.
 */
export function findKallsyms(pieces: readonly ImagePiece[], pointerBytes: 4 | 8): Kallsyms | undefined {
  const alignments: readonly Alignment[] = pointerBytes === 8 ? [8, 4] : [4];
  for (const { address, bytes: piece } of pieces) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    for (let at = bytes.indexOf(DIGITS); at >= 0; at = bytes.indexOf(DIGITS, at + 1)) {
      for (const alignment of alignments) {
        const symbols = readAt({ bytes, address, pointerBytes, alignment }, at);
        if (symbols !== undefined) return new Kallsyms(symbols, pointerBytes);
      }
    }
  }
  return undefined;
}

/** Where kallsyms is looked for, and how it may be laid out there. */
interface Image {
  readonly bytes: Buffer;
  /** Of the first byte. */
  readonly address: bigint;
  readonly pointerBytes: 4 | 8;
  readonly alignment: Alignment;
}

const alignUp = (n: number, alignment: Alignment): number => (n + alignment - 1) & -alignment;

interface Tokens {
  readonly start: number;
  readonly indexEnd: number;
  readonly text: readonly string[];
}

interface Names {
  /** Where num_syms stands. */
  readonly start: number;
  readonly names: readonly string[];
}

function readAt(image: Image, digits: number): KernelSymbol[] | undefined {
  const tokens = readTokens(image, digits);
  if (tokens === undefined) return undefined;
  const names = findNames(image, tokens);
  if (names === undefined) return undefined;
  const addresses = readAddresses(image, tokens, names);
  if (addresses === undefined) return undefined;
  return names.names.map((name, i) => ({ address: addresses[i]!, type: name[0]!, name: name.slice(1) }));
}

function readTokens({ bytes, alignment }: Image, digits: number): Tokens | undefined {
  let end = digits;
  for (let token = 0x30; token < TOKENS; token++) {
    const nul = bytes.indexOf(0, end);
    if (nul < 0) return undefined;
    end = nul + 1;
  }
  const index = alignUp(end, alignment);
  if (index + 2 * TOKENS > bytes.length) return undefined;
  const start = digits - bytes.readUInt16LE(index + 2 * 0x30);
  if (start < 0 || bytes.readUInt16LE(index) !== 0) return undefined;
  const text: string[] = [];
  for (let token = 0, last = -1; token < TOKENS; token++) {
    const offset = bytes.readUInt16LE(index + 2 * token);
    if (offset <= last || start + offset >= index) return undefined;
    last = offset;
    text.push(bytes.toString('latin1', start + offset, bytes.indexOf(0, start + offset)));
  }
  return { start, indexEnd: alignUp(index + 2 * TOKENS, alignment), text };
}

/** Most and least symbols a kernel can have, to tell a count from other data. */
const FEWEST = 1_000;
const MOST = 2_000_000;
/** How far before the tokens num_syms may lie: names, markers and sequence numbers of a large kernel. */
const REACH = 32 << 20;

function findNames(image: Image, tokens: Tokens): Names | undefined {
  const { bytes, alignment } = image;
  for (let at = (tokens.start - 8) & -alignment; at >= Math.max(0, tokens.start - REACH); at -= alignment) {
    const count = bytes.readUInt32LE(at);
    if (count < FEWEST || count > MOST || (alignment === 8 && bytes.readUInt32LE(at + 4) !== 0)) continue;
    const found = readNames(image, at, count, tokens);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readNames({ bytes, alignment }: Image, start: number, count: number, tokens: Tokens): Names | undefined {
  const offsets: number[] = [];
  const base = start + alignment;
  let at = base;
  for (let i = 0; i < count; i++) {
    if ((i & 255) === 0) offsets.push(at - base);
    let length = bytes[at++]!;
    if (length >= 0x80) length = (length & 0x7f) | (bytes[at++]! << 7);
    at += length;
    if (length === 0 || at > tokens.start) return undefined;
  }
  const markers = alignUp(at, alignment);
  for (const [i, offset] of offsets.entries()) {
    const marker = markers + 4 * i;
    if (marker + 4 > tokens.start || bytes.readUInt32LE(marker) !== offset) return undefined;
  }
  return { start, names: expand(bytes, base, count, tokens.text) };
}

function expand(bytes: Buffer, start: number, count: number, tokens: readonly string[]): string[] {
  const names: string[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    let length = bytes[at++]!;
    if (length >= 0x80) length = (length & 0x7f) | (bytes[at++]! << 7);
    let name = '';
    for (const end = at + length; at < end; at++) name += tokens[bytes[at]!];
    names.push(name);
  }
  return names;
}

/** 6.1: offsets, relative_base, num_syms, names. 6.4: token_index, offsets, relative_base. 7.0: token_index, distances. */
function readAddresses(image: Image, tokens: Tokens, { names, start }: Names): bigint[] | undefined {
  const { pointerBytes, alignment } = image;
  const size = alignUp(4 * names.length, alignment);
  const before = start - pointerBytes;
  return (
    decodeOffsets(image, before - size, before, names.length) ??
    decodeOffsets(image, tokens.indexEnd, tokens.indexEnd + size, names.length) ??
    decodeDistances(image, tokens.indexEnd, names.length)
  );
}

/** No kernel is linked or moved to below, by size of pointers. */
const LOWEST = { 4: 0x4000_0000n, 8: 0xffff_ffff_8000_0000n } as const;

function decodeOffsets(
  { bytes, pointerBytes }: Image,
  offsets: number,
  base: number,
  count: number,
): bigint[] | undefined {
  if (offsets < 0 || base + pointerBytes > bytes.length) return undefined;
  const relative = pointerBytes === 8 ? bytes.readBigUInt64LE(base) : BigInt(bytes.readUInt32LE(base));
  if (relative < LOWEST[pointerBytes]) return undefined;
  let negative = 0;
  for (let i = 0; i < count; i++) if (bytes.readInt32LE(offsets + 4 * i) < 0) negative++;
  // With per-CPU symbols kept absolute, most offsets are negative; without them all are plain distances.
  const absolute = negative > count / 2;
  if (!absolute && negative > 0) return undefined;
  const addresses: bigint[] = [];
  for (let i = 0; i < count; i++) {
    const offset = bytes.readInt32LE(offsets + 4 * i);
    if (!absolute) addresses.push(relative + BigInt(offset));
    else addresses.push(offset >= 0 ? BigInt(offset) : relative - 1n - BigInt(offset));
  }
  return addresses;
}

/** Each symbol as its distance from where that distance stands; symbols are sorted. */
function decodeDistances(
  { bytes, address, pointerBytes }: Image,
  distances: number,
  count: number,
): bigint[] | undefined {
  if (distances + 4 * count > bytes.length) return undefined;
  const addresses: bigint[] = [];
  let last: bigint = LOWEST[pointerBytes];
  for (let i = 0; i < count; i++) {
    const place = distances + 4 * i;
    const symbol = BigInt.asUintN(8 * pointerBytes, address + BigInt(place + bytes.readInt32LE(place)));
    if (symbol < last) return undefined;
    addresses.push(symbol);
    last = symbol;
  }
  return addresses;
}
