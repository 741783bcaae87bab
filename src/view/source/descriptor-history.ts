import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { type Call, callColumns } from '../../replay/calls.ts';
import { Descriptors } from '../../replay/descriptors.ts';
import type { DescriptorObserver, Slot } from '../../replay/open-file.ts';
import type { TraceReader } from '../../replay/reader.ts';
import { type CallSink, Reconstruction } from '../../replay/reconstruction.ts';
import type { Job } from './job.ts';

/** Changes that are kept: some 60 bytes each. */
const MOST = 400_000;

interface Change {
  /** Number of the event from which on it holds. */
  readonly event: number;
  /** undefined: it is closed. */
  readonly what: string | undefined;
}

/** What each descriptor of each process meant at any moment. */
export class DescriptorHistory implements DescriptorObserver {
  readonly #reader: TraceReader;
  readonly #changes = new Map<string, Change[]>();
  readonly #texts = new Map<string, string>();
  #count = 0;
  #event = 0;

  constructor(reader: TraceReader) {
    this.#reader = reader;
  }

  /** Follows the whole trace, or as much of it as there is room for. */
  *read(): Job<void> {
    const descriptors = new Descriptors(this);
    const returned = (call: Call, identity: TaskIdentity | undefined): void => {
      this.#event = call.exitChunk === undefined ? this.#event : call.exitChunk.firstEvent + call.exitRow;
      descriptors.meet(identity);
      descriptors.returned(call, identity);
    };
    const sink: CallSink = {
      entry: (call, identity) => {
        this.#event = call.chunk.firstEvent + call.row;
        descriptors.meet(identity);
      },
      return: returned,
      signal: () => {},
      trap: () => {},
      end: () => {},
    };
    const reconstruction = new Reconstruction({ commandOnly: false, descriptors: false }, () => sink);
    const { index } = this.#reader;
    for (const [place, entry] of index.entries()) {
      if (this.#count > MOST) return;
      const chunk = this.#reader.chunk(entry, callColumns({ arguments: true, times: false }));
      yield place / index.length;
      if (chunk !== undefined) reconstruction.feed(chunk);
      yield place / index.length;
    }
  }

  opened(tgid: number, fd: number, { file }: Slot): void {
    let what = this.#texts.get(file.what);
    if (what === undefined) {
      what = file.what;
      this.#texts.set(what, what);
    }
    this.#note(tgid, fd, what);
  }

  closed(tgid: number, fd: number): void {
    this.#note(tgid, fd, undefined);
  }

  #note(tgid: number, fd: number, what: string | undefined): void {
    const key = `${tgid} ${fd}`;
    const change = { event: this.#event, what };
    const known = this.#changes.get(key);
    if (known === undefined) this.#changes.set(key, [change]);
    else known.push(change);
    this.#count++;
  }

  /** What it means to the call that an event enters: a file that it closes is still there, one that it opens is not yet. */
  name(tgid: number, fd: number, event: number): string | undefined {
    const changes = this.#changes.get(`${tgid} ${fd}`);
    return changes?.findLast((change) => change.event <= event)?.what;
  }

  /** From which event to which a descriptor meant the same as it does at an event; undefined where it is not known. */
  span(tgid: number, fd: number, event: number): readonly [from: number, to: number] | undefined {
    const changes = this.#changes.get(`${tgid} ${fd}`) ?? [];
    const at = changes.findLastIndex((change) => change.event <= event);
    const change = changes[at];
    if (change?.what === undefined) return undefined;
    return [change.event, changes[at + 1]?.event ?? Number.MAX_SAFE_INTEGER];
  }
}
