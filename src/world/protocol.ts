/** What init and the host say to each other; guest/init/protocol.h is the other side and explains each part. */
export const PROTOCOL_VERSION = 1;

/** The console ports by what they carry. */
export const PORT = {
  control: 'trapline.control',
  input: 'trapline.stdin',
  output: 'trapline.stdout',
  error: 'trapline.stderr',
  terminal: 'trapline.tty',
} as const;

/** Tag of the shared file tree. */
export const SHARE_TAG = 'trapline';

export const FRAME = {
  ready: 1,
  started: 2,
  exited: 3,
  failed: 4,
  warning: 5,
  collectEntry: 6,
  collectData: 7,
  collectEnd: 8,
  done: 9,
  start: 32,
  windowSize: 33,
  signal: 34,
  end: 35,
} as const;

export const CAPABILITY_STREAMS = 1;

const RECORD = {
  argument: 1,
  environment: 2,
  directory: 3,
  hostName: 4,
  root: 5,
  identity: 6,
  terminal: 7,
  windowSize: 8,
  time: 9,
  seed: 10,
  collect: 11,
  makeDirectory: 12,
  umask: 13,
  limit: 14,
  program: 15,
  closed: 16,
  linger: 17,
} as const;

const ROOT = { share: 0, initramfs: 1 } as const;
const HEADER_BYTES = 8;
/** No frame of ours comes near; a guest that claims more has gone mad. */
const LONGEST_FRAME = 1 << 24;

export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** A folder that is to be there before the program starts. */
export interface WantedFolder {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What is to run, and how. */
export interface ProgramSpec {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** File to run, where that is not what argv[0] says. */
  readonly program?: string;
  readonly directory?: string;
  readonly hostName?: string;
  readonly root: 'share' | 'initramfs';
  readonly identity?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  /** Which of descriptors 0, 1 and 2 are the terminal. */
  readonly terminal?: readonly number[];
  /** Which of them are closed. */
  readonly closed?: readonly number[];
  readonly windowSize?: WindowSize;
  /** Wall clock at the start, milliseconds since 1970. */
  readonly time?: number;
  /** Random bytes for the guest's pool, at most 256. */
  readonly seed?: Uint8Array;
  /** Seconds that processes which the program left may go on behind its end. */
  readonly linger?: number;
  /** Guest paths to bring out after the end. */
  readonly collect?: readonly string[];
  readonly folders?: readonly WantedFolder[];
  readonly umask?: number;
}

export interface Frame {
  readonly type: number;
  readonly payload: Uint8Array;
}

export function encodeFrame(type: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, payload.length, true);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** Puts frames together from bytes as they come. */
export class FrameReader {
  private held = new Uint8Array(0);

  /** Throws if the bytes can't be frames. */
  *push(bytes: Uint8Array): Generator<Frame> {
    const joined = new Uint8Array(this.held.length + bytes.length);
    joined.set(this.held);
    joined.set(bytes, this.held.length);
    this.held = joined;
    const view = new DataView(joined.buffer);
    let at = 0;
    while (at + HEADER_BYTES <= joined.length) {
      const length = view.getUint32(at + 4, true);
      if (length > LONGEST_FRAME) throw new Error(`the guest's init announced a frame of ${length} bytes`);
      if (at + HEADER_BYTES + length > joined.length) break;
      const payload = joined.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length);
      at += HEADER_BYTES + length;
      this.held = joined.subarray(at);
      yield { type: view.getUint32(at - HEADER_BYTES - length, true), payload };
    }
  }
}

export function encodeWindowSize({ rows, columns }: WindowSize): Uint8Array {
  return new Uint8Array(Uint16Array.of(rows, columns, 0, 0).buffer);
}

export function encodeNumbers(...numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * numbers.length);
  const view = new DataView(bytes.buffer);
  for (const [i, number] of numbers.entries()) view.setUint32(4 * i, number, true);
  return bytes;
}

/** Payload of FRAME.start. Texts are UTF-8; those that came in as bytes of another coding are the caller's business. */
export function encodeSpec(spec: ProgramSpec): Uint8Array {
  const records: Uint8Array[] = [];
  const add = (type: number, ...parts: readonly Uint8Array[]): void => {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    records.push(encodeNumbers(type, length), ...parts);
  };
  const bits = (descriptors: readonly number[] = []): number => descriptors.reduce((mask, n) => mask | (1 << n), 0);
  for (const argument of spec.arguments) add(RECORD.argument, text(argument));
  for (const [name, value] of Object.entries(spec.environment)) add(RECORD.environment, text(`${name}=${value}`));
  if (spec.program !== undefined) add(RECORD.program, text(spec.program));
  if (spec.directory !== undefined) add(RECORD.directory, text(spec.directory));
  if (spec.hostName !== undefined) add(RECORD.hostName, text(spec.hostName));
  add(RECORD.root, encodeNumbers(ROOT[spec.root]));
  if (spec.identity !== undefined) {
    const { uid, gid, groups } = spec.identity;
    add(RECORD.identity, encodeNumbers(uid, gid, ...groups));
  }
  add(RECORD.terminal, encodeNumbers(bits(spec.terminal)));
  add(RECORD.closed, encodeNumbers(bits(spec.closed)));
  if (spec.windowSize !== undefined) add(RECORD.windowSize, encodeWindowSize(spec.windowSize));
  if (spec.time !== undefined) add(RECORD.time, encodeTime(spec.time));
  if (spec.seed !== undefined) add(RECORD.seed, spec.seed);
  if (spec.linger !== undefined) add(RECORD.linger, encodeNumbers(spec.linger));
  for (const path of spec.collect ?? []) add(RECORD.collect, text(path));
  for (const { path, mode, uid, gid } of spec.folders ?? []) {
    add(RECORD.makeDirectory, encodeNumbers(mode, uid, gid), text(path));
  }
  if (spec.umask !== undefined) add(RECORD.umask, encodeNumbers(spec.umask));
  return Buffer.concat(records);
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(`${value}\0`);
}

function encodeTime(milliseconds: number): Uint8Array {
  const seconds = Math.floor(milliseconds / 1000);
  const nanoseconds = Math.round((milliseconds - seconds * 1000) * 1e6);
  return new Uint8Array(BigUint64Array.of(BigInt(seconds), BigInt(nanoseconds)).buffer);
}
