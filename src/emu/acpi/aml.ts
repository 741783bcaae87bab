/**
 * Builders for the few ACPI Machine Language objects that our DSDT needs (ACPI 6.4, chapter 20). Each gives the bytes
 * of one term; terms are concatenated.
 */
export type Aml = readonly number[];

const OP = {
  zero: 0x00,
  one: 0x01,
  name: 0x08,
  byte: 0x0a,
  word: 0x0b,
  dword: 0x0c,
  string: 0x0d,
  scope: 0x10,
  buffer: 0x11,
  package: 0x12,
  extended: 0x5b,
  device: 0x82,
} as const;

/** A name path: segments of up to four characters, padded with underscores; a leading backslash is the root. */
function namePath(path: string): Aml {
  const root = path.startsWith('\\');
  const segments = (root ? path.slice(1) : path).split('.').map((segment) => ascii(segment.padEnd(4, '_')));
  const prefix = segments.length === 2 ? [0x2e] : segments.length > 2 ? [0x2f, segments.length] : [];
  return [...(root ? [0x5c] : []), ...prefix, ...segments.flat()];
}

/** PkgLength counts itself: 6 bits in one byte, or 4 bits and up to three bytes more. */
function withLength(content: Aml): Aml {
  const short = content.length + 1;
  if (short < 0x40) return [short, ...content];
  const extra = content.length + 2 < 1 << 12 ? 1 : 2;
  const total = content.length + 1 + extra;
  const bytes = [(extra << 6) | (total & 0xf)];
  for (let i = 0; i < extra; i++) bytes.push((total >> (4 + 8 * i)) & 0xff);
  return [...bytes, ...content];
}

export function integer(value: number): Aml {
  if (value === 0) return [OP.zero];
  if (value === 1) return [OP.one];
  if (value < 0x100) return [OP.byte, value];
  if (value < 0x1_0000) return [OP.word, ...le(value, 2)];
  return [OP.dword, ...le(value, 4)];
}

/** A plug-and-play identifier such as PNP0A03 in its compressed form. */
export function eisaId(id: string): Aml {
  const letters = [...id.slice(0, 3)].map((letter) => letter.charCodeAt(0) - 0x40);
  const packed = (letters[0]! << 10) | (letters[1]! << 5) | letters[2]!;
  const product = Number.parseInt(id.slice(3), 16);
  return [OP.dword, packed >> 8, packed & 0xff, product >> 8, product & 0xff];
}

export function name(path: string, value: Aml): Aml {
  return [OP.name, ...namePath(path), ...value];
}

export function scope(path: string, ...terms: readonly Aml[]): Aml {
  return [OP.scope, ...withLength([...namePath(path), ...terms.flat()])];
}

export function device(path: string, ...terms: readonly Aml[]): Aml {
  return [OP.extended, OP.device, ...withLength([...namePath(path), ...terms.flat()])];
}

export function list(...elements: readonly Aml[]): Aml {
  return [OP.package, ...withLength([elements.length, ...elements.flat()])];
}

/** A resource template: the given descriptors and the end tag, as a buffer. */
export function resources(...descriptors: readonly Aml[]): Aml {
  const bytes = [...descriptors.flat(), 0x79, 0x00];
  return [OP.buffer, ...withLength([...integer(bytes.length), ...bytes])];
}

/** Ports that a device decodes at a fixed place (16-bit decode). */
export function ioPorts(first: number, count: number): Aml {
  return [0x47, 0x01, ...le(first, 2), ...le(first, 2), 0x01, count];
}

/** An edge-triggered, active-high ISA interrupt. */
export function irq(line: number): Aml {
  return [0x22, ...le(1 << line, 2)];
}

/** Range kinds of address-space descriptors. */
const SPACE = { memory: 0, io: 1, bus: 2 } as const;
/** Fixed minimum and maximum, positively decoded, produced for the devices behind a bridge. */
const PRODUCER_FIXED = 0x0c;

export function busRange(first: number, last: number): Aml {
  return wordSpace(SPACE.bus, 0, first, last);
}

export function ioRange(first: number, last: number): Aml {
  return wordSpace(SPACE.io, 0x03, first, last);
}

export function memoryRange(first: number, last: number): Aml {
  const fields = [0, first, last, 0, last - first + 1].flatMap((value) => le(value, 4));
  return [0x87, ...le(3 + fields.length, 2), SPACE.memory, PRODUCER_FIXED, 0x01, ...fields];
}

function wordSpace(kind: number, flags: number, first: number, last: number): Aml {
  const fields = [0, first, last, 0, last - first + 1].flatMap((value) => le(value, 2));
  return [0x88, ...le(3 + fields.length, 2), kind, PRODUCER_FIXED, flags, ...fields];
}

function le(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) & 0xff);
}

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
