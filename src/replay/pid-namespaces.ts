/** Numbers of processes that tasks in namespaces of them are told: which ones these are for the whole guest. */
import type { TaskIdentity } from '../guest/linux/task-identity.ts';
import type { Call } from './calls.ts';
import { CLONE, cloneFlags } from './task-flags.ts';

interface Namespace {
  /** For the whole guest, by the number within. */
  readonly numbers: Map<number, number>;
  /** Its first process is still to come. */
  empty: boolean;
}

const namespace = (empty: boolean): Namespace => ({ numbers: new Map(), empty });

/** The first process of a namespace. */
const INIT = 1;

/** A process that is in a namespace, or whose children will be. */
interface Member {
  /** Of its first thread; undefined: it has not been met. */
  start: bigint | undefined;
  /** undefined: that of the whole guest. */
  readonly own: Namespace | undefined;
  children: Namespace | undefined;
  /** Children that it was told of and that have not been met, by their numbers within; and the other way round. */
  readonly told: number[];
  readonly met: number[];
}

const CLONES = new Set(['clone', 'clone3', 'fork', 'vfork']);

/** As long as nobody makes a namespace, it costs nothing. */
export class PidNamespaces {
  readonly #members = new Map<number, Member>();

  /** The number for the whole guest of a process that one was told of by a call; undefined: it is not known. */
  numberOf(identity: TaskIdentity, number: number): number | undefined {
    const own = this.#members.get(identity.tgid)?.own;
    return own === undefined ? number : own.numbers.get(number);
  }

  /** It is told other numbers than those of the whole guest. */
  isWithin(tgid: number): boolean {
    return this.#members.get(tgid)?.own !== undefined;
  }

  /** All that were in the namespace of which a process was the first: they end with it. */
  endingWith({ tgid }: TaskIdentity): readonly number[] {
    const own = this.#members.get(tgid)?.own;
    if (own?.numbers.get(INIT) !== tgid) return [];
    return [...this.#members].flatMap(([member, { own: its }]) => (its === own ? [member] : []));
  }

  /** Takes note of who a task is. */
  meet({ pid, tgid, parent, start }: TaskIdentity): void {
    if (this.#members.size === 0) return;
    const known = this.#members.get(tgid);
    if (known !== undefined && (pid !== tgid || known.start === undefined || known.start === start)) {
      if (pid === tgid) known.start = start;
      return;
    }
    this.#members.delete(tgid);
    const maker = this.#members.get(parent);
    const own = maker?.children ?? maker?.own;
    if (maker === undefined || own === undefined) return;
    this.#members.set(tgid, { start: pid === tgid ? start : undefined, own, children: undefined, told: [], met: [] });
    if (own.empty) own.numbers.set(INIT, tgid);
    own.empty = false;
    if (maker.own !== undefined && maker.children === undefined) this.#match(maker, undefined, tgid);
  }

  #match(maker: Member, number: number | undefined, tgid: number | undefined): void {
    if (number !== undefined) maker.told.push(number);
    if (tgid !== undefined) maker.met.push(tgid);
    if (maker.told.length > 0 && maker.met.length > 0) maker.own!.numbers.set(maker.told.shift()!, maker.met.shift()!);
  }

  /** Takes a call that has returned. */
  returned(call: Call, { tgid, start }: TaskIdentity): void {
    const { name } = call;
    const flags = name === 'unshare' ? call.low(0) : name === 'setns' ? call.low(1) : 0;
    if (call.outcome === 'value' && (flags & CLONE.newPid) !== 0) {
      this.#member(tgid, start).children = namespace(name === 'unshare');
    } else if (CLONES.has(name) && call.outcome === 'value' && call.result !== 0) this.#cloned(call, tgid);
  }

  #cloned(call: Call, tgid: number): void {
    const flags = cloneFlags(call);
    if ((flags & CLONE.thread) !== 0) return;
    const maker = this.#members.get(tgid);
    if (maker?.own !== undefined && maker.children === undefined && (flags & CLONE.newPid) === 0) {
      this.#match(maker, call.result, undefined);
    } else if ((flags & CLONE.newPid) !== 0 && maker?.own === undefined) {
      const own = namespace(false);
      own.numbers.set(INIT, call.result);
      this.#members.set(call.result, { start: undefined, own, children: undefined, told: [], met: [] });
    }
  }

  #member(tgid: number, start: bigint): Member {
    const member = this.#members.get(tgid) ?? { start, own: undefined, children: undefined, told: [], met: [] };
    this.#members.set(tgid, member);
    return member;
  }
}
