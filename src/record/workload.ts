import type { Stop } from '../emu/devices/device.ts';
import type { TraceHeader } from '../trace/messages.ts';
import type { Guest } from '../world/guest.ts';
import type { GuestFacts } from '../world/guest-facts.ts';
import type { WindowSize } from '../world/index.ts';
import type { InputSink } from './console.ts';

/** Statuses of our own. */
export const STATUS = { failed: 1 } as const;
/** Signals that end a recording, with the status that shells give to a program that one of them ended. */
export const SIGNAL_STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** How a recording ended. */
export interface Ending {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
}

/** What a workload asks of the recording that runs it. */
export interface WorkloadHost {
  /** A line for the user. */
  note(line: string): void;
  /** Bytes for standard output (1) or error (2). False: nobody reads them any more. */
  show(fd: 1 | 2, bytes: Uint8Array): boolean;
  /** Runs the guest until `done` says so; the ending if it ended by itself before. */
  drive(done: () => boolean): Promise<Ending | undefined>;
  /** Ends the recording, as Ctrl-C does. */
  interrupt(): void;
  /** What entered the machine so far went into a state that is gone: it belongs to no recording. */
  forgetInputs(): void;
}

/** What the trace says of how it was made, in one kind of workload; the rest is the options'. */
export type WorkloadHeader = Pick<
  TraceHeader,
  | 'kernelName'
  | 'kernelSha256'
  | 'kernelRelease'
  | 'kernelCommandLine'
  | 'initrdSha256'
  | 'command'
  | 'environment'
  | 'workingDirectory'
  | 'shares'
  | 'settings'
>;

/** A guest and what is run in it. */
export interface Workload {
  readonly guest: Guest;
  /** What the trace says of it. */
  readonly header: WorkloadHeader;
  /** What the progress line says. */
  readonly phase: string;
  /** Everything was done: nothing more is to be run. */
  readonly over: boolean;
  /** Where standard input goes. `raw`: it is a terminal, set so that every key passes. */
  readonly input: InputSink & { readonly raw: boolean };
  /** Brings the guest to where its recording begins. Undefined: its kernel is not up yet, nothing is known of it. */
  boot(): Promise<GuestFacts | undefined>;
  /** Lets it go, with all traps armed. */
  start(): void;
  resize(size: WindowSize): void;
  /** The machine stopped by itself. */
  stopped(stop: Stop): Ending;
  /** The processor halted with interrupts off. */
  halted(): Ending;
  /** Everything that ended otherwise, or was over. */
  ending(): Ending;
  close(): void;
}
