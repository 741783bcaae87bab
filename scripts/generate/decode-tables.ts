import type { OpcodeRow } from '../../src/emu/isa/row.ts';

const MAPS = ['', '0F', '0F38', '0F3A'];
const PREFIXES = ['', 'NP', '66', 'F2', 'F3'];

/** Operand codes as core/decode/ understands them; the letter decides, the size is in the row's size rule. */
export const OPERAND = {
  none: 0,
  regByte: 1,
  reg: 2,
  rmByte: 3,
  rm: 4,
  memory: 5,
  vvvv: 6,
  opcodeByte: 7,
  opcode: 8,
  moffs: 9,
  immByte: 10,
  immByteSigned: 11,
  immWord: 12,
  immZ: 13,
  immV: 14,
  immWordByte: 15,
  jumpByte: 16,
  jumpZ: 17,
  farPointer: 18,
  segment: 19,
  control: 20,
  debug: 21,
  regXmm: 22,
  rmXmm: 23,
  regMmx: 24,
  rmMmx: 25,
  stack: 26,
} as const;

const FIXED = new Set(['AL', 'AX', 'eAX', 'rAX', 'CL', 'DX', '1', 'AH', 'ST0', 'xmm0', 'XMM0', 'EAX', 'RAX', '3']);

function operandCode(row: OpcodeRow, operand: string): number {
  if (operand === '' || FIXED.has(operand)) return OPERAND.none;
  const simple: Record<string, number> = {
    Gb: OPERAND.regByte,
    Eb: OPERAND.rmByte,
    Zb: OPERAND.opcodeByte,
    Ib: OPERAND.immByte,
    Ibs: OPERAND.immByteSigned,
    Iw: OPERAND.immWord,
    Iz: OPERAND.immZ,
    Iv: OPERAND.immV,
    Ibw: OPERAND.immWordByte,
    Jb: OPERAND.jumpByte,
    Jz: OPERAND.jumpZ,
    Ap: OPERAND.farPointer,
    Sw: OPERAND.segment,
    Cd: OPERAND.control,
    Dd: OPERAND.debug,
    ST: OPERAND.stack,
  };
  const exact = simple[operand];
  if (exact !== undefined) return exact;
  const letters: Record<string, number> = {
    G: OPERAND.reg,
    E: OPERAND.rm,
    M: OPERAND.memory,
    B: OPERAND.vvvv,
    Z: OPERAND.opcode,
    O: OPERAND.moffs,
    V: OPERAND.regXmm,
    W: OPERAND.rmXmm,
    U: OPERAND.rmXmm,
    P: OPERAND.regMmx,
    Q: OPERAND.rmMmx,
    N: OPERAND.rmMmx,
  };
  const code = letters[operand[0] ?? ''];
  if (code === undefined) throw new Error(`generate: ${row.mnemonic}: operand ${operand}`);
  return code;
}

/** 0: effective operand size; 9: 4, or 8 with REX.W; else bytes. */
function sizeRule(operands: readonly string[]): number {
  const sizes = operands.filter((operand) => /^[EGBZMO]|^rAX$|^eAX$|^AL$|^AX$|^Iz$|^Iv$|^Ap$|^J/.test(operand));
  if (sizes.some((operand) => /^[EGZO]v$|^rAX$|^eAX$|^I[zv]$|^Ap$|^M[ps]?$|^J/.test(operand))) return 0;
  if (sizes.some((operand) => /y$/.test(operand))) return 9;
  const first = sizes[0];
  if (first === undefined) return 0;
  if (first === 'AL') return 1;
  if (first === 'AX') return 2;
  const byLetter: Record<string, number> = { b: 1, w: 2, d: 4, q: 8 };
  return first === 'Mdq' ? 16 : (byLetter[first[1] ?? ''] ?? 0);
}

interface Parsed {
  readonly row: OpcodeRow;
  readonly map: number;
  readonly opcode: number;
  readonly plusR: boolean;
  readonly prefix: number;
  readonly digit: number;
  readonly modrm: boolean;
  readonly form: 'any' | 'mem' | 'reg';
  readonly exact: number;
  readonly vex: boolean;
  readonly vexL: number;
  readonly vexW: number;
}

function parse(row: OpcodeRow): Parsed {
  const words = row.encoding.trim().split(/\s+/);
  let prefix = 0;
  if (words.length > 1 && PREFIXES.includes(words[0] ?? '') && /^(0F|0F38|0F3A|[0-9A-F]{2})$/.test(words[1] ?? '')) {
    prefix = PREFIXES.indexOf(words.shift() ?? '');
  }
  let map = 0;
  if (words.length > 1 && MAPS.includes(words[0] ?? '') && /^[0-9A-F]{2}$/.test(words[1] ?? '')) {
    map = MAPS.indexOf(words.shift() ?? '');
  }
  const opcode = Number.parseInt(words.shift() ?? '', 16);
  let digit = 255;
  let exact = -1;
  let modrm = false;
  let plusR = false;
  let form: Parsed['form'] = 'any';
  let vex = false;
  let vexL = -1;
  let vexW = -1;
  for (const word of words) {
    if (word === '+r') plusR = true;
    else if (word === '/r') modrm = true;
    else if (/^\/[0-7]$/.test(word)) {
      modrm = true;
      digit = Number(word[1]);
    } else if (word === 'mem' || word === 'reg') {
      modrm = true;
      form = word;
    } else if (/^=[0-9A-F]{2}$/.test(word)) {
      modrm = true;
      exact = Number.parseInt(word.slice(1), 16);
    } else if (word.startsWith('VEX')) {
      vex = true;
      if (word.includes('.L0')) vexL = 0;
      if (word.includes('.L1')) vexL = 1;
      if (word.includes('.W0')) vexW = 0;
      if (word.includes('.W1')) vexW = 1;
    } else throw new Error(`generate: ${row.mnemonic}: encoding ${row.encoding}`);
  }
  if (Number.isNaN(opcode)) throw new Error(`generate: ${row.mnemonic}: encoding ${row.encoding}`);
  const operands = row.operands.split(',');
  if (form === 'any' && operands.some((operand) => operand.startsWith('M'))) form = 'mem';
  if (form === 'any' && operands.some((operand) => /^(U|N|ST$)/.test(operand))) form = 'reg';
  return { row, map, opcode, plusR, prefix, digit, modrm, form, exact, vex, vexL, vexW };
}

/** The more a row demands, the earlier it is tried. */
function specificity(entry: Parsed): number {
  return (
    (entry.exact >= 0 ? 64 : 0) +
    (entry.prefix >= 3 ? 32 : entry.prefix > 0 ? 16 : 0) +
    (entry.digit !== 255 ? 8 : 0) +
    (entry.form !== 'any' ? 4 : 0) +
    (entry.vexL >= 0 ? 2 : 0) +
    (entry.vexW >= 0 ? 1 : 0)
  );
}

function attributeBits(row: OpcodeRow): number {
  const { lock, ends, long, size, protectedOnly, aligned, unit, privileged } = row.attributes;
  const units = ['x87', 'x87-nowait', 'mmx', 'sse'];
  return (
    (lock ? 1 : 0) |
    (ends ? 2 : 0) |
    (long === 'invalid' ? 4 : 0) |
    (long === 'only' ? 8 : 0) |
    (size === '64' ? 16 : 0) |
    (size === 'force64' ? 32 : 0) |
    (protectedOnly ? 64 : 0) |
    (aligned ? 128 : 0) |
    (privileged ? 256 : 0) |
    ((unit === undefined ? 0 : units.indexOf(unit) + 1) << 9)
  );
}

function record(entry: Parsed, number: number): number[] {
  const operands = entry.row.operands === '' ? [] : entry.row.operands.split(',');
  const codes = operands.map((operand) => operandCode(entry.row, operand));
  if (codes.length > 4) throw new Error(`generate: ${entry.row.mnemonic}: more than four operands`);
  const form =
    (entry.modrm ? 1 : 0) |
    (entry.form === 'mem' ? 2 : 0) |
    (entry.form === 'reg' ? 4 : 0) |
    (entry.exact >= 0 ? 8 : 0) |
    (entry.vex ? 16 : 0) |
    (entry.vexL === 0 ? 32 : 0) |
    (entry.vexL === 1 ? 64 : 0);
  const attributes = attributeBits(entry.row);
  return [
    number & 255,
    number >> 8,
    entry.prefix,
    entry.digit,
    form,
    Math.max(entry.exact, 0),
    codes[0] ?? 0,
    codes[1] ?? 0,
    codes[2] ?? 0,
    codes[3] ?? 0,
    attributes & 255,
    attributes >> 8,
    sizeRule(operands),
    entry.vexW + 1,
    0,
    0,
  ];
}

/** The rows as bytes: a list of candidates for each opcode, the most specific first. */
export function decodeTables(rows: readonly OpcodeRow[], numberOf: (row: OpcodeRow) => number): string {
  const byOpcode = new Map<number, Parsed[]>();
  for (const row of rows) {
    const entry = parse(row);
    for (let r = 0; r < (entry.plusR ? 8 : 1); r++) {
      const index = entry.map * 256 + entry.opcode + r;
      byOpcode.set(index, [...(byOpcode.get(index) ?? []), entry]);
    }
  }
  const bytes: number[] = [];
  const index: number[] = [];
  for (let opcode = 0; opcode < 1024; opcode++) {
    const candidates = (byOpcode.get(opcode) ?? []).sort((a, b) => specificity(b) - specificity(a));
    index.push(bytes.length / 16, candidates.length);
    for (const entry of candidates) bytes.push(...record(entry, numberOf(entry.row)));
  }
  const operands = Object.entries(OPERAND).map(
    ([name, code]) => `export const OPERAND_${name.replace(/([A-Z])/g, '_$1').toUpperCase()}: u32 = ${code};`,
  );
  return `${operands.join('\n')}

/** Two u16 for each of 4 x 256 opcodes: first candidate, number of candidates. */
export const OPCODE_INDEX: usize = memory.data<u16>([${index.join(',')}]);

/** 16 bytes a candidate, see scripts/generate/decode-tables.ts. */
export const OPCODE_ROWS: usize = memory.data<u8>([${(bytes.length > 0 ? bytes : [0]).join(',')}]);
`;
}
