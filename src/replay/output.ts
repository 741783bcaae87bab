import { closeSync, openSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { UserError } from '../emu/errors.ts';
import { systemReason } from '../trace/system-reason.ts';
import { printableLines } from './printable.ts';
import { TextBuffer } from './text-buffer.ts';

/** A reader that went away (`| head`): the end of the work, not an error. */
export class ClosedPipe extends Error {}

const STDOUT = 1;
const BLOCK = 256 << 10;
/** Milliseconds to wait for a reader that is behind. */
const PAUSE = 2;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Text to a descriptor or a file, in large pieces. */
export class TextOutput {
  /** What is to be written: whoever adds to it calls `settle` behind every line. */
  readonly buffer = new TextBuffer(2 * BLOCK);
  readonly #fd: number;
  readonly #path: string | undefined;
  /** Forms for programs have what a guest wrote as it is: not on a terminal. */
  readonly #terminal: boolean;

  /** `path` undefined: standard output. Throws what open(2) throws. */
  constructor(path?: string) {
    this.#path = path;
    this.#fd = path === undefined ? 1 : openSync(path, 'wx');
    this.#terminal = path === undefined && isatty(STDOUT);
  }

  write(text: string): void {
    this.buffer.text(text);
    this.settle();
  }

  /** Writes when there is a block. Throws ClosedPipe when nobody reads any more, UserError when it can't be written. */
  settle(): void {
    if (this.buffer.length >= BLOCK) this.flush();
  }

  /** Throws as `settle` does. */
  flush(): void {
    const bytes = this.#terminal ? harmless(this.buffer.view()) : this.buffer.view();
    for (let done = 0; done < bytes.length; ) {
      try {
        done += writeSync(this.#fd, bytes, done);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EPIPE') throw new ClosedPipe();
        if (code !== 'EAGAIN')
          throw new UserError(`can't write ${this.#path ?? 'to standard output'}: ${systemReason(error)}`);
        Atomics.wait(sleeper, 0, 0, PAUSE);
      }
    }
    this.buffer.truncate(0);
  }

  close(): void {
    this.flush();
    if (this.#path !== undefined) closeSync(this.#fd);
  }
}

/** Whole lines with all escaped that a terminal would act upon. */
const harmless = (lines: Uint8Array): Uint8Array => Buffer.from(printableLines(Buffer.from(lines).toString()));

/** A new file, or standard output where `path` is undefined. Throws UserError. */
export function openOutput(path: string | undefined): TextOutput {
  try {
    return new TextOutput(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UserError(code === 'EEXIST' ? `${path} exists already` : `can't write ${path}: ${systemReason(error)}`);
  }
}
