// What the kernel's own tracing puts into code: kprobes (kernel/kprobes.c) and ftrace's calls (kernel/trace/ftrace.c), so that
// their patches are told from others, and by whom they were asked for.
import { type KernelStructures, orNote } from './kernel.ts';

/** Whoever asked to be called when control comes to an address. */
export interface Probe {
  readonly address: bigint;
  /** Functions that are called, of a return probe its own. */
  readonly handlers: readonly bigint[];
}

/** Functions that ftrace calls at entries by code of their own. */
interface Trampoline {
  readonly start: bigint;
  readonly end: bigint;
  readonly handler: bigint;
}

/** KPROBE_TABLE_SIZE (include/linux/kprobes.h). */
const PROBE_LISTS = 64;
const MOST = 1 << 16;
/** The longest instruction that a probe stands at, and the jump that takes its place. */
const PROBED = 16n;

export class Tracing {
  readonly #probes: readonly Probe[];
  readonly #trampolines: readonly Trampoline[];
  /** Functions that ftrace is asked to call, by whatever way. */
  readonly callbacks: readonly bigint[];

  constructor(kernel: KernelStructures, notes: string[]) {
    this.#probes = orNote(notes, 'kprobes', () => [...readProbes(kernel)]) ?? [];
    const tracers = orNote(notes, 'ftrace', () => [...readTracers(kernel)]) ?? [];
    this.#trampolines = tracers.filter(({ start }) => start !== 0n);
    this.callbacks = tracers.map(({ handler }) => handler);
  }

  /** Handlers of the probes that changed `length` bytes at an address: a breakpoint, or the jump of an optimised one. */
  probes(address: bigint, length: number): bigint[] {
    return this.#probes
      .filter((probe) => probe.address <= address && address + BigInt(length) <= probe.address + PROBED)
      .flatMap(({ handlers }) => handlers);
  }

  /** Who is called by way of the code at `target`, which the function entry at `address` calls. */
  calledBy(target: bigint, address: bigint): bigint[] {
    const trampoline = this.#trampolines.find(({ start, end }) => start <= target && target < end);
    if (trampoline === undefined) return [];
    // Probes at entries have ftrace call them; where a landing pad comes first, the call is behind it.
    const probes = this.#probes.filter((probe) => probe.address <= address && address < probe.address + PROBED);
    return probes.length === 0 ? [trampoline.handler] : probes.flatMap(({ handlers }) => handlers);
  }
}

function* readProbes(kernel: KernelStructures): Generator<Probe> {
  const table = kernel.symbol('kprobe_table');
  for (let i = 0; i < PROBE_LISTS; i++) {
    let at = kernel.word(table + BigInt(i * kernel.memory.pointerBytes));
    for (let count = 0; at !== 0n && count < MOST; count++) {
      const probe = kernel.container(at, 'kprobe', 'hlist');
      yield { address: kernel.value(probe, 'kprobe', 'addr'), handlers: [...handlersOf(kernel, probe)] };
      at = kernel.word(at);
    }
  }
}

/** Several probes at one address hang on one that passes control on to them. */
function* handlersOf(kernel: KernelStructures, probe: bigint): Generator<bigint> {
  const first = kernel.value(probe, 'kprobe', 'pre_handler');
  if (first !== 0n && first === kernel.symbols.address('aggr_pre_handler')) {
    for (const each of kernel.list(kernel.at(probe, 'kprobe', 'list'), 'kprobe', 'list'))
      yield* handlersOf(kernel, each);
    return;
  }
  if (first !== 0n && first === kernel.symbols.address('pre_handler_kretprobe')) {
    const returning = kernel.container(probe, 'kretprobe', 'kp');
    for (const member of ['handler', 'entry_handler']) {
      const handler = kernel.value(returning, 'kretprobe', member);
      if (handler !== 0n) yield handler;
    }
    return;
  }
  for (const handler of [first, kernel.value(probe, 'kprobe', 'post_handler')]) if (handler !== 0n) yield handler;
}

function* readTracers(kernel: KernelStructures): Generator<Trampoline> {
  const end = kernel.symbol('ftrace_list_end');
  let at = kernel.word(kernel.symbol('ftrace_ops_list'));
  for (let count = 0; at !== end && at !== 0n && count < MOST; count++) {
    const start = kernel.value(at, 'ftrace_ops', 'trampoline');
    const length = kernel.value(at, 'ftrace_ops', 'trampoline_size');
    yield { start, end: start + length, handler: kernel.value(at, 'ftrace_ops', 'func') };
    at = kernel.value(at, 'ftrace_ops', 'next');
  }
}
