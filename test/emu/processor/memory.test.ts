import { describe, expect, it } from 'vitest';
import { EXIT, REGION, SECOND_LEVEL } from '../../../src/emu/layout.ts';
import { AT, Bench, REGISTER } from './bench.ts';

const HALT = 'f4';
const { code, userCode, handler } = AT;
const VECTOR_PF = 14;
const VECTOR_AC = 17;
const ALIGNMENT_CHECK = 0x4_0000n;
const ALIGNMENT_MASK = 0x4_0000n;
const PAGING = 0x8000_0000n;
const WRITE_PROTECT = 0x1_0000n;

/** Where paging tests keep their tables, and a page to look at. */
const DIRECTORY = 0x9_0000;
const TABLE = 0x9_1000;
const POINTERS = 0x9_2000;
const PAGE = 0xa_0000;
const USER_WRITABLE = 7;
const ACCESSED = 0x20;
const DIRTY = 0x40;

function le32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes.toString('hex');
}

describe('code that changes', () => {
  it('is seen by the next instruction of the same block', () => {
    const bench = new Bench('long');
    // mov ecx, 5; again: inc byte [the next instruction's immediate]; mov eax, 0; dec ecx; jnz again
    bench.code(code, `b905000000 fe0501000000 b800000000 ffc9 75f1 ${HALT}`);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(5n);
  });

  const subroutine = 0x1_1fff; // mov eax, 1; ret: all but its first byte on the next page

  it('is seen across a page end', () => {
    const bench = new Bench('long');
    bench.code(subroutine, 'b801000000c3');
    const call = (at: number) => `e8${le32(subroutine - (at + 5))}`;
    bench.code(code, `${call(code)} fe0425${le32(subroutine + 1)} ${call(code + 12)} ${HALT}`);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(2n);
  });

  it('is seen when written by another mapping', () => {
    const bench = new Bench('long');
    bench.view.setBigUint64(AT.pdpt + 8, 0x87n, true); // the second GiB is the first again
    bench.code(subroutine, 'b801000000c3');
    const call = (at: number) => `e8${le32(subroutine - (at + 5))}`;
    bench.code(code, `${call(code)} fe0425${le32(0x4000_0000 + subroutine + 1)} ${call(code + 12)} ${HALT}`);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(2n);
  });

  it('may be more than the block cache holds', () => {
    const bench = new Bench('long');
    const [from, to] = [0x8_0000, 0xf_0000];
    const block = 'ffc0eb00'; // inc eax; jmp to the next
    const blocks = (to - from) / 4;
    bench.code(from, block.repeat(blocks));
    bench.code(to, HALT);
    for (let round = 1; round <= 2; round++) {
      bench.enter(0, from);
      expect(bench.run(3 * blocks)).toBe(EXIT.halt);
      expect(bench.gpr(REGISTER.rax)).toBe(BigInt(round * blocks));
      bench.core.set('halted', 0);
    }
  });
});

/** 32-bit code with every page of the bench mapped to itself, PAE or not; faults halt in the handler. */
function paged(pae: boolean): Bench {
  const bench = new Bench('protected');
  const size = pae ? 8 : 4;
  for (let page = 0; page < 256; page++) bench.view.setUint32(TABLE + page * size, (page << 12) | USER_WRITABLE, true);
  bench.view.setUint32(DIRECTORY, TABLE | USER_WRITABLE, true);
  bench.view.setUint32(POINTERS, DIRECTORY | 1, true);
  bench.core.set64('cr3', BigInt(pae ? POINTERS : DIRECTORY));
  bench.core.set64('cr4', pae ? 0x620n : 0n);
  if (pae) bench.core.set64('efer', 0x800n);
  bench.core.set64('cr0', 0x33n | PAGING | WRITE_PROTECT);
  bench.vector(VECTOR_PF, handler);
  bench.code(handler, HALT);
  bench.enter(0, code);
  return bench;
}

describe.each([false, true])('32-bit paging, PAE %s', (pae) => {
  const entryAt = TABLE + (PAGE >> 12) * (pae ? 8 : 4);
  const READ = `a1${le32(PAGE)} ${HALT}`;
  const WRITE = `a3${le32(PAGE)} ${HALT}`;

  function entryAfter(program: string): number {
    const bench = paged(pae);
    bench.code(code, program);
    expect(bench.run()).toBe(EXIT.halt);
    return bench.view.getUint32(entryAt, true) & 0xfff;
  }

  it('marks pages accessed and dirty', () => {
    expect(entryAfter(HALT)).toBe(USER_WRITABLE);
    expect(entryAfter(READ)).toBe(USER_WRITABLE | ACCESSED);
    expect(entryAfter(WRITE)).toBe(USER_WRITABLE | ACCESSED | DIRTY);
  });

  function errorOf(cpl: 0 | 3, program: string, low: number, high = 0): bigint | undefined {
    const bench = paged(pae);
    bench.view.setUint32(entryAt, low, true);
    if (pae) bench.view.setUint32(entryAt + 4, high, true);
    const at = cpl === 0 ? code : userCode;
    bench.code(at, program);
    bench.enter(cpl, at);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.core.get64('cr2')).toBe(BigInt(PAGE));
    return bench.stack(1)[0];
  }

  it('explains page faults in the error code', () => {
    expect(errorOf(0, READ, 0)).toBe(0n);
    expect(errorOf(0, WRITE, 0)).toBe(2n);
    expect(errorOf(0, WRITE, PAGE | 5)).toBe(3n);
    expect(errorOf(3, READ, 0)).toBe(4n);
    expect(errorOf(3, READ, PAGE | 3)).toBe(5n);
    expect(errorOf(3, WRITE, PAGE | 5)).toBe(7n);
    if (!pae) return;
    expect(errorOf(0, READ, PAGE | 7, 1 << 24), 'a reserved bit').toBe(9n);
    expect(errorOf(0, `b8${le32(PAGE)}ffe0`, PAGE | 7, 1 << 31), 'no execution').toBe(0x11n);
  });

  it('stops REP MOVS at the page that is not there, with the registers of that element', () => {
    const bench = paged(pae);
    bench.view.setUint32(entryAt, 0, true);
    bench.core.ram.fill(0x5a, PAGE - 0x1000, PAGE);
    bench.core.ram.fill(0x77, 0xb_0000, 0xb_1000);
    // mov esi, b0000; mov edi, PAGE - 6; mov ecx, 5; rep movsd
    bench.code(code, `be${le32(0xb_0000)} bf${le32(PAGE - 6)} b905000000 f3a5 ${HALT}`);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.core.get64('cr2')).toBe(BigInt(PAGE));
    expect([REGISTER.rcx, REGISTER.rsi, REGISTER.rdi].map((register) => bench.gpr(register))).toEqual([
      4n,
      0xb_0004n,
      BigInt(PAGE - 2),
    ]);
    expect([...bench.core.ram.subarray(PAGE - 8, PAGE)]).toEqual([0x5a, 0x5a, 0x77, 0x77, 0x77, 0x77, 0x5a, 0x5a]);
    // The page appears, the instruction goes on.
    bench.view.setUint32(entryAt, PAGE | USER_WRITABLE, true);
    bench.core.flushTlb();
    bench.core.set('halted', 0);
    bench.core.set64('gpr', BigInt(AT.kernelStack), REGISTER.rsp);
    bench.core.set64('rip', BigInt(code + 15));
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rcx)).toBe(0n);
    expect(bench.gpr(REGISTER.rdi)).toBe(BigInt(PAGE + 14));
  });
});

describe('alignment checks', () => {
  it('are for user mode, with CR0.AM and RFLAGS.AC', () => {
    const vectors = [true, false].map((wanted) => {
      const bench = new Bench('long');
      bench.core.set64('cr0', bench.core.get64('cr0') | ALIGNMENT_MASK);
      bench.vector(VECTOR_AC, handler);
      bench.vector(13, handler + 1);
      bench.code(handler, HALT + HALT);
      bench.code(userCode, `8b0425${le32(PAGE + 1)} ${HALT}`);
      bench.enter(3, userCode);
      if (wanted) bench.core.rflags |= ALIGNMENT_CHECK;
      bench.core.modeChanged();
      expect(bench.run()).toBe(EXIT.halt);
      return Number(bench.core.get64('rip')) - 1 === handler ? VECTOR_AC : 13;
    });
    expect(vectors).toEqual([VECTOR_AC, 13]);
  });
});

describe('second-level permissions', () => {
  it('exit with the address and the value, and can be stepped over', () => {
    const bench = new Bench('long');
    const { core } = bench;
    const rights = new Uint8Array(core.ram.buffer, REGION.secondLevel.address, REGION.secondLevel.size);
    rights.fill(SECOND_LEVEL.read | SECOND_LEVEL.write | SECOND_LEVEL.execute);
    rights[PAGE >> 12] = SECOND_LEVEL.read | SECOND_LEVEL.execute;
    core.set('vmcsSecondLevelOn', 1);
    core.flushTlb();
    bench.view.setUint32(PAGE + 8, 41, true);
    // mov ebx, [PAGE + 8]; inc dword [PAGE + 8]; mov ecx, [PAGE + 8]
    const operand = `0425${le32(PAGE + 8)}`;
    bench.code(code, `8b1c25${le32(PAGE + 8)} ff${operand} 8b0c25${le32(PAGE + 8)} ${HALT}`);
    expect(bench.run()).toBe(EXIT.secondLevel);
    expect(core.get64('rip')).toBe(BigInt(code + 7));
    expect(core.get64('exitLinear')).toBe(BigInt(PAGE + 8));
    expect(core.get64('exitPhysical')).toBe(BigInt(PAGE + 8));
    expect(core.get64('exitQualification')).toBe(BigInt(SECOND_LEVEL.write | (4 << 8)));
    expect(bench.view.getUint32(PAGE + 8, true)).toBe(41);
    core.stepOver();
    expect(bench.view.getUint32(PAGE + 8, true)).toBe(42);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rbx)).toBe(41n);
    expect(bench.gpr(REGISTER.rcx)).toBe(42n);
    expect(core.get64('icount')).toBe(4n);
  });
});
