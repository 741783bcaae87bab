import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/emu/layout.ts';
import { AT, Bench, REGISTER, SELECTOR } from './bench.ts';

const HALT = 'f4';
const { code, userCode, handler } = AT;

function long(): Bench {
  const bench = new Bench('long');
  bench.code(handler, HALT);
  return bench;
}

describe('delivery in long mode', () => {
  it('switches to the stack of the TSS when the level changes, and IRETQ goes back', () => {
    const bench = long();
    bench.code(userCode, 'ccb807000000cc' /* int3; mov eax, 7; int3 */);
    bench.code(handler, 'f448cf' /* hlt; iretq */);
    bench.vector(3, handler, { dpl: 3 });
    bench.enter(3, userCode);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.core.get('cpl')).toBe(0);
    expect(bench.selector('ss')).toBe(0);
    expect(bench.stack(5)).toEqual([
      BigInt(userCode + 1),
      BigInt(SELECTOR.userCode),
      2n,
      BigInt(AT.userStack),
      BigInt(SELECTOR.userData),
    ]);
    bench.core.set('halted', 0);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(7n);
    expect(bench.stack(1)).toEqual([BigInt(userCode + 7)]);
  });

  it('uses the interrupt stack of the gate, aligned to 16 bytes, also without a change of level', () => {
    const bench = long();
    bench.code(code, '0f0b' /* ud2 */);
    bench.vector(6, handler, { ist: 1 });
    bench.core.set64('gpr', BigInt(AT.kernelStack - 3), REGISTER.rsp);
    bench.run();
    expect(bench.gpr(REGISTER.rsp)).toBe(BigInt(AT.interruptStack - 40));
    expect(bench.stack(5)).toEqual([BigInt(code), 8n, 0x1_0002n, BigInt(AT.kernelStack - 3), 0x10n]);
  });

  it('pushes the error code and keeps RIP at the instruction that faulted', () => {
    const bench = long();
    bench.code(userCode, '90f4' /* nop; hlt */);
    bench.vector(13, handler);
    bench.enter(3, userCode);
    bench.run();
    expect(bench.stack(2)).toEqual([0n, BigInt(userCode + 1)]);
  });

  it('reports a page fault in CR2 with its error code', () => {
    const bench = long();
    bench.code(userCode, 'c704250400004001000000' /* mov dword [0x40000004], 1 */);
    bench.vector(14, handler);
    bench.enter(3, userCode);
    bench.run();
    expect(bench.core.get64('cr2')).toBe(0x4000_0004n);
    expect(bench.stack(2)).toEqual([6n, BigInt(userCode)]);
  });

  it('refuses INT n through a gate of an inner level with the vector in the error code', () => {
    const bench = long();
    bench.code(userCode, 'cd30' /* int 0x30 */);
    bench.vector(0x30, handler);
    bench.vector(13, handler);
    bench.enter(3, userCode);
    bench.run();
    expect(bench.stack(2)).toEqual([0x182n, BigInt(userCode)]);
  });

  it('makes a double fault of a contributory fault within a contributory fault', () => {
    const bench = long();
    bench.code(userCode, 'f4' /* hlt */);
    bench.vector(8, handler);
    bench.enter(3, userCode);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.stack(2)).toEqual([0n, BigInt(userCode)]);
  });

  it('delivers a fault met while a benign one was delivered by itself, with EXT', () => {
    const bench = long();
    bench.code(userCode, '0f0b' /* ud2 */);
    bench.vector(13, handler);
    bench.enter(3, userCode);
    bench.run();
    expect(bench.stack(2)).toEqual([BigInt(6 * 8 + 3), BigInt(userCode)]);
  });

  it('shuts down on a triple fault', () => {
    const bench = long();
    bench.code(code, '0f0b' /* ud2 */);
    bench.core.set('idtrLimit', 0);
    expect(bench.run()).toBe(EXIT.shutdown);
  });

  it('takes an external interrupt after the instruction that follows STI', () => {
    const asserted = { value: true };
    const bench = new Bench('long', 0, {
      acknowledge: () => {
        asserted.value = false;
        bench.core.set('interruptPending', 0);
        return 0x40;
      },
    });
    bench.code(handler, HALT);
    bench.code(code, 'fbffc0ffc0' /* sti; inc eax; inc eax */);
    bench.vector(0x40, handler);
    bench.core.set('interruptPending', 1);
    bench.core.set64('gpr', 0n, REGISTER.rax);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(1n);
    expect(bench.stack(1)).toEqual([BigInt(code + 3)]);
  });

  it('wakes a halted processor, and NMIs wait for IRET', () => {
    const bench = long();
    bench.code(code, HALT);
    bench.code(handler, 'ffc0f448cf' /* inc eax; hlt; iretq */);
    bench.vector(2, handler);
    bench.core.set64('gpr', 0n, REGISTER.rax);
    expect(bench.run()).toBe(EXIT.halt);
    bench.core.set('nmiPending', 1);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(1n);
    bench.core.set('nmiPending', 1);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(1n);
    bench.core.set('halted', 0);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(2n);
  });
});

describe('delivery in protected mode', () => {
  it('switches stacks through a 32-bit gate and comes back by IRETD', () => {
    const bench = new Bench('protected');
    bench.code(userCode, 'cd80b809000000f4' /* int 0x80; mov eax, 9; hlt */);
    bench.code(handler, '89e3cf' /* mov ebx, esp; iretd */);
    bench.code(handler + 0x100, HALT);
    bench.vector(0x80, handler, { dpl: 3 });
    bench.vector(13, handler + 0x100);
    bench.enter(3, userCode);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(9n);
    expect(bench.gpr(REGISTER.rbx)).toBe(BigInt(AT.kernelStack - 20));
    expect(bench.stack(3)).toEqual([0n, BigInt(userCode + 7), BigInt(SELECTOR.userCode)]);
  });

  it('enters virtual-8086 mode by IRETD, and an interrupt leaves it with the segments on the stack', () => {
    const bench = new Bench('protected');
    bench.code(
      code,
      '6a556a446a336a2268000700006800100000680232020068002000006a00cf' /* push 0x55; push 0x44; push 0x33; push 0x22; push 0x700; push 0x1000; push 0x23202; push 0x2000; push 0; iretd */,
    );
    bench.code(userCode, '8cc8cd20' /* mov ax, cs; int 0x20 */);
    bench.code(handler, HALT);
    bench.vector(0x20, handler, { dpl: 3 });
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax) & 0xffffn).toBe(0x2000n);
    expect(bench.stack(9)).toEqual([4n, 0x2000n, 0x2_3202n, 0x1000n, 0x700n, 0x22n, 0x33n, 0x44n, 0x55n]);
    expect([bench.selector('ds'), bench.selector('es'), bench.selector('gs')]).toEqual([0, 0, 0]);
    expect(bench.core.rflags & 0x2_0200n).toBe(0n);
  });
});

describe('delivery in real mode', () => {
  it('goes through the vector table', () => {
    const bench = new Bench('real');
    bench.core.set64('rip', 0x8000n);
    bench.core.set64('gpr', 0x7000n, REGISTER.rsp);
    bench.code(0x8000, 'fbcd21' /* sti; int 0x21 */);
    bench.code(0x9000, HALT);
    bench.view.setUint32(0x21 * 4, 0x0800_1000, true);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.selector('cs')).toBe(0x800);
    expect(bench.core.get64('rip')).toBe(0x1001n);
    expect([0, 2, 4].map((at) => bench.view.getUint16(0x6ffa + at, true))).toEqual([0x8003, 0, 0x202]);
  });
});
