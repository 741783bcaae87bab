import type { VENDOR } from '../emu/machine.ts';
import type { WorldOptions } from './world/index.ts';

/** Traps that can be asked for. */
export const TRAPS = ['syscall'] as const;
export type Trap = (typeof TRAPS)[number];

/** Everything that `trapline record` takes. */
export interface RecordOptions {
  readonly world: Omit<WorldOptions, 'terminal' | 'windowSize' | 'note'>;
  /** Bytes of guest RAM. */
  readonly memory: number;
  readonly vendor: keyof typeof VENDOR;
  readonly disk?: string | undefined;
  readonly traps: ReadonlySet<Trap>;
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
  readonly quiet: boolean;
}
