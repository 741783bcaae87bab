/**
 * One row an encoding. Everything the decoder, the dispatcher, the JIT and the tests know about an opcode
 * stands in its row, and nowhere else. Rows live in `rows/`, a file a family.
 *
 * `encoding`: `[NP|66|F2|F3] [0F|0F38|0F3A] OPCODE [+r] [/r|/0../7] [mem|reg] [VEX[.L0|.L1][.W0|.W1]]`, hex bytes.
 *   A row with a mandatory prefix wins over one without; a row with `/digit` wins over `/r`; `mem` and `reg`
 *   limit ModRM.mod. `NP` refuses 66, F2 and F3; a row without prefix word ignores them (66 then is the operand size).
 *   A full second byte after the opcode (`0F 01 D0`) is written as a third opcode byte: `0F 01 =D0`.
 * `operands`: SDM appendix A codes, comma separated, e.g. `Ev,Gv,Ib`. Understood:
 *   Eb Ew Ed Eq Ev Ey  ModRM.rm, general register or memory    (y: 4, or 8 with REX.W)
 *   Gb Gw Gd Gq Gv Gy  ModRM.reg, general register              By  VEX.vvvv, general register
 *   Zb Zv              register in the opcode's low three bits
 *   M Mb Mw Md Mq Mdq Mp Ms  memory only (register form: #UD)   Ob Ov  moffs (address in the immediate)
 *   Ib Iw Iz Iv Ibs    immediates (z: 2 or 4, v: up to 8, Ibs: sign-extended byte)  Ibw: imm16 then imm8 (ENTER)
 *   Jb Jz              branch displacement                       Ap  far pointer in the instruction
 *   Sw Cd Dd           segment, control, debug register in ModRM.reg
 *   Vx Wx              ModRM.reg / ModRM.rm, XMM register (or memory); Ux: rm, register only
 *   Pq Qq              MMX register, MMX or memory; Nq: rm, register only
 *   ST                 x87 register number in ModRM.rm (mod 3)
 *   Fixed operands are named: AL AX eAX rAX CL DX 1; the handler knows them.
 * `handler`: function exported by `core/ops/<family>.ts`, `(op: usize) => void`, named after mnemonic and operands.
 */
export interface OpcodeRow {
  readonly encoding: string;
  readonly mnemonic: string;
  readonly operands: string;
  readonly handler: string;
  readonly attributes: Attributes;
}

export interface Attributes {
  /** LOCK is allowed with a memory destination; anywhere else it is #UD. */
  readonly lock?: boolean;
  /** Nothing after it may stand in the same block: it may change RIP, mode, mappings or exit. */
  readonly ends?: boolean;
  /** 64-bit mode: `invalid` raises #UD there; `only` raises #UD elsewhere. */
  readonly long?: 'invalid' | 'only';
  /** Operand size in 64-bit mode: `64` defaults to 64 (PUSH), `force64` ignores 66 (near branches). */
  readonly size?: '64' | 'force64';
  /** #UD in real and virtual-8086 mode. */
  readonly protectedOnly?: boolean;
  /** Memory operand of 16 bytes must be aligned (#GP(0)). */
  readonly aligned?: boolean;
  /** Status flags written / left undefined, letters of `oszapc`. */
  readonly writes?: string;
  readonly undefined?: string;
  /** CPUID feature it belongs to, as /proc/cpuinfo spells it. */
  readonly feature?: string;
  /** Checked before execution: #UD by CR0.EM / CR4.OSFXSR, #NM by CR0.TS, pending x87 exception (#MF). */
  readonly unit?: 'x87' | 'x87-nowait' | 'mmx' | 'sse';
  /** Name in SENSITIVE of layout.ts, when the instruction is a sensitive, unprivileged one. */
  readonly sensitive?: string;
  /** CPL must be 0, else #GP(0). */
  readonly privileged?: boolean;
}

/** Shorthand that keeps tables aligned. */
export function row(
  encoding: string,
  mnemonic: string,
  operands: string,
  handler: string,
  attributes: Attributes = {},
): OpcodeRow {
  return { encoding, mnemonic, operands, handler, attributes };
}
