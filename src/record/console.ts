// The host's end of the guest program's standard streams.
import { fstatSync, readSync, writeSync } from 'node:fs';
import type { WindowSize } from '../world/index.ts';

/** Which of descriptors 0, 1 and 2 are terminals. */
export function terminals(): number[] {
  return [process.stdin.isTTY, process.stdout.isTTY, process.stderr.isTTY].flatMap((is, fd) =>
    is === true ? [fd] : [],
  );
}

/** Size of the terminal, undefined when there is none. */
export function windowSize(): WindowSize | undefined {
  const { columns, rows } = process.stdout.isTTY ? process.stdout : process.stderr;
  return columns === undefined || rows === undefined ? undefined : { columns, rows };
}

/** Writes everything, also to a non-blocking descriptor. False when nobody reads any more. */
export function writeAll(fd: number, bytes: Uint8Array): boolean {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') continue;
      if (code === 'EPIPE') return false;
      throw error;
    }
  }
  return true;
}

export interface InputSink {
  data(bytes: Uint8Array): void;
  end(): void;
  /** True while the guest has much unread: the host then holds back. */
  full(): boolean;
}

/** Nothing is read that the guest could not take soon. */
const POLL = 10;

/** Standard input, given to the guest as it comes; raw when it is a terminal, and always put back. */
export class HostInput {
  readonly #sink: InputSink;
  readonly #raw: boolean;
  #open = true;
  #timer: NodeJS.Timeout | undefined;
  readonly #onData = (bytes: Buffer): void => {
    this.#sink.data(bytes);
    if (this.#sink.full()) this.#hold();
  };
  readonly #onEnd = (): void => {
    this.#open = false;
    this.#sink.end();
  };

  /** `raw`: the terminal is the guest program's. */
  constructor(sink: InputSink, raw: boolean) {
    this.#sink = sink;
    this.#raw = raw;
  }

  /** True while more may come. */
  get open(): boolean {
    return this.#open;
  }

  /** A file or nothing at all is read at once, so that a run does not depend on the host's pace. */
  start(): void {
    if (!isStream(0)) {
      this.#readWhole();
      return;
    }
    if (this.#raw) process.stdin.setRawMode(true);
    process.stdin.on('data', this.#onData);
    process.stdin.on('end', this.#onEnd);
    process.stdin.on('error', this.#onEnd);
    process.stdin.resume();
  }

  stop(): void {
    clearTimeout(this.#timer);
    if (!isStream(0)) return;
    process.stdin.off('data', this.#onData);
    process.stdin.off('end', this.#onEnd);
    process.stdin.off('error', this.#onEnd);
    process.stdin.pause();
    if (this.#raw) process.stdin.setRawMode(false);
    process.stdin.unref?.();
  }

  #readWhole(): void {
    const piece = Buffer.alloc(65536);
    for (let length = readPiece(piece); length > 0; length = readPiece(piece))
      this.#sink.data(Uint8Array.from(piece.subarray(0, length)));
    this.#onEnd();
  }

  #hold(): void {
    process.stdin.pause();
    const look = (): void => {
      if (this.#sink.full()) this.#timer = setTimeout(look, POLL);
      else process.stdin.resume();
    };
    this.#timer = setTimeout(look, POLL);
  }
}

function readPiece(piece: Buffer): number {
  try {
    return readSync(0, piece);
  } catch {
    return 0;
  }
}

/** Terminals, pipes and sockets; files and /dev/null are not, nor is a closed descriptor. */
function isStream(fd: number): boolean {
  try {
    const status = fstatSync(fd);
    return process.stdin.isTTY === true || status.isFIFO() || status.isSocket();
  } catch {
    return false;
  }
}
