import type { VENDOR } from '../emu/machine.ts';
import type { WorldOptions } from '../world/index.ts';
import type { TrapPolicy } from './traps/policy.ts';
import type { WatchSpec } from './traps/watch-spec.ts';

/** A command in a stock Linux guest. */
export interface CommandOptions {
  readonly kind: 'command';
  readonly world: Omit<WorldOptions, 'terminal' | 'windowSize' | 'note'>;
}

/** A kernel alone: Linux with an initial ramdisk or a disk of its own, a multiboot or PVH kernel. */
export interface KernelOptions {
  readonly kind: 'kernel';
  readonly kernel: string;
  readonly initrd?: string | undefined;
  readonly commandLine: string;
}

/** Everything that `trapline record` takes. */
export interface RecordOptions {
  readonly workload: CommandOptions | KernelOptions;
  /** Bytes of guest RAM. */
  readonly memory: number;
  readonly vendor: keyof typeof VENDOR;
  /** Virtual CPUs. */
  readonly processors: number;
  readonly disk?: string | undefined;
  readonly traps: readonly TrapPolicy[];
  /** What the policies with an operand look at. */
  readonly watches: readonly WatchSpec[];
  /** The trace; it must not exist. */
  readonly output: string;
  /** Bytes kept of each buffer. */
  readonly captureLimit: number;
  /** Makes the guest's random bytes repeatable. */
  readonly seed?: string | undefined;
  /** Milliseconds since 1970 that the guest's clock shows when the command starts; undefined: the host's. */
  readonly startTime?: number | undefined;
  /** Use and fill the cache of booted guests. */
  readonly cache: boolean;
  /** Put the machine's state at the start into the trace, so that it can be re-executed from the file alone. */
  readonly snapshot: boolean;
  readonly quiet: boolean;
}
