/**
 * A trace in which calls of many tasks are under way at a time, some of them for most of it, and some tasks are killed in them
 * and their pointers given to others; with what was told of each call that returned.
 */
import { ABI, CAPTURE_KIND, MECHANISM, RECORD_FLAG, RECORD_KIND } from '../../src/emu/monitor-layout.ts';
import { IDENTITY_BYTES, TASK_FIELDS } from '../../src/guest/linux/task-identity.ts';
import { RingReader } from '../../src/record/ring.ts';
import { TraceFile } from '../../src/record/trace-file.ts';
import { Dice, loadTask, RingProducer } from './ring-load.ts';
import { END, HEADER } from './trace-ends.ts';

/** A call that returned, as it was told to the recorder. */
export interface ToldCall {
  readonly event: number;
  readonly returnEvent: number;
  readonly pid: number;
  readonly number: number;
  readonly duration: number;
  /** 32 bits. */
  readonly result: number;
  readonly restarted: boolean;
}

const TASKS = 24;
const FIRST_PID = 100;
/** read, write, poll, getpid, nanosleep, openat, rare: mkdirat. */
const NUMBERS = [0, 1, 7, 39, 35, 257, 257, 257];
const [RARE, READ, EXIT] = [258, 0, 60];
const USER = 3;
/** Number of a return that ends no call. */
const NO_NUMBER = 0xffff_ffff;

const place = Object.fromEntries(TASK_FIELDS.map((field) => [field.name, field.place]));

function identity(pid: number, name: string, start: number): Uint8Array {
  const bytes = new Uint8Array(IDENTITY_BYTES);
  const view = new DataView(bytes.buffer);
  for (const field of ['pid', 'tgid']) view.setInt32(place[field]!, pid, true);
  view.setInt32(place.parent!, 1, true);
  view.setUint32(place.start!, start, true);
  bytes.set(new TextEncoder().encode(name), place.comm!);
  return bytes;
}

interface Entered {
  readonly event: number;
  readonly number: number;
  readonly icount: number;
  /** Event before which it does not return. */
  readonly until: number;
}

/** Writes it, `eventsAChunk` at most in each chunk. Returned calls in the order in which they return. */
export function writeInterleavedTrace(path: string, events: number, eventsAChunk: number): ToldCall[] {
  const producer = new RingProducer(1 << 22);
  const ring = new RingReader(producer.memory, producer.region);
  const file = new TraceFile(path, { ...HEADER, command: [] });
  const dice = new Dice(7);
  const told: ToldCall[] = [];
  const entered: (Entered | 'gone' | undefined)[] = new Array(TASKS).fill(undefined);
  let icount = 1000;
  let event = 0;
  const push = (record: Parameters<RingProducer['push']>[0]): void => {
    icount += 1 + dice.roll(300);
    producer.push({ ...record, icount: BigInt(icount), time: BigInt(icount) });
    if (++event % eventsAChunk !== 0) return;
    ring.drain(Infinity, file);
    file.writeChunk();
  };
  const pids = Array.from({ length: TASKS }, (_, task) => FIRST_PID + task);
  const starts = new Array<number>(TASKS).fill(0);
  const name = (task: number, text: string): void => {
    const bytes = identity(pids[task]!, text, starts[task]!);
    const about = {
      argument: 7,
      kind: CAPTURE_KIND.task,
      address: loadTask(task),
      fullLength: bytes.length,
      status: 0,
    };
    push({ kind: RECORD_KIND.task, task: loadTask(task), captures: [{ ...about, bytes }] });
  };
  const call = (task: number, kind: number, number: number, more: { flags?: number; rax?: bigint } = {}): void => {
    const gpr = Array.from({ length: 16 }, (_, i) => BigInt(task * 100 + i));
    gpr[0] = more.rax ?? BigInt(number);
    const where = { cpl: USER, mechanism: MECHANISM.syscall, abi: ABI.linux64, rip: BigInt(0x40_0000 + 16 * number) };
    push({ kind, task: loadTask(task), ...where, gpr, detail: number, flags: more.flags ?? 0 });
  };
  for (let task = 0; task < TASKS; task++) name(task, `first-${task}`);
  while (event < events) {
    const task = dice.roll(TASKS);
    const own = entered[task];
    if (own === 'gone') continue;
    if (own === undefined) {
      if (dice.roll(5000) === 0) name(task, `again-${task}-${event}`);
      const isLast = task >= TASKS - 3 && event > events / 2;
      const number = isLast ? EXIT : dice.roll(2000) === 0 ? RARE : NUMBERS[dice.roll(NUMBERS.length)]!;
      const waits = number === READ && dice.roll(40) === 0 ? dice.roll(events / 4) : 0;
      const at = event;
      call(task, RECORD_KIND.callEntry, number);
      entered[task] = isLast ? 'gone' : { event: at, number, icount, until: event + waits };
      continue;
    }
    if (dice.roll(3000) === 0) {
      pids[task]! += TASKS;
      starts[task] = event;
      name(task, `next-${event}`);
      call(task, RECORD_KIND.callReturn, NO_NUMBER, { flags: RECORD_FLAG.firstReturn, rax: 0n });
      entered[task] = undefined;
      continue;
    }
    if (event < own.until) {
      // So that there is always something to do.
      if (entered.every((each) => each === 'gone' || (each !== undefined && each.until > event))) name(0, 'idle');
      continue;
    }
    const restarted = dice.roll(200) === 0;
    const result = dice.roll(3) === 0 ? -2 : dice.roll(1000);
    const returnEvent = event;
    const flags = restarted ? RECORD_FLAG.restarted : 0;
    call(task, RECORD_KIND.callReturn, own.number, { flags, rax: BigInt.asUintN(64, BigInt(result)) });
    const duration = icount - own.icount;
    told.push({
      event: own.event,
      returnEvent,
      pid: pids[task]!,
      number: own.number,
      duration,
      result,
      restarted,
    });
    entered[task] = undefined;
  }
  ring.drain(Infinity, file);
  file.close(END, ring.lost);
  return told;
}
