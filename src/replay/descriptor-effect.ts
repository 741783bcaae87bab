/** What the effects of calls on descriptors work with. */
import type { Call } from './calls.ts';
import type { FileKind, OpenFile, SocketFacts } from './open-file.ts';
import type { PassedFiles } from './passed-files.ts';
import type { TaskFiles, Tasks } from './task-files.ts';

/** The open files of all tasks. */
export interface OpenFiles extends Tasks {
  newFile(
    kind: FileKind,
    what: string,
    flags?: number,
    facts?: { readonly socket?: SocketFacts; readonly process?: number },
  ): OpenFile;
  readonly passed: PassedFiles;
  /** Paths by the handles that the kernel gave for them, hexadecimal. */
  readonly handles: Map<string, string>;
  /** A task that has not run yet, and may share what its maker has. */
  cloned(call: Call, own: TaskFiles, flags: number): void;
  unshare(own: TaskFiles, flags: number): void;
  /** What the process has that executed a program. */
  executed(call: Call, own: TaskFiles): TaskFiles;
}

/** Does to a task's files what a call that succeeded did. */
export type Effect = (call: Call, own: TaskFiles, all: OpenFiles) => void;
export type Effects = readonly (readonly [name: string, effect: Effect])[];

export const O_CLOEXEC = 0o2000000;

export const resultFd = (call: Call): number => call.result | 0;

export const low =
  (argument: number) =>
  (call: Call): number =>
    call.low(argument);

/** Text that an argument points to. */
export function given(call: Call, argument: number): string | undefined {
  const capture = call.capture(argument, 'entry');
  return capture && Buffer.from(capture.bytes).toString('utf8');
}

/** Text that was written to where an argument points. */
export function written(call: Call, argument: number): string | undefined {
  const bytes = call.capture(argument, 'exit')?.bytes;
  if (bytes === undefined) return undefined;
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}

/** Two descriptors written to memory. */
export function openPair(
  call: Call,
  own: TaskFiles,
  argument: number,
  files: readonly OpenFile[],
  closeOnExec: boolean,
): void {
  const capture = call.capture(argument, 'exit');
  if (capture === undefined || capture.length < 8) return;
  for (const [i, file] of files.entries()) {
    own.open(capture.view.getInt32(capture.start + 4 * i, true), { file, closeOnExec }, call.name);
  }
}
