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
      const hash = createHash('sha256').update(bytes).digest();
      const name = hash.toString('base64');
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

/** Decodes chunks of one file in order. */
export class InputDecoder {
  readonly #contents = new Map<string, Uint8Array>();

  /** Throws ColumnError, or what protobufjs throws, when the chunk is damaged or names a content not seen before. */
  decode(payload: Uint8Array): InputEntry[] {
    const message = trapline.InputChunk.decode(payload);
    for (const content of message.blob) {
      this.#contents.set(createHash('sha256').update(content).digest('base64'), content);
    }
    const kind = new ColumnReader(message.kind);
    const icount = new ColumnReader(message.icount);
    const ahead = new ColumnReader(message.time);
    const asked = new ColumnReader(message.asked);
    const length = new ColumnReader(message.length);
    const blobRow = new ColumnReader(message.blobRow);
    const data = new ColumnReader(message.data);
    const entries: InputEntry[] = [];
    for (let i = 0; i < message.count; i++) {
      const name = message.kindName[kind.varint()];
      if (name === undefined) throw new ColumnError('an input has no kind');
      icount.difference64(icount.low, icount.high);
      ahead.difference64(ahead.low, ahead.high);
      const moment = (icount.high >>> 0) * WORD + (icount.low >>> 0);
      const size = length.varint();
      const row = blobRow.varint();
      const bytes = row === 0 ? data.take(size) : this.#content(message.blobSha256[row - 1]);
      if (bytes.length !== size) throw new ColumnError('an input does not have its length');
      const time = moment + ahead.high * WORD + (ahead.low >>> 0);
      entries.push({ kind: name, icount: moment, time, asked: asked.byte() !== 0, bytes });
    }
    if (![kind, icount, ahead, asked, length, blobRow, data].every((column) => column.atEnd)) {
      throw new ColumnError('a column holds more than its inputs');
    }
    return entries;
  }

  #content(hash: Uint8Array | undefined): Uint8Array {
    const content = hash && this.#contents.get(Buffer.from(hash).toString('base64'));
    if (content === undefined) throw new ColumnError('the content of an input is missing');
    return content;
  }
}
