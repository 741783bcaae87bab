/** Classic BPF programs, as seccomp and sockets take them. Source: include/uapi/linux/bpf_common.h and filter.h (facts of the interface). */
import type { CallCapture } from '../call-captures.ts';
import { enumOrHex } from './flags.ts';
import { hexOrZero } from './struct-parts.ts';

/** Bytes of struct sock_filter: code, jt, jf, k. */
const INSTRUCTION = 8;

const CLASSES = ['LD', 'LDX', 'ST', 'STX', 'ALU', 'JMP', 'RET', 'MISC'] as const;
const SIZES = ['W', 'H', 'B', 'DW'] as const;
const MODES = ['IMM', 'ABS', 'IND', 'MEM', 'LEN', 'MSH'] as const;
const SOURCES = ['K', 'X'] as const;
const VALUES = ['K', 'X', 'A'] as const;
const OPERATIONS = ['ADD', 'SUB', 'MUL', 'DIV', 'OR', 'AND', 'LSH', 'RSH', 'NEG', 'MOD', 'XOR'] as const;
const JUMPS = ['JA', 'JEQ', 'JGT', 'JGE', 'JSET'] as const;
const RETURN = 6;
const UNKNOWN = 'BPF_???';

const named = (names: readonly string[], number: number, bits: number): string => {
  const name = names[number];
  return name === undefined ? `${hexOrZero(bits)} /* ${UNKNOWN} */` : `BPF_${name}`;
};
const rest = (bits: number): string => (bits === 0 ? '' : `|0x${bits.toString(16)} /* ${UNKNOWN} */`);

function operation(code: number): string {
  const kind = code & 7;
  const bits = code & ~7;
  const name = `BPF_${CLASSES[kind]!}`;
  const source = `|${named(SOURCES, (code >> 3) & 1, code & 8)}`;
  switch (CLASSES[kind]!) {
    case 'LD':
    case 'LDX':
      return `${name}|${named(SIZES, (code >> 3) & 3, code & 0x18)}|${named(MODES, (code >> 5) & 7, code & 0xe0)}`;
    case 'ALU':
      return `${name}${source}|${named(OPERATIONS, (code >> 4) & 15, code & 0xf0)}`;
    case 'JMP':
      return `${name}${source}|${named(JUMPS, (code >> 4) & 15, code & 0xf0)}`;
    case 'RET':
      return `${name}|${named(VALUES, (code >> 3) & 3, code & 0x18)}${rest(bits & ~0x18)}`;
    case 'MISC':
      return `${name}|${bits === 0 ? 'BPF_TAX' : bits === 0x80 ? 'BPF_TXA' : `${hexOrZero(bits)} /* ${UNKNOWN} */`}`;
    default:
      return name + rest(bits);
  }
}

const ACTION = 0xffff_0000;

/** What seccomp does: the action's name, and the number that goes with it. */
function action(value: number): string {
  const data = value & 0xffff;
  return `${enumOrHex('seccompAction', (value & ACTION) >>> 0)}${data === 0 ? '' : `|${hexOrZero(data)}`}`;
}

/** `[BPF_STMT(...), ...]` of so many instructions; undefined: not all of them were read. */
export function filterProgramText(
  { view, start, length }: CallCapture,
  count: number,
  actions: boolean,
): string | undefined {
  if (count * INSTRUCTION > length) return undefined;
  const lines = Array.from({ length: count }, (_, i) => {
    const at = start + i * INSTRUCTION;
    const [code, yes, no, k] = [
      view.getUint16(at, true),
      view.getUint8(at + 2),
      view.getUint8(at + 3),
      view.getUint32(at + 4, true),
    ];
    const value = actions && (code & 7) === RETURN ? action(k) : hexOrZero(k);
    if (yes === 0 && no === 0) return `BPF_STMT(${operation(code)}, ${value})`;
    return `BPF_JUMP(${operation(code)}, ${value}, ${hexOrZero(yes)}, ${hexOrZero(no)})`;
  });
  return `[${lines.join(', ')}]`;
}
