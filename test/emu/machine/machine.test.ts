import { describe, expect, it } from 'vitest';
import { Divergence, type InputEntry, PlaybackInputs, RecordingInputs } from '../../../src/emu/input-log.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { packSnapshot, restoreSnapshot, takeSnapshot, unpackSnapshot } from '../../../src/emu/snapshot.ts';
import { stateHash } from '../../../src/emu/state-hash.ts';
import { boot, EXIT_WITH_EAX, finish, machine, multibootKernel } from '../boot/guest.ts';

/**
 * Counts timer interrupts (vector 20h, 100 a second) into EBX and adds received bytes (vector 24h) to ESI, halted in
 * between; after 40 ticks it exits with EBX * 1000h + ESI.
 */
const TICKER = multibootKernel(`
  lgdt [gdtr]
  jmp 8:reload
reload:
  mov ax, 16
  mov ds, ax
  mov ss, ax
  mov esp, 0x80000
  lidt [idtr]
  mov edi, 0x90000 + 0x20 * 8
  mov eax, tick
  call gate
  mov edi, 0x90000 + 0x24 * 8
  mov eax, byte_received
  call gate
  mov al, 0x11
  out 0x20, al
  mov al, 0x20
  out 0x21, al
  mov al, 4
  out 0x21, al
  mov al, 1
  out 0x21, al
  mov al, 0xee
  out 0x21, al
  mov al, 0x34
  out 0x43, al
  mov al, 0x9c
  out 0x40, al
  mov al, 0x2e
  out 0x40, al
  mov dx, 0x3fc
  mov al, 8
  out dx, al
  mov dx, 0x3f9
  mov al, 1
  out dx, al
  xor ebx, ebx
  xor esi, esi
  sti
wait_more:
  hlt
  add dword [0x200000 + ebx * 4], 1
  cmp ebx, 40
  jb wait_more
  mov eax, ebx
  shl eax, 12
  add eax, esi
  ${EXIT_WITH_EAX}
gate:
  mov [edi], ax
  mov word [edi + 2], 8
  mov word [edi + 4], 0x8e00
  shr eax, 16
  mov [edi + 6], ax
  ret
tick:
  inc ebx
  mov al, 0x20
  out 0x20, al
  iret
byte_received:
  push edx
  mov dx, 0x3f8
  in al, dx
  movzx eax, al
  add esi, eax
  mov al, 0x20
  out 0x20, al
  pop edx
  iret
gdt:
  dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:
  dw 23
  dd gdt
idtr:
  dw 0x7ff
  dd 0x90000
`);

function ticker(inputs = new RecordingInputs()): Machine {
  const target = machine(inputs);
  boot(target, { kernel: TICKER });
  return target;
}

describe('time', () => {
  it('skips what the guest sleeps through', () => {
    const target = ticker();
    expect(finish(target)).toBe(40 << 12);
    expect(target.now()).toBeGreaterThan(390_000_000);
    expect(target.now()).toBeLessThan(410_000_000);
    expect(target.icount).toBeLessThan(10_000);
  });

  it('can be left to the host: idle is reported, and passes as long as the host says', () => {
    const target = ticker();
    const outcome = target.run({ reportIdle: true });
    if (outcome.kind !== 'idle' || outcome.until === undefined) throw new Error(JSON.stringify(outcome));
    const before = target.now();
    target.passIdleTime(1000);
    expect(target.now()).toBe(before + 1000);
    target.passIdleTime(1e12);
    expect(target.now()).toBe(outcome.until);
  });

  it('comes back at the time asked for', () => {
    const target = ticker();
    expect(target.run({ time: 123_456_789 })).toEqual({ kind: 'limit' });
    expect(target.now()).toBe(123_456_789);
  });

  it('says when nothing can wake the processor', () => {
    const target = machine();
    boot(target, { kernel: multibootKernel('cli\n hlt\n') });
    expect(target.run()).toEqual({ kind: 'halted' });
  });

  it('stops at a triple fault, a reset and a power-off', () => {
    const outcomeOf = (body: string): unknown => {
      const target = machine();
      boot(target, { kernel: multibootKernel(body) });
      return target.run({ icount: 10_000 });
    };
    expect(outcomeOf('ud2\n')).toEqual({ kind: 'shutdown' });
    expect(outcomeOf('mov al, 0xfe\n out 0x64, al\n')).toEqual({ kind: 'stopped', stop: { kind: 'reset' } });
    expect(outcomeOf('mov dx, 0x604\n mov ax, 0x3400\n out dx, ax\n')).toEqual({
      kind: 'stopped',
      stop: { kind: 'power-off' },
    });
  });
});

describe('determinism', () => {
  const recorded = (): { log: InputEntry[]; code: number; hash: string } => {
    const log: InputEntry[] = [];
    const target = ticker(new RecordingInputs((entry) => log.push(entry)));
    target.run({ time: 77_777_777 });
    target.offer('com1', Uint8Array.of(3));
    target.run({ time: 99_999_999 });
    target.offer('com1', Uint8Array.of(4));
    return { log, code: finish(target), hash: stateHash(target) };
  };

  it('plays an input log back to the same state, whatever the slices', () => {
    const { log, code, hash } = recorded();
    expect(code).toBe((40 << 12) + 7);
    for (const slice of [1, 3, 1000]) {
      const target = machine(new PlaybackInputs(log));
      boot(target, { kernel: TICKER });
      expect(finish(target, slice)).toBe(code);
      expect(stateHash(target)).toBe(hash);
    }
  });

  it('goes on from a snapshot as if it had never stopped', () => {
    const { log, code, hash } = recorded();
    const first = machine(new PlaybackInputs(log));
    boot(first, { kernel: TICKER });
    first.run({ time: 88_000_000 });
    const codec = { compress: (bytes: Uint8Array) => bytes, decompress: (bytes: Uint8Array) => bytes };
    const packed = packSnapshot(takeSnapshot(first), codec);
    const second = machine(new PlaybackInputs(log));
    restoreSnapshot(second, unpackSnapshot(packed, codec));
    expect(stateHash(second)).toBe(stateHash(first));
    expect(finish(second)).toBe(code);
    expect(stateHash(second)).toBe(hash);
  });

  it('notices a log that does not fit', () => {
    const { log } = recorded();
    const moved = log.map((entry) => (entry.asked ? { ...entry, kind: 'other' } : entry));
    expect(() => machine(new PlaybackInputs(moved))).toThrow(Divergence);
    expect(() => machine(new PlaybackInputs([]))).toThrow(/after the end of the input log/);
  });

  it('refuses a snapshot that is none, or of another machine', () => {
    const codec = { compress: (bytes: Uint8Array) => bytes, decompress: (bytes: Uint8Array) => bytes };
    expect(() => unpackSnapshot(new Uint8Array(10), codec)).toThrow(/not a usable machine snapshot/);
    const snapshot = takeSnapshot(ticker());
    expect(() => restoreSnapshot(machine(), { ...snapshot, ramSize: 1 << 20 })).toThrow(/1 MiB/);
  });
});
