// What every boot loader is given.
import type { Core } from '../core-instance.ts';
import type { GuestMemory } from '../devices/device.ts';

/** The parts of a machine that a boot loader writes to. */
export interface BootTarget {
  readonly core: Core;
  readonly memory: GuestMemory;
  /** Random bytes for the kernel's own generator; an input of the machine. */
  readonly seed: () => Uint8Array;
}

export interface KernelBoot {
  readonly kernel: Uint8Array;
  readonly initrd?: Uint8Array | undefined;
  readonly commandLine: string;
  /** `protected`: a bzImage is entered by the 32-bit protocol even if it has the 64-bit one. */
  readonly entry?: 'protected' | 'long';
}
