// Format: scripts/kallsyms.c and kernel/kallsyms.c of the Linux sources.
import type { ImagePiece } from './kernel-image.ts';

export interface KernelSymbol {
  readonly address: bigint;
  /** nm's letter: `T` global text, `d` local data, `A` absolute (per-CPU offsets), ... */
  readonly type: string;
  readonly name: string;
}

/** The kernel's own symbol table, found in its memory. */
export class Kallsyms {
  readonly #byName = new Map<string, KernelSymbol>();
  readonly #sorted: readonly KernelSymbol[];
  readonly #addresses: BigUint64Array;

  constructor(symbols: readonly KernelSymbol[]) {
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
    let low = 0;
    let high = this.#addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#addresses[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    const symbol = this.#sorted[low - 1];
    return symbol && { symbol, offset: address - symbol.address };
  }

  [Symbol.iterator](): Iterator<KernelSymbol> {
    return this.#sorted[Symbol.iterator]();
  }
}

const DIGITS = Buffer.from([...'0123456789'].map((digit) => `${digit}\u0000`).join(''), 'latin1');
const TOKENS = 256;

/**
 * Finds and expands kallsyms in a kernel image, whatever the kernel's version: the table of tokens is found by its
 * run of digits, the names by their structure, the addresses before (to 6.3) or behind (from 6.4) them.
 * Undefined when the kernel carries none.
 */
export function findKallsyms(pieces: readonly ImagePiece[]): Kallsyms | undefined {
  for (const piece of pieces) {
    const bytes = Buffer.from(piece.bytes.buffer, piece.bytes.byteOffset, piece.bytes.length);
    for (let at = bytes.indexOf(DIGITS); at >= 0; at = bytes.indexOf(DIGITS, at + 1)) {
      const symbols = readAt(bytes, at);
      if (symbols !== undefined) return new Kallsyms(symbols);
    }
  }
  return undefined;
}

const align8 = (n: number): number => (n + 7) & ~7;

interface Tokens {
  readonly start: number;
  readonly indexEnd: number;
  readonly text: readonly string[];
}

interface Names {
  /** Where num_syms stands, and where the markers end. */
  readonly start: number;
  readonly end: number;
  readonly names: readonly string[];
}

function readAt(bytes: Buffer, digits: number): KernelSymbol[] | undefined {
  const tokens = readTokens(bytes, digits);
  if (tokens === undefined) return undefined;
  const names = findNames(bytes, tokens);
  if (names === undefined) return undefined;
  const addresses = readAddresses(bytes, tokens, names);
  if (addresses === undefined) return undefined;
  return names.names.map((name, i) => ({ address: addresses[i]!, type: name[0]!, name: name.slice(1) }));
}

function readTokens(bytes: Buffer, digits: number): Tokens | undefined {
  let end = digits;
  for (let token = 0x30; token < TOKENS; token++) {
    const nul = bytes.indexOf(0, end);
    if (nul < 0) return undefined;
    end = nul + 1;
  }
  const index = align8(end);
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
  return { start, indexEnd: align8(index + 2 * TOKENS), text };
}

/** Most and least symbols a kernel can have, to tell a count from other data. */
const FEWEST = 1_000;
const MOST = 2_000_000;
/** How far before the tokens num_syms may lie: names, markers and sequence numbers of a large kernel. */
const REACH = 32 << 20;

function findNames(bytes: Buffer, tokens: Tokens): Names | undefined {
  for (let at = (tokens.start - 8) & ~7; at >= Math.max(0, tokens.start - REACH); at -= 8) {
    const count = bytes.readUInt32LE(at);
    if (count < FEWEST || count > MOST || bytes.readUInt32LE(at + 4) !== 0) continue;
    const found = readNames(bytes, at, count, tokens);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readNames(bytes: Buffer, start: number, count: number, tokens: Tokens): Names | undefined {
  const offsets: number[] = [];
  const base = start + 8;
  let at = base;
  for (let i = 0; i < count; i++) {
    if ((i & 255) === 0) offsets.push(at - base);
    let length = bytes[at++]!;
    if (length >= 0x80) length = (length & 0x7f) | (bytes[at++]! << 7);
    at += length;
    if (length === 0 || at > tokens.start) return undefined;
  }
  const markers = align8(at);
  for (const [i, offset] of offsets.entries()) {
    const marker = markers + 4 * i;
    if (marker + 4 > tokens.start || bytes.readUInt32LE(marker) !== offset) return undefined;
  }
  return { start, end: align8(markers + 4 * offsets.length), names: expand(bytes, base, count, tokens.text) };
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

/** 6.1: offsets, relative_base, num_syms, names. 6.4: token_index, offsets, relative_base, seqs_of_names. */
function readAddresses(bytes: Buffer, tokens: Tokens, names: Names): bigint[] | undefined {
  const size = align8(4 * names.names.length);
  return (
    decodeOffsets(bytes, names.start - 8 - size, names.start - 8, names.names.length) ??
    decodeOffsets(bytes, tokens.indexEnd, tokens.indexEnd + size, names.names.length)
  );
}

function decodeOffsets(bytes: Buffer, offsets: number, base: number, count: number): bigint[] | undefined {
  if (offsets < 0 || base + 8 > bytes.length) return undefined;
  const relative = bytes.readBigUInt64LE(base);
  if (relative < 0xffff_ffff_8000_0000n) return undefined;
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
