/** What entered the machine from outside, as chunks in which each content stands once. */
import { createHash } from 'node:crypto';
import { ColumnError, ColumnReader, ColumnWriter } from './bytes.ts';
import { trapline } from './generated/trace.js';

/** Shorter contents cost less than their hash. */
const BLOB_MINIMUM = 64;
const WORD = 2 ** 32;

export interface InputEntry {
  /** Which door it came through: "console", "entropy", "share" ... */
  readonly kind: string;
  /** Instruction count at which the machine took it. */
  readonly icount: number;
  /** Virtual nanoseconds, then. */
  readonly time: number;
  /** A device asked for it there; otherwise the host offered it. */
  readonly asked: boolean;
  readonly bytes: Uint8Array;
}

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** What stands for a content in maps. */
const nameOf = (hash: Uint8Array): string => Buffer.from(hash).toString('base64');

/** Exact up to 2^53 either way. */
function putDifference(column: ColumnWriter, a: number, b: number): void {
  column.difference64(a % WORD, Math.floor(a / WORD), b % WORD, Math.floor(b / WORD));
}

/** Encodes chunks of one file in order: it remembers which contents the file holds already. */
export class InputEncoder {
  readonly #known = new Set<string>();

  encode(entries: readonly InputEntry[]): Uint8Array {
    const column = {
      kind: new ColumnWriter(),
      icount: new ColumnWriter(),
      time: new ColumnWriter(),
      asked: new ColumnWriter(),
      length: new ColumnWriter(),
      blobRow: new ColumnWriter(),
      data: new ColumnWriter(),
    };
    const kinds = new Map<string, number>();
    const rows = new Map<string, number>();
    const blobSha256: Uint8Array[] = [];
    const blob: Uint8Array[] = [];
    let icountBefore = 0;
    let aheadBefore = 0;
    for (const { kind, icount, time, asked, bytes } of entries) {
      if (!kinds.has(kind)) kinds.set(kind, kinds.size);
      column.kind.varint(kinds.get(kind) ?? 0);
      putDifference(column.icount, icount, icountBefore);
      putDifference(column.time, time - icount, aheadBefore);
      icountBefore = icount;
      aheadBefore = time - icount;
      column.asked.byte(asked ? 1 : 0);
      column.length.varint(bytes.length);
      if (bytes.length < BLOB_MINIMUM) {
        column.blobRow.byte(0);
        column.data.append(bytes);
        continue;
      }
      const hash = sha256(bytes);
      const name = nameOf(hash);
      let row = rows.get(name);
      if (row === undefined) {
        row = rows.size;
        rows.set(name, row);
        blobSha256.push(hash);
        if (!this.#known.has(name)) blob.push(bytes);
        this.#known.add(name);
      }
      column.blobRow.varint(row + 1);
    }
    const columns = Object.fromEntries(Object.entries(column).map(([name, writer]) => [name, writer.view()]));
    return trapline.InputChunk.encode({
      count: entries.length,
      kindName: [...kinds.keys()],
      ...columns,
      blobSha256,
      blob,
    }).finish();
  }
}

/** One row of a chunk of inputs: its bytes stand in it, or it names a content by hash. */
interface InputRow extends Omit<InputEntry, 'bytes'> {
  readonly length: number;
  /** Undefined: the bytes of `hash`. */
  readonly bytes: Uint8Array | undefined;
  readonly hash: string;
}

/** The rows of a chunk. Throws ColumnError where the columns do not fit each other. */
function* inputRows(message: trapline.InputChunk): Generator<InputRow> {
  const kind = new ColumnReader(message.kind);
  const icount = new ColumnReader(message.icount);
  const ahead = new ColumnReader(message.time);
  const asked = new ColumnReader(message.asked);
  const lengths = new ColumnReader(message.length);
  const blobRow = new ColumnReader(message.blobRow);
  const data = new ColumnReader(message.data);
  for (let i = 0; i < message.count; i++) {
    const name = message.kindName[kind.varint()];
    if (name === undefined) throw new ColumnError('an input has no kind');
    icount.difference64(icount.low, icount.high);
    ahead.difference64(ahead.low, ahead.high);
    const moment = (icount.high >>> 0) * WORD + (icount.low >>> 0);
    const length = lengths.varint();
    const row = blobRow.varint();
    const hash = row === 0 ? undefined : message.blobSha256[row - 1];
    if (row !== 0 && hash === undefined) throw new ColumnError('the content of an input is missing');
    yield {
      kind: name,
      icount: moment,
      time: moment + ahead.high * WORD + (ahead.low >>> 0),
      asked: asked.byte() !== 0,
      length,
      bytes: row === 0 ? data.take(length) : undefined,
      hash: hash === undefined ? '' : nameOf(hash),
    };
  }
  if (![kind, icount, ahead, asked, lengths, blobRow, data].every((column) => column.atEnd)) {
    throw new ColumnError('a column holds more than its inputs');
  }
}

/** What a row names; throws ColumnError when the file has not brought it so far. */
function known<T>(contents: ReadonlyMap<string, T>, { hash }: InputRow): T {
  const content = contents.get(hash);
  if (content === undefined) throw new ColumnError('the content of an input is missing');
  return content;
}

function checkLength({ length }: InputRow, actual: number): void {
  if (actual !== length) throw new ColumnError('an input does not have its length');
}

/** Decodes chunks of one file in order; contents are kept, since later chunks may name them again. */
export class InputDecoder {
  readonly #contents = new Map<string, Uint8Array>();

  /** Throws ColumnError, or what protobufjs throws, when the chunk is damaged or names a content not seen before. */
  decode(payload: Uint8Array): InputEntry[] {
    const message = trapline.InputChunk.decode(payload);
    for (const content of message.blob) this.#contents.set(nameOf(sha256(content)), content);
    return Array.from(inputRows(message), (row) => {
      const bytes = row.bytes ?? known(this.#contents, row);
      checkLength(row, bytes.length);
      const { kind, icount, time, asked } = row;
      return { kind, icount, time, asked, bytes };
    });
  }
}

/** Checks chunks of one file in order as `InputDecoder` does, but keeps the lengths of contents only. */
export class InputCheck {
  readonly #lengths = new Map<string, number>();

  /** Throws what `InputDecoder.decode` throws. */
  check(payload: Uint8Array): void {
    const message = trapline.InputChunk.decode(payload);
    for (const content of message.blob) this.#lengths.set(nameOf(sha256(content)), content.length);
    for (const row of inputRows(message)) checkLength(row, row.bytes?.length ?? known(this.#lengths, row));
  }
}
