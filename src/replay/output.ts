import { closeSync, openSync, writeSync } from 'node:fs';

/** A reader that went away (`| head`): the end of the work, not an error. */
export class ClosedPipe extends Error {}

const BUFFER = 64 << 10;

/** Text to a descriptor or a file, in large pieces. */
export class TextOutput {
  readonly #fd: number;
  readonly #owned: boolean;
  #text = '';

  /** `path` undefined: standard output. Throws what open(2) throws. */
  constructor(path?: string) {
    this.#owned = path !== undefined;
    this.#fd = path === undefined ? 1 : openSync(path, 'wx');
  }

  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= BUFFER) this.flush();
  }

  /** Throws ClosedPipe when nobody reads any more. */
  flush(): void {
    const bytes = Buffer.from(this.#text, 'utf8');
    this.#text = '';
    for (let done = 0; done < bytes.length; ) {
      try {
        done += writeSync(this.#fd, bytes, done);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') continue;
        if (code === 'EPIPE') throw new ClosedPipe();
        throw error;
      }
    }
  }

  close(): void {
    this.flush();
    if (this.#owned) closeSync(this.#fd);
  }
}
