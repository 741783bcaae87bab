import { isImagePlace } from '../../guest/linux/program-image.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import type { Fact } from '../../trace/messages.ts';
import type { Call } from '../calls.ts';
import type { Descriptors } from '../descriptors.ts';
import { ADDRESS_CALLS, type AddressContext } from './address-calls.ts';
import { AddressSpace } from './address-space.ts';
import type { Region } from './space-changes.ts';

/** A process as long as it has its number. */
interface Life {
  readonly space: AddressSpace;
  readonly since: number;
  /** Of its first thread; undefined: not met yet. */
  start: bigint | undefined;
}

/** So many changes of memory are followed: behind them nothing is known, for a trace may hold any number. */
const MOST_CHANGES = 1 << 20;

/** The address spaces of all processes, followed call by call. */
export class AddressSpaces {
  readonly #lives = new Map<number, Life[]>();
  readonly #context: AddressContext;
  #changes = 0;
  /** From this event on nothing is followed. */
  #until = Infinity;

  constructor(profile: ReadonlyMap<string, Fact> | undefined, descriptors: Descriptors) {
    this.#context = { descriptors, ...imageFacts(profile) };
  }

  /** What lies at an address of a process right after an event. */
  at(address: number, tgid: number, event: number): Region | undefined {
    if (event >= this.#until) return undefined;
    const lives = this.#lives.get(tgid);
    const life = lives?.findLast(({ since }) => since <= event) ?? lives?.[0];
    return life?.space.at(address, event);
  }

  /** Takes note of who a task is: a new process has what its parent has at this moment. */
  meet(identity: TaskIdentity | undefined, event: number): void {
    if (identity === undefined) return;
    const { pid, tgid, parent, start } = identity;
    const life = this.#lifeOf(tgid);
    if (life === undefined) this.#begin(tgid, parent, event, pid === tgid ? start : undefined);
    else if (pid === tgid && life.start === undefined) life.start = start;
    else if (pid === tgid && life.start !== start) this.#begin(tgid, parent, event, start);
  }

  /** Takes a call that has returned. */
  returned(call: Call, identity: TaskIdentity | undefined): void {
    const { exitChunk } = call;
    const effect = ADDRESS_CALLS.get(call.name);
    if (effect === undefined || identity === undefined || exitChunk === undefined || call.outcome !== 'value') return;
    const event = exitChunk.firstEvent + call.exitRow;
    this.meet(identity, event);
    if (++this.#changes >= MOST_CHANGES) this.#until = Math.min(this.#until, event);
    if (event >= this.#until) return;
    const { tgid } = identity;
    const child = effect(call, this.#lifeOf(tgid)!.space, event, identity, this.#context);
    // It may have run before its parent's call returned: then it was met.
    const known = child === undefined ? undefined : this.#lifeOf(child);
    const entered = call.chunk.firstEvent + call.row;
    if (child !== undefined && (known === undefined || known.since < entered)) {
      this.#begin(child, tgid, event, undefined);
    }
  }

  #lifeOf(tgid: number): Life | undefined {
    return this.#lives.get(tgid)?.at(-1);
  }

  #begin(tgid: number, parent: number, since: number, start: bigint | undefined): void {
    const life: Life = { space: new AddressSpace(this.#lifeOf(parent)?.space, since), since, start };
    const lives = this.#lives.get(tgid);
    if (lives === undefined) this.#lives.set(tgid, [life]);
    else lives.push(life);
  }
}

/** Where a trace's captures of new programs have what; undefined: it has none, or they can't be read. */
function imageFacts(profile: ReadonlyMap<string, Fact> | undefined): Pick<AddressContext, 'imagePlace' | 'kernelWord'> {
  const fact = (name: string): unknown => {
    try {
      return JSON.parse(profile?.get(name)?.json ?? 'null');
    } catch {
      return null;
    }
  };
  const place = fact('linux.image');
  return {
    imagePlace: isImagePlace(place) ? place : undefined,
    kernelWord: fact('linux.pointerBytes') === 4 ? 4 : 8,
  };
}
