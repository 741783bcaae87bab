import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/emu/errors.ts';
import { RecordingInputs } from '../../../src/emu/input-log.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { restoreSnapshot, takeSnapshot } from '../../../src/emu/snapshot.ts';
import { stateHash } from '../../../src/emu/state-hash.ts';
import { boot, EXIT_WITH_EAX, finish, machine, multibootKernel } from '../boot/guest.ts';

const PROCESSORS = 4;
const TABLE = 0x20_0000;
/** Words of a processor's row in the table: what it is, then how many messages of each kind have come. */
const ROW = 64;
const COLUMN = { apicId: 0, cpuidId: 1, cores: 2, nmi: 3, vectors: 4 } as const;
const VECTORS = {
  physical: 0x40,
  logical: 0x41,
  all: 0x42,
  others: 0x43,
  self: 0x44,
  lowest: 0x45,
  patched: 0x46,
} as const;
const SUM = TABLE + ROW * 4 * PROCESSORS;
const ROUNDS = 5000;

const send = (high: number, low: number): string => `
  mov dword [0xfee00310], ${high}
  mov dword [0xfee00300], ${low}
`;
const LOGICAL = 1 << 11;
const SHORTHAND = { self: 1 << 18, all: 2 << 18, others: 3 << 18 } as const;
const NMI = 4 << 8;
const INIT = (5 << 8) | (1 << 14);
const STARTUP = (6 << 8) | 8;
const LOWEST = 1 << 8;

/** Waits until so many messages of all kinds have come. */
const waitFor = (count: number): string => `
  mov eax, ${count}
  call wait_for
`;

/**
 * Starts the other processors and sends them every kind of message; each counts what comes to it. Then all of them add
 * to one sum, and the first one exits.
 */
const KERNEL = multibootKernel(`
  cld
  lgdt [gdtr]
  jmp 8:reload
reload:
  mov esp, 0x80000
  ; The PIC stays out of it.
  mov al, 0xff
  out 0x21, al
  mov edi, 0x90000 + 2 * 8
  mov eax, nmi
  call gate
  %assign vector 0x40
  %rep 7
  mov edi, 0x90000 + vector * 8
  mov eax, handler_ %+ vector
  call gate
  %assign vector vector + 1
  %endrep
  mov esi, trampoline
  mov edi, 0x8000
  mov ecx, trampoline_end - trampoline
  rep movsb
  xor ebp, ebp
  call introduce
  ${send(0, SHORTHAND.others | INIT)}
  ${send(0, SHORTHAND.others | STARTUP)}
started:
  pause
  cmp dword [running], ${PROCESSORS}
  jb started
  ${send(2 << 24, VECTORS.physical)}
  ${waitFor(1)}
  ${send(0x0a << 24, LOGICAL | VECTORS.logical)}
  ${waitFor(3)}
  ${send(0, SHORTHAND.all | VECTORS.all)}
  ${waitFor(7)}
  ${send(0, SHORTHAND.others | VECTORS.others)}
  ${waitFor(10)}
  ${send(0, SHORTHAND.self | VECTORS.self)}
  ${waitFor(11)}
  ${send(1 << 24, NMI)}
  ${waitFor(12)}
  ${send(0x0c << 24, LOGICAL | LOWEST | VECTORS.lowest)}
  ${waitFor(13)}
  ; The code that the third processor runs is changed by the first.
  ${send(2 << 24, VECTORS.patched)}
  ${waitFor(14)}
  mov dword [patch + 1], 41
  ${send(2 << 24, VECTORS.patched)}
  ${waitFor(15)}
  mov dword [go], 1
  ${send(0, SHORTHAND.others | VECTORS.others)}
  call add_up
all_added:
  cmp dword [added], ${PROCESSORS}
  jb all_added
  mov eax, [${SUM}]
  ${EXIT_WITH_EAX}

wait_for:
  pause
  cmp [total], eax
  jb wait_for
  ret

gate:
  mov [edi], ax
  mov word [edi + 2], 8
  mov word [edi + 4], 0x8e00
  shr eax, 16
  mov [edi + 6], ax
  ret

; Processor EBP: segments, stack, tables, its APIC, and what it knows of itself.
introduce:
  pop edx
  mov ax, 16
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov ecx, ebp
  shl ecx, 12
  lea esp, [0x80000 + ecx]
  push edx
  lidt [idtr]
  mov dword [0xfee000e0], 0xffffffff
  mov eax, 1
  mov ecx, ebp
  add ecx, 24
  shl eax, cl
  mov [0xfee000d0], eax
  mov dword [0xfee000f0], 0x1ff
  mov esi, ebp
  shl esi, 8
  add esi, ${TABLE}
  mov eax, [0xfee00020]
  shr eax, 24
  mov [esi + ${4 * COLUMN.apicId}], eax
  mov eax, 1
  cpuid
  shr ebx, 24
  mov [esi + ${4 * COLUMN.cpuidId}], ebx
  mov eax, 0xb
  mov ecx, 1
  cpuid
  mov [esi + ${4 * COLUMN.cores}], ebx
  sti
  lock inc dword [running]
  ret

; The row of who runs: every handler finds it by its own APIC.
nmi:
  pushad
  mov ebx, ${COLUMN.nmi}
  jmp count
%assign vector 0x40
%rep 7
handler_ %+ vector:
  pushad
  mov ebx, vector - 0x40 + ${COLUMN.vectors}
  jmp acknowledge
%assign vector vector + 1
%endrep
acknowledge:
  mov dword [0xfee000b0], 0
count:
  mov esi, [0xfee00020]
  shr esi, 16
  mov eax, 1
  cmp ebx, ${COLUMN.vectors + 6}
  jne plain
  call patch
plain:
  add [esi + ${TABLE} + ebx * 4], eax
  lock inc dword [total]
  popad
  iret

patch:
  mov eax, 1
  ret

add_up:
  mov ecx, ${ROUNDS}
adding:
  lock add dword [${SUM}], 3
  loop adding
  lock inc dword [added]
  ret

application:
  mov ebp, eax
  call introduce
rest:
  cli
  cmp dword [go], 0
  jne work
  sti
  hlt
  jmp rest
work:
  call add_up
  cli
  hlt

trampoline:
  bits 16
  cli
  lgdt [cs:trampoline_gdtr - trampoline]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp dword 8:(0x8000 + protected - trampoline)
trampoline_gdtr:
  dw 23
  dd gdt
  bits 32
protected:
  mov ax, 16
  mov ds, ax
  mov ss, ax
  ; Shared until the processor has its own: all of them push the same address.
  mov esp, 0x7c00
  mov eax, [0xfee00020]
  shr eax, 24
  mov ebx, application
  jmp ebx
trampoline_end:

running: dd 0
total: dd 0
go: dd 0
added: dd 0
gdt:
  dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:
  dw 23
  dd gdt
idtr:
  dw 0x7ff
  dd 0x90000
`);

function started(): Machine {
  const target = machine(new RecordingInputs(), PROCESSORS);
  boot(target, { kernel: KERNEL });
  return target;
}

function row(target: Machine, processor: number): number[] {
  return Array.from({ length: 11 }, (_, i) => target.memory.readU32(TABLE + 4 * (ROW * processor + i)));
}

describe('several processors', () => {
  it('start at the message, and get every kind of it', () => {
    const target = started();
    expect(finish(target)).toBe(3 * ROUNDS * PROCESSORS);
    // APIC ID, CPUID's, cores; NMI; physical, logical, all, others, self, lowest, patched.
    expect(row(target, 0)).toEqual([0, 0, PROCESSORS, 0, 0, 0, 1, 0, 1, 0, 0]);
    expect(row(target, 1)).toEqual([1, 1, PROCESSORS, 1, 0, 1, 1, 2, 0, 0, 0]);
    expect(row(target, 2)).toEqual([2, 2, PROCESSORS, 0, 1, 0, 1, 2, 0, 1, 42]);
    expect(row(target, 3)).toEqual([3, 3, PROCESSORS, 0, 0, 1, 1, 2, 0, 0, 0]);
  });

  it('take the same turns however the run is cut', () => {
    const whole = started();
    finish(whole);
    const expected = stateHash(whole);
    for (const slice of [1, 7, 50_000]) {
      const target = started();
      finish(target, slice);
      expect(stateHash(target)).toBe(expected);
    }
  });

  it('go on from a snapshot as if nothing had been', () => {
    const original = started();
    for (const moment of [100, 300, 20_000]) {
      original.run({ icount: moment });
      const copy = machine(new RecordingInputs(), PROCESSORS);
      restoreSnapshot(copy, takeSnapshot(original));
      expect(stateHash(copy)).toBe(stateHash(original));
      const reference = started();
      finish(reference);
      finish(copy);
      expect(stateHash(copy)).toBe(stateHash(reference));
    }
    expect(() => restoreSnapshot(machine(), takeSnapshot(original))).toThrow(UserError);
  });

  it('are there again after a reset', () => {
    const target = started();
    finish(target);
    target.reset();
    boot(target, { kernel: KERNEL });
    target.memory.fill(TABLE, 4 * ROW * PROCESSORS + 4, 0);
    expect(finish(target)).toBe(3 * ROUNDS * PROCESSORS);
  });

  it('are known to the kernel by the tables of the firmware', () => {
    const target = machine(new RecordingInputs(), PROCESSORS);
    const tables = Buffer.from(target.memory.read(0xe_0000, 0x2000));
    const madt = tables.indexOf('APIC', 0x100);
    const entries = tables.subarray(madt + 44, madt + tables.readUInt32LE(madt + 4));
    const identities: number[] = [];
    for (let at = 0; at < entries.length; at += entries[at + 1]!)
      if (entries[at] === 0) identities.push(entries[at + 3]!);
    expect(identities).toEqual([0, 1, 2, 3]);
  });
});
