import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootKernel } from '../../../src/emu/boot/boot.ts';
import type { KernelBoot } from '../../../src/emu/boot/target.ts';
import { encodeStartTime } from '../../../src/emu/devices/rtc.ts';
import { type InputLog, RecordingInputs } from '../../../src/emu/input-log.ts';
import { Machine } from '../../../src/emu/machine.ts';

export const MEMORY = 16 << 20;

/** A machine with fixed time and entropy. */
export function machine(inputs: InputLog = new RecordingInputs(), processors = 1): Machine {
  return new Machine({
    memory: MEMORY,
    vendor: 'AuthenticAMD',
    processors,
    inputs,
    startTime: () => encodeStartTime(1_700_000_000),
    entropy: () => new Uint8Array(8).fill(1),
  });
}

export function boot(target: Machine, options: Partial<KernelBoot> & { readonly kernel: Uint8Array }): string {
  return bootKernel(
    { core: target.core, memory: target.memory, seed: () => new Uint8Array(32) },
    { commandLine: '', ...options },
  );
}

/** Flat binary that nasm makes of a source. */
export function assemble(source: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'guest-'));
  try {
    const input = join(folder, 'guest.asm');
    const output = join(folder, 'guest.bin');
    writeFileSync(input, source);
    execFileSync('nasm', ['-f', 'bin', '-o', output, input]);
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A multiboot kernel at 1 MiB with the a.out kludge; `body` starts at `entry` in 32-bit protected mode. */
export function multibootKernel(body: string): Uint8Array {
  return assemble(`
    bits 32
    org 0x100000
    header:
      dd 0x1badb002, 0x10003, -(0x1badb002 + 0x10003)
      dd header, header, 0, finish + 0x1000, entry
    entry:
      ${body}
    finish:
  `);
}

/** Writes EAX to the exit port. */
export const EXIT_WITH_EAX = 'mov dx, 0xf4\n out dx, eax\n hlt\n';

/** Runs to the end in slices; the exit code. */
export function finish(target: Machine, slice = 1_000_000): number {
  for (;;) {
    const outcome = target.run({ icount: target.icount + slice });
    if (outcome.kind === 'stopped' && outcome.stop.kind === 'debug-exit') return outcome.stop.code;
    if (outcome.kind !== 'limit') throw new Error(JSON.stringify(outcome));
  }
}
