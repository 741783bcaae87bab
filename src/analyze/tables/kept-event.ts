import { ABI } from '../../emu/monitor-layout.ts';
import { REGISTER } from '../../trace/event.ts';
import type { EventChunk } from '../../trace/event-chunk.ts';
import type { EventRows } from './plain-columns.ts';

type Words = readonly [low: number, high: number];

/** What columns of calls look at of one event, without its chunk: it goes from thread to thread. */
export interface KeptEvent {
  /** Number in the trace. */
  readonly event: number;
  readonly abi: number;
  readonly mechanism: number;
  readonly vcpu: number;
  readonly rip: Words;
  /** Number of the call. */
  readonly number: number;
  /** What of the others is looked at; zeros else. */
  readonly time: Words;
  readonly icount: Words;
  readonly result: Words;
  /** EBX of 32-bit calls. */
  readonly first: number;
}

/** Columns that are kept because somebody looks at them. */
export interface KeptColumns {
  readonly times: boolean;
  readonly icounts: boolean;
  readonly results: boolean;
  readonly names: boolean;
}

const NOTHING: Words = [0, 0];
const { rax, rbx, detail } = REGISTER;

const wordsAt = (column: Uint32Array, row: number): Words => [column[2 * row]!, column[2 * row + 1]!];

export function keep(chunk: EventChunk, row: number, columns: KeptColumns): KeptEvent {
  const { sites } = chunk;
  const abi = chunk.abi(row);
  return {
    event: chunk.firstEvent + row,
    abi,
    mechanism: chunk.mechanism(row),
    vcpu: chunk.vcpu(row),
    rip: wordsAt(sites.rip, chunk.site[row]!),
    number: chunk.detail(row),
    time: columns.times ? wordsAt(chunk.times, row) : NOTHING,
    icount: columns.icounts ? wordsAt(chunk.icounts, row) : NOTHING,
    result: columns.results ? wordsAt(chunk.registerColumn(rax), row) : NOTHING,
    // 64-bit calls are called the same whatever they are given.
    first: columns.names && abi !== ABI.linux64 ? chunk.registerLow(row, rbx) : 0,
  };
}

/** The event as the only row of a chunk. */
export function rowOf(kept: KeptEvent): EventRows {
  const words = (pair: Words): Uint32Array => Uint32Array.from(pair);
  const byte = (value: number): Uint8Array => Uint8Array.of(value);
  return {
    firstEvent: kept.event,
    site: new Uint32Array(1),
    sites: { abi: byte(kept.abi), mechanism: byte(kept.mechanism), vcpu: byte(kept.vcpu), rip: words(kept.rip) },
    times: words(kept.time),
    icounts: words(kept.icount),
    abi: () => kept.abi,
    registerLow: (_, register) => (register === rbx ? kept.first : 0),
    registerColumn: (register) =>
      register === detail ? Uint32Array.of(kept.number, 0) : words(register === rax ? kept.result : NOTHING),
  };
}
