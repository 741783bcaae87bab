/** Traces that tell a story: processes, calls and writes as a test names them, through the real ring and the real writer. */
import { EXIT } from '../../src/emu/layout.ts';
import { CAPTURE_KIND, EXIT_BLOCK, EXIT_BLOCK_BYTES, MECHANISM, RECORD_KIND } from '../../src/emu/monitor-layout.ts';
import { IDENTITY_BYTES, TASK_FIELDS } from '../../src/guest/linux/task-identity.ts';
import { RingReader } from '../../src/record/ring.ts';
import { TraceFile } from '../../src/record/trace-file.ts';
import { FRAME_KIND } from '../../src/trace/frame.ts';
import { encodeProfile } from '../../src/trace/messages.ts';
import { type RawCapture, RingProducer } from './ring-load.ts';
import { END, HEADER } from './trace-ends.ts';

const ARGUMENT_REGISTERS = [7, 6, 2, 10, 8, 9];
const [RAX, RSP] = [0, 4];
const SYSCALL_BYTES = 2n;
const STRING_AT = 0x7ffe_0000_1000n;
const STEP = 1000n;
const place = Object.fromEntries(TASK_FIELDS.map((field) => [field.name, field.place]));

export interface StoryCall {
  /** System call's number on amd64. */
  readonly number: number;
  readonly arguments: readonly bigint[];
  /** By argument: bytes that it points to at the entry, and at the return. */
  readonly given?: Readonly<Record<number, string | Uint8Array>>;
  readonly written?: Readonly<Record<number, Uint8Array>>;
  /** undefined: it does not return. */
  readonly result?: bigint;
}

/** Writes a trace event by event. */
export class StoryTrace {
  readonly #producer = new RingProducer(1 << 22);
  readonly #ring: RingReader;
  readonly #file: TraceFile;
  #icount = 1_000_000n;

  /** Throws when the file exists. */
  constructor(path: string, command: readonly string[] = []) {
    this.#ring = new RingReader(this.#producer.memory, this.#producer.region);
    this.#file = new TraceFile(path, { ...HEADER, command: [...command] });
    const watches = { name: 'watches', json: '["page:secret"]', data: new Uint8Array(0) };
    this.#file.add(FRAME_KIND.profile, encodeProfile([watches]));
  }

  #next(): { readonly icount: bigint; readonly time: bigint } {
    this.#icount += STEP;
    return { icount: this.#icount, time: this.#icount };
  }

  #task = (pid: number): bigint => 0xffff_8880_0310_0000n + BigInt(pid) * 0x1b40n;

  #push(record: Parameters<RingProducer['push']>[0]): void {
    this.#producer.push(record);
    this.#ring.drain(Infinity, this.#file);
  }

  /** A process says who it is. */
  named(pid: number, parent: number, comm: string): void {
    const bytes = new Uint8Array(IDENTITY_BYTES);
    const view = new DataView(bytes.buffer);
    view.setInt32(place.pid!, pid, true);
    view.setInt32(place.tgid!, pid, true);
    view.setInt32(place.parent!, parent, true);
    bytes.set(Buffer.from(comm).subarray(0, 15), place.comm!);
    view.setBigUint64(place.start!, BigInt(pid), true);
    const task = this.#task(pid);
    const captures = [{ ...shape(7, CAPTURE_KIND.task, task), bytes, fullLength: bytes.length }];
    this.#push({ kind: RECORD_KIND.task, ...this.#next(), task, captures });
  }

  call(pid: number, { number, arguments: args, given = {}, written = {}, result }: StoryCall): void {
    const gpr = new Array<bigint>(16).fill(0n);
    gpr[RAX!] = BigInt(number);
    gpr[RSP!] = 0x7ffe_0000_0000n;
    for (const [i, value] of args.entries()) gpr[ARGUMENT_REGISTERS[i]!] = value;
    for (const argument of Object.keys(given)) gpr[ARGUMENT_REGISTERS[Number(argument)]!] ||= STRING_AT;
    const shared = { task: this.#task(pid), detail: number, cpl: 3, rip: 0x7f00_0000_1000n };
    const captures = Object.entries(given).map(([argument, bytes]) => capture(Number(argument), bytes, gpr));
    this.#push({
      kind: RECORD_KIND.callEntry,
      ...this.#next(),
      ...shared,
      gpr,
      captures,
      mechanism: MECHANISM.syscall,
    });
    if (result === undefined) return;
    const after = [...gpr];
    after[RAX!] = BigInt.asUintN(64, result);
    const back = Object.entries(written).map(([argument, bytes]) => capture(Number(argument), bytes, gpr));
    const rip = shared.rip + SYSCALL_BYTES;
    this.#push({
      ...{ kind: RECORD_KIND.callReturn, ...this.#next(), ...shared, rip, gpr: after },
      ...{ captures: back, mechanism: MECHANISM.sysret },
    });
  }

  /** An instruction wrote to watched memory. */
  pageWrite(pid: number, linear: bigint, before: Uint8Array, after: Uint8Array): void {
    const block = new Uint8Array(EXIT_BLOCK_BYTES);
    const view = new DataView(block.buffer);
    view.setUint32(EXIT_BLOCK.reason, EXIT.secondLevel, true);
    view.setUint32(EXIT_BLOCK.length, 3, true);
    view.setBigUint64(EXIT_BLOCK.qualification, BigInt(2 | (after.length << 8)), true);
    view.setBigUint64(EXIT_BLOCK.linear, linear, true);
    view.setBigUint64(EXIT_BLOCK.physical, 0x5000n | (linear & 0xfffn), true);
    // mov [rdi], rsi
    block.set([0x48, 0x89, 0x37], EXIT_BLOCK.bytes);
    const captures = [
      { ...shape(7, CAPTURE_KIND.exit, 0n), bytes: block, fullLength: block.length },
      { ...shape(7, CAPTURE_KIND.before, linear), bytes: before, fullLength: before.length },
      { ...shape(7, CAPTURE_KIND.after, linear), bytes: after, fullLength: after.length },
    ];
    const detail = EXIT.secondLevel;
    this.#push({
      kind: RECORD_KIND.exit,
      ...this.#next(),
      task: this.#task(pid),
      rip: 0x40_1000n,
      cpl: 3,
      detail,
      captures,
    });
  }

  /** Ends the chunk under way. */
  cut(): void {
    this.#file.writeChunk();
  }

  close(): void {
    this.#file.close({ ...END, instructions: Number(this.#icount) }, 0);
  }
}

const shape = (argument: number, kind: number, address: bigint) => ({ argument, kind, address, status: 0 });

function capture(argument: number, content: string | Uint8Array, gpr: readonly bigint[]): RawCapture {
  const isText = typeof content === 'string';
  const bytes = isText ? new TextEncoder().encode(content) : content;
  const kind = isText ? CAPTURE_KIND.string : CAPTURE_KIND.buffer;
  return { ...shape(argument, kind, gpr[ARGUMENT_REGISTERS[argument]!]!), bytes, fullLength: bytes.length };
}
