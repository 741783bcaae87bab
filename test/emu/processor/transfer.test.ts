import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/emu/layout.ts';
import { AT, Bench, REGISTER, SELECTOR } from './bench.ts';

const HALT = 'f4';
const CALL_GATE32 = 0xec;
const TASK_GATE = 0xe5;
const { code, userCode, handler } = AT;

describe('far branches', () => {
  it('calls through a 64-bit gate to level 0, and RETFQ goes back', () => {
    const bench = new Bench('long');
    bench.gate(AT.gdt + SELECTOR.gate, SELECTOR.kernelCode, handler, CALL_GATE32);
    bench.code(
      userCode,
      '48ff1d06000000b905000000f400000000000000004300' /* call far [rel target]; mov ecx, 5; hlt; target: dq 0; dw 0x43 */,
    );
    bench.code(handler, '89e38cc848cb' /* mov ebx, esp; mov eax, cs; o64 retf */);
    bench.code(handler + 0x100, HALT);
    bench.vector(13, handler + 0x100);
    bench.enter(3, userCode);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(BigInt(SELECTOR.kernelCode));
    expect(bench.gpr(REGISTER.rbx)).toBe(BigInt(AT.kernelStack - 32));
    expect(bench.gpr(REGISTER.rcx)).toBe(5n);
    // #GP from HLT at level 3: the user's stack pointer came back.
    expect(bench.stack(5).slice(4)).toEqual([BigInt(AT.userStack)]);
  });

  it('copies parameters through a 32-bit gate', () => {
    const bench = new Bench('protected');
    bench.gate(AT.gdt + SELECTOR.gate, SELECTOR.kernelCode, handler, CALL_GATE32, 2);
    bench.code(userCode, '6a0b6a169a000000004300' /* push 11; push 22; call 0x43:0 */);
    bench.code(handler, HALT);
    bench.enter(3, userCode);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.stack(6)).toEqual([
      BigInt(userCode + 11),
      BigInt(SELECTOR.userCode),
      22n,
      11n,
      BigInt(AT.userStack - 8),
      BigInt(SELECTOR.userData),
    ]);
  });

  it('refuses a code segment of another level', () => {
    const bench = new Bench('protected');
    bench.code(userCode, 'ea000003000800' /* jmp 8:0x30000 */);
    bench.code(handler, HALT);
    bench.vector(13, handler);
    bench.enter(3, userCode);
    bench.run();
    expect(bench.stack(2)).toEqual([8n, BigInt(userCode)]);
  });

  it('makes data segments of an inner level null on the way out', () => {
    const bench = new Bench('protected');
    bench.code(
      code,
      '66b810008ed866b823008ec06a2368000007006a2b6800000200cb' /* mov ax, 0x10; mov ds, ax; mov ax, 0x23; mov es, ax; push 0x23; push 0x70000; push 0x2b; push 0x20000; retf */,
    );
    bench.code(userCode, '8cd88cc3f4' /* mov eax, ds; mov ebx, es; hlt */);
    bench.code(handler, HALT);
    bench.vector(13, handler);
    expect(bench.run()).toBe(EXIT.halt);
    expect([bench.gpr(REGISTER.rax), bench.gpr(REGISTER.rbx)]).toEqual([0n, 0x23n]);
  });
});

describe('segment registers', () => {
  it('sets the accessed bit and refuses what the level may not have', () => {
    const bench = new Bench('protected');
    bench.descriptor(0x60, 0x1234, 0xfff, 0x92);
    bench.code(userCode, '66b860008ee0' /* mov ax, 0x60; mov fs, ax */);
    bench.code(code, '66b860008ee8e9f5ff0000' /* mov ax, 0x60; mov gs, ax; jmp 0x20000 */);
    bench.code(handler, HALT);
    bench.vector(13, handler);
    bench.enter(3, userCode);
    bench.run();
    expect(bench.stack(2)).toEqual([0x60n, BigInt(userCode + 4)]);
    bench.core.set('halted', 0);
    bench.enter(0, code);
    bench.run();
    expect(bench.view.getUint8(AT.gdt + 0x65)).toBe(0x93);
    expect(bench.core.get64('segBase', 5)).toBe(0x1234n);
  });

  it('answers LAR, LSL and VERR in ZF', () => {
    const bench = new Bench('protected');
    bench.code(
      userCode,
      '66b908000f02c10f94c366b923000f03c10f94c70f00e10f94c266b930000f00e90f94c6f4' /* mov cx, 8; lar eax, cx; setz bl; mov cx, 0x23; lsl eax, cx; setz bh; verr cx; setz dl; mov cx, 0x30; verw cx; setz dh; hlt */,
    );
    bench.code(handler, HALT);
    bench.vector(13, handler);
    bench.enter(3, userCode);
    bench.core.set64('gpr', 0n, REGISTER.rbx);
    bench.core.set64('gpr', 0n, REGISTER.rdx);
    bench.run();
    expect(bench.gpr(REGISTER.rax)).toBe(0xffff_ffffn);
    expect(bench.gpr(REGISTER.rbx)).toBe(0x100n);
    expect(bench.gpr(REGISTER.rdx)).toBe(1n);
  });
});

describe('task switches', () => {
  function withTask(): Bench {
    const bench = new Bench('protected');
    const tss = AT.otherTss;
    const set = (offset: number, value: number) => bench.view.setUint32(tss + offset, value, true);
    set(0x20, handler);
    set(0x24, 2);
    set(0x38, AT.taskStack);
    set(0x28, 0x77);
    for (const [offset, selector] of [
      [0x48, 0x10],
      [0x4c, 0x08],
      [0x50, 0x10],
      [0x54, 0x10],
    ] as const)
      set(offset, selector);
    return bench;
  }
  const busy = (bench: Bench, selector: number) => (bench.view.getUint8(AT.gdt + selector + 5) & 2) !== 0;

  it('calls a task and IRET returns to the one before', () => {
    const bench = withTask();
    bench.code(code, 'b8010000009a00000000500089c3f4' /* mov eax, 1; call 0x50:0; mov ebx, eax; hlt */);
    bench.code(handler, 'ba34120000cf' /* mov edx, 0x1234; iretd */);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rbx)).toBe(1n);
    expect(bench.selector('tr')).toBe(SELECTOR.tss);
    expect(bench.view.getUint16(AT.otherTss, true)).toBe(SELECTOR.tss);
    expect(bench.view.getUint32(AT.otherTss + 0x30, true)).toBe(0x1234);
    expect([busy(bench, SELECTOR.tss), busy(bench, SELECTOR.otherTss)]).toEqual([true, false]);
    expect(bench.core.rflags & 0x4000n).toBe(0n);
  });

  it('jumps to a task: the old one is no longer busy, TS is set', () => {
    const bench = withTask();
    bench.code(code, 'ea000000005000' /* jmp 0x50:0 */);
    bench.code(handler, HALT);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.gpr(REGISTER.rax)).toBe(0x77n);
    expect(bench.gpr(REGISTER.rsp)).toBe(BigInt(AT.taskStack));
    expect([busy(bench, SELECTOR.tss), busy(bench, SELECTOR.otherTss)]).toEqual([false, true]);
    expect(bench.core.get64('cr0') & 8n).toBe(8n);
    expect(bench.view.getUint32(AT.tss + 0x20, true)).toBe(code + 7);
  });

  it('delivers a double fault to a task gate with its error code on the new stack', () => {
    const bench = withTask();
    bench.gate(AT.idt + 8 * 8, SELECTOR.otherTss, 0, TASK_GATE);
    bench.code(code, '66b878008ed8' /* mov ax, 0x78; mov ds, ax */);
    bench.code(handler, HALT);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.selector('tr')).toBe(SELECTOR.otherTss);
    expect(bench.stack(1)).toEqual([0n]);
    expect(bench.view.getUint32(AT.tss + 0x20, true)).toBe(code + 4);
  });
});

describe('ports', () => {
  it('asks the bitmap of the TSS above IOPL', () => {
    const written: [number, number][] = [];
    const bench = new Bench('protected', 0, { portOut: (port, value) => written.push([port, value]) });
    bench.descriptor(SELECTOR.tss, AT.tss, 0x200, 0x8b);
    bench.segment('tr', SELECTOR.tss, AT.tss, 0x200, 0x8b);
    bench.view.setUint16(AT.tss + 0x66, 0x68, true);
    bench.view.setUint8(AT.tss + 0x68 + (0x61 >> 3), 2);
    bench.code(userCode, 'b005e660e661' /* mov al, 5; out 0x60, al; out 0x61, al */);
    bench.code(handler, HALT);
    bench.vector(13, handler);
    bench.enter(3, userCode);
    bench.run();
    expect(written).toEqual([[0x60, 5]]);
    expect(bench.stack(2)).toEqual([0n, BigInt(userCode + 4)]);
  });
});
