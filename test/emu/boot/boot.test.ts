import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/emu/errors.ts';
import { assemble, boot, EXIT_WITH_EAX, MEMORY, machine, multibootKernel } from './guest.ts';

function exitCode(
  kernel: Uint8Array,
  options: { commandLine?: string; initrd?: Uint8Array; entry?: 'protected' } = {},
): number {
  const target = machine();
  boot(target, { kernel, ...options });
  const outcome = target.run({ icount: 100_000 });
  if (outcome.kind !== 'stopped' || outcome.stop.kind !== 'debug-exit') throw new Error(JSON.stringify(outcome));
  return outcome.stop.code;
}

/** An ELF file with one loadable segment at 1 MiB, and a PVH note if asked for. */
function elf(bits: 32 | 64, body: string, note = false): Uint8Array {
  const wide = bits === 64;
  const header = wide
    ? `db 0x7f, "ELF", 2, 1, 1
       times 9 db 0
       dw 2, 62
       dd 1
       dq entry, segments - start, 0
       dd 0
       dw 64, 56, 2, 0, 0, 0
       segments:
       dd 1, 7
       dq 0, 0x100000, 0x100000, finish - start, finish - start + 64, 0x1000
       dd ${note ? 4 : 0}, 0
       dq note - start, note, note, 20, 20, 4`
    : `db 0x7f, "ELF", 1, 1, 1
       times 9 db 0
       dw 2, 3
       dd 1, entry, segments - start, 0, 0
       dw 52, 32, 2, 0, 0, 0
       segments:
       dd 1, 0, 0x100000, 0x100000, finish - start, finish - start + 64, 7, 0x1000
       dd ${note ? 4 : 0}, note - start, note, note, 20, 20, 0, 4`;
  return assemble(`
    org 0x100000
    start:
      ${header}
    note:
      dd 4, 4, 18
      db "Xen", 0
      dd pvh
    bits ${wide && !note ? 64 : 32}
    pvh:
    entry:
      ${body}
    finish:
  `);
}

/** A bzImage whose kernel does the same from its 32-bit and, 200h further, its 64-bit entry. */
function bzImage(protectedBody: string, longBody: string): Uint8Array {
  return assemble(`
    times 0x1f1 db 0
    db 1
    times 0x1fe - 0x1f2 db 0
    dw 0xaa55
    db 0xeb, 0x66
    db "HdrS"
    dw 0x20f
    times 0x211 - 0x208 db 0
    db 1
    times 0x22c - 0x212 db 0
    dd 0x7fffffff
    times 0x234 - 0x230 db 0
    db 1
    db 0
    dw 1
    dd 255
    times 0x258 - 0x23c db 0
    dq 0x200000
    dd 0x100000
    times 0x400 - 0x264 db 0
    bits 32
    ${protectedBody}
    times 0x600 - ($ - $$) db 0
    bits 64
    ${longBody}
  `);
}

describe('multiboot', () => {
  it('enters with the magic number, and gives memory, command line and module', () => {
    const kernel = multibootKernel(`
      cmp eax, 0x2badb002
      jne finish
      mov ecx, [ebx + 16]
      cmp dword [ecx], "kern"
      jne finish
      cmp dword [ecx + 7], "a=b"
      jne finish
      mov ecx, [ebx + 24]
      mov ecx, [ecx]
      cmp dword [ecx], "data"
      jne finish
      mov eax, [ebx + 8]
      ${EXIT_WITH_EAX}
    `);
    const initrd = new TextEncoder().encode('data');
    expect(exitCode(kernel, { commandLine: 'a=b', initrd })).toBe((MEMORY >> 10) - 1024);
  });

  it('refuses features that it does not have', () => {
    const kernel = assemble('dd 0x1badb002, 4, -(0x1badb002 + 4)');
    expect(() => boot(machine(), { kernel })).toThrow(/features 0x4/);
  });
});

describe('ELF', () => {
  it('enters 32-bit files in protected mode and 64-bit files in long mode', () => {
    expect(exitCode(elf(32, `mov eax, cr0\n ${EXIT_WITH_EAX}`)) >>> 0).toBe(0x31);
    expect(exitCode(elf(64, `mov rax, cr0\n shr rax, 24\n ${EXIT_WITH_EAX}`))).toBe(0x80);
  });

  it('enters at the PVH note with the start info', () => {
    const body = `
      cmp dword [ebx], 0x336ec578
      jne finish
      mov ecx, [ebx + 24]
      mov eax, [ecx]
      ${EXIT_WITH_EAX}`;
    expect(exitCode(elf(64, body, true), { commandLine: 'root' })).toBe(0x746f_6f72);
  });
});

describe('bzImage', () => {
  const image = bzImage(
    `mov ecx, [esi + 0x228]\n mov eax, [ecx]\n ${EXIT_WITH_EAX}`,
    `mov ecx, [rsi + 0x218]\n mov eax, [rcx]\n ${EXIT_WITH_EAX}`,
  );

  it('is entered by the 64-bit protocol with the ramdisk in boot_params', () => {
    expect(exitCode(image, { initrd: new TextEncoder().encode('ABCD') })).toBe(0x4443_4241);
  });

  it('is entered by the 32-bit protocol when asked to', () => {
    expect(exitCode(image, { entry: 'protected', commandLine: 'abcd' })).toBe(0x6463_6261);
  });

  it.each([
    ['a command line that is too long', { commandLine: 'x'.repeat(300) }, /300 bytes, the kernel takes 255/],
    ['a ramdisk that does not fit', { initrd: new Uint8Array(MEMORY) }, /do not fit into 16 MiB/],
  ])('refuses %s', (_what, options, message) => {
    expect(() => boot(machine(), { kernel: image, ...options })).toThrow(message);
  });
});

describe('what is no kernel', () => {
  const arm = elf(64, 'nop');
  arm[18] = 183;
  const cut = elf(64, 'nop').subarray(0, 70);
  const huge = elf(32, 'nop');
  new DataView(huge.buffer).setUint32(52 + 20, 0x4000_0000, true);
  it.each([
    ['an empty file', new Uint8Array(0), /is empty/],
    ['a text', new TextEncoder().encode('#!/bin/sh\n'), /not a kernel/],
    ['a compressed file', Uint8Array.of(0x1f, 0x8b, 8, 0), /gzip-compressed/],
    ['an ELF file for another processor', arm, /another processor \(AArch64\)/],
    ['an ELF file cut off', cut, /ends too early/],
    ['a kernel larger than memory', huge, /raise --memory/],
  ])('%s ends in one line', (_what, kernel, message) => {
    expect(() => boot(machine(), { kernel })).toThrow(message);
    expect(() => boot(machine(), { kernel })).toThrow(UserError);
  });
});
