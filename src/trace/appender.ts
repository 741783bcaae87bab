/** Writes frames to a file one by one. After an error the file is cut back to its last whole frame. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { FRAME_HEADER_BYTES, type FRAME_KIND, packFrame } from './frame.ts';

export interface AppendedFrame {
  readonly number: number;
  readonly offset: number;
}

export class FrameAppender {
  readonly #file: number;
  /** Devices have no places to write to. */
  readonly #seekable: boolean;
  #offset = 0;
  #number = 0;
  #previous: Uint8Array = new Uint8Array(32);

  /** Creates the file, or empties it. Throws the system's error. */
  constructor(path: string) {
    this.#file = openSync(path, 'w');
    this.#seekable = fstatSync(this.#file).isFile();
  }

  /** Bytes of whole frames in the file. */
  get offset(): number {
    return this.#offset;
  }

  get frames(): number {
    return this.#number;
  }

  /** Throws the system's error; then the file ends with the frame before. */
  append(kind: (typeof FRAME_KIND)[keyof typeof FRAME_KIND], raw: Uint8Array): AppendedFrame {
    const frame = packFrame(kind, this.#number, raw, this.#previous);
    try {
      this.#write(frame.header, this.#offset);
      this.#write(frame.payload, this.#offset + FRAME_HEADER_BYTES);
    } catch (error) {
      this.#cutBack();
      throw error;
    }
    const appended = { number: this.#number++, offset: this.#offset };
    this.#offset += FRAME_HEADER_BYTES + frame.payload.length;
    this.#previous = frame.hash;
    return appended;
  }

  #write(bytes: Uint8Array, offset: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#file, bytes, done, bytes.length - done, this.#seekable ? offset + done : null);
    }
  }

  #cutBack(): void {
    if (this.#seekable) ftruncateSync(this.#file, this.#offset);
  }

  /** Has the system put everything on the disk. Throws its error. */
  sync(): void {
    if (this.#seekable) fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}
