import type { Picture, Stage } from './stage.ts';
import type { Vector } from './vector.ts';

const hex = (value: bigint | number) => value.toString(16);
const REGISTERS = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split(' ');

/** What differs after a run, a line each: `rax expected 1 got 2`. Empty: the vector agrees. */
export function differences(vector: Vector, before: Picture, after: Picture, stage: Stage): string[] {
  const found: string[] = [];
  const expect = (what: string, expected: bigint | number | string, got: bigint | number | string) => {
    const show = (value: bigint | number | string) => (typeof value === 'string' ? value : hex(value));
    if (expected !== got) found.push(`${what} expected ${show(expected)} got ${show(got)}`);
  };
  const { o } = vector;
  if (after.stray !== undefined) return [after.stray];
  expect('exception', describe(o.exc), describe(asExpected(after, o.exc, stage)));
  expect('rip', BigInt(`0x${o.ip}`), after.rip);
  for (let i = 0; i < (vector.m === 64 ? 16 : 8); i++) {
    const mask = BigInt(`0x${vector.rm?.[String(i)] ?? 'ffffffffffffffff'}`);
    const wanted = o.r?.[String(i)];
    const expected = wanted === undefined ? (before.gpr[i] ?? 0n) : BigInt(`0x${wanted}`);
    expect(REGISTERS[i] ?? '', expected & mask, (after.gpr[i] ?? 0n) & mask);
  }
  if (o.exc === undefined) {
    const mask = BigInt(`0x${vector.fm ?? '8d5'}`);
    expect('flags', BigInt(`0x${o.f}`) & mask, after.rflags & mask);
  }
  for (let i = 0; i < 16; i++) {
    const wanted = o.x?.[String(i)];
    const expected = wanted === undefined ? (before.xmm[i] ?? 0n) : BigInt(`0x${wanted}`);
    const got = after.xmm[i] ?? 0n;
    if (vector.tol?.startsWith('rel:') && wanted !== undefined && expected !== got) {
      if (closeSingles(expected, got, Number(vector.tol.slice(4)))) continue;
    }
    expect(`xmm${i}`, expected, got);
  }
  const mxMask = Number.parseInt(vector.mxm ?? 'ffff', 16);
  expect('mxcsr', (o.mx === undefined ? before.mxcsr : Number.parseInt(o.mx, 16)) & mxMask, after.mxcsr & mxMask);
  compareFpu(vector, before, after, expect);
  compareMemory(vector, stage, expect);
  return found;
}

type Expect = (what: string, expected: bigint | number | string, got: bigint | number | string) => void;

interface Exception {
  readonly v: number;
  readonly e?: number | undefined;
  readonly cr2?: string | undefined;
}

/**
 * The exception in the record's form. In the read-only area the recording process may not have had the page in
 * memory yet: the error code's P bit is as the record has it.
 */
function asExpected(after: Picture, recorded: Exception | undefined, stage: Stage): Exception | undefined {
  if (after.exception === undefined) return undefined;
  const { vector, code, address } = after.exception;
  const lazy = vector === 14 && stage.isReadOnly(address);
  const e = recorded?.e === undefined ? undefined : lazy ? (code & ~1) | (recorded.e & 1) : code;
  return { v: vector, e, cr2: vector === 14 ? hex(address) : undefined };
}

function describe(exception: Exception | undefined): string {
  if (exception === undefined) return 'none';
  const code = exception.e === undefined ? '' : ` code ${exception.e}`;
  return `${exception.v}${code}${exception.cr2 === undefined ? '' : ` at ${exception.cr2}`}`;
}

function compareFpu(vector: Vector, before: Picture, after: Picture, expect: Expect): void {
  const wanted = vector.o.fpu;
  const number = (text: string | undefined, otherwise: number) =>
    text === undefined ? otherwise : Number.parseInt(text, 16);
  const mask = Number.parseInt(vector.swm ?? 'ffff', 16);
  expect('fpu control', number(wanted?.cw, before.control), after.control);
  expect('fpu status', number(wanted?.sw, before.status) & mask, after.status & mask);
  expect('fpu tag', number(wanted?.tag, before.tag), after.tag);
  if (vector.tol === 'st:ignore') return;
  for (let i = 0; i < 8; i++) {
    const text = wanted?.st?.[i];
    const expected = text === undefined ? (before.st[i] ?? 0n) : BigInt(`0x${text}`);
    const got = after.st[i] ?? 0n;
    if (vector.tol?.startsWith('x87rel:') && expected !== got && closeExtended(expected, got)) continue;
    expect(`st${i}`, expected, got);
  }
}

function compareMemory(vector: Vector, stage: Stage, expect: Expect): void {
  const wanted = new Map<number, number>();
  for (const [address, bytes] of vector.o.mem ?? []) {
    const start = Number.parseInt(address, 16);
    Buffer.from(bytes, 'hex').forEach((byte, i) => {
      wanted.set(start + i, byte);
    });
  }
  const { ram } = stage.core;
  const addresses = new Set([...stage.changedBytes(), ...wanted.keys()]);
  for (const address of [...addresses].sort((a, b) => a - b)) {
    expect(`byte ${hex(address)}`, wanted.get(address) ?? stage.byteBefore(address), ram[address] ?? 0);
  }
}

/** Four single-precision lanes, each within a relative error. */
function closeSingles(a: bigint, b: bigint, relative: number): boolean {
  const lanes = (value: bigint) => {
    const view = new DataView(new ArrayBuffer(16));
    view.setBigUint64(0, value & 0xffff_ffff_ffff_ffffn, true);
    view.setBigUint64(8, value >> 64n, true);
    return [0, 4, 8, 12].map((at) => [view.getFloat32(at, true), view.getUint32(at, true)] as const);
  };
  const left = lanes(a);
  const right = lanes(b);
  return left.every(([x, bits], i) => {
    const [y, otherBits] = right[i] ?? [Number.NaN, 0];
    return bits === otherBits || Math.abs(x - y) <= relative * Math.abs(x);
  });
}

/** Two 80-bit numbers within 2^-62 of each other, relative. */
function closeExtended(a: bigint, b: bigint): boolean {
  const significand = (value: bigint) => value & 0xffff_ffff_ffff_ffffn;
  const signExponent = (value: bigint) => value >> 64n;
  let x = significand(a);
  let y = significand(b);
  if (signExponent(a) === signExponent(b) + 1n) x <<= 1n;
  else if (signExponent(b) === signExponent(a) + 1n) y <<= 1n;
  else if (signExponent(a) !== signExponent(b)) return false;
  const distance = x > y ? x - y : y - x;
  return distance <= 4n;
}
