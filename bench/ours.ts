import { readFileSync } from 'node:fs';
import { bootKernel } from '../src/emu/boot/boot.ts';
import { encodeStartTime } from '../src/emu/devices/rtc.ts';
import { RecordingInputs } from '../src/emu/input-log.ts';
import { Machine } from '../src/emu/machine.ts';
import type { Image } from './image.ts';
import { Marks, type Stretch } from './marks.ts';

const MEMORY = 512 << 20;
/** Virtual nanoseconds between two looks at the guest. */
const SLICE = 1_000_000;

export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** A machine of ours at the first instruction of the image's kernel. */
export function powerOn(image: Image): Machine {
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(5);
  const machine = new Machine({
    memory: MEMORY,
    vendor: 'AuthenticAMD',
    inputs: new RecordingInputs(),
    startTime: () => encodeStartTime(1_000_000_000),
    entropy: () => random(8),
  });
  bootKernel(
    { core: machine.core, memory: machine.memory, seed: () => random(32) },
    { kernel: readFileSync(image.kernel), initrd: readFileSync(image.ramdisk), commandLine: image.commandLine },
  );
  return machine;
}

/** Runs the guest through its plan. Throws when it doesn't come to the end of it. */
export function runOurs(machine: Machine): readonly Stretch[] {
  const marks = new Marks(() => ({ seconds: cpuSeconds(), instructions: machine.icount }));
  machine.listen('com1', (bytes) => marks.feed(bytes));
  for (;;) {
    const outcome = machine.run({ time: machine.now() + SLICE });
    if (outcome.kind === 'limit') continue;
    if (marks.done) return marks.stretches;
    throw new Error(`our guest ended early (${JSON.stringify(outcome)}): ${marks.tail.join(' | ')}`);
  }
}
