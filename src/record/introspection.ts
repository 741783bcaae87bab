import type { Machine } from '../emu/machine.ts';
import type { LinuxProfile } from '../guest/linux/profile.ts';
import { KernelStructures, NotKnown } from '../guest/linux/views/kernel.ts';
import { readModules } from '../guest/linux/views/modules.ts';
import { readProcesses } from '../guest/linux/views/processes.ts';
import type { KernelMemory } from '../guest/memory.ts';
import {
  INTROSPECTION_LIMIT,
  type Introspection,
  type IntrospectionKind,
  introspectionFact,
  TRIGGER,
} from '../trace/introspection.ts';
import type { Fact } from '../trace/messages.ts';
import { inspect } from '../world/inspection.ts';

const RSI = 6;
const RDI = 7;
const PAGE = 4096;
const KINDS = Object.keys(TRIGGER) as IntrospectionKind[];

/** Looks at a guest that asked for it by VMFUNC, while it stands at that instruction. */
export class Introspector {
  #profile: LinuxProfile | undefined;
  #taken = 0;
  /** The list that was written last, of each kind. */
  readonly #lists = new Map<IntrospectionKind, { readonly number: number; readonly text: string }>();

  /** What the trigger asked for. */
  take(machine: Machine, trigger: number): Fact {
    const kind = KINDS.find((name) => TRIGGER[name] === trigger) ?? 'processes';
    const moment = { icount: machine.icount, time: machine.now(), kind };
    const number = this.#taken++;
    if (kind === 'memory') {
      const { data, ...range } = readRange(machine);
      return introspectionFact(number, { ...moment, rows: [], ...range }, data);
    }
    const { rows, notes } = this.#list(machine, kind);
    const text = JSON.stringify(rows);
    const last = this.#lists.get(kind);
    if (last?.text === text) return introspectionFact(number, { ...moment, same: last.number, notes });
    this.#lists.set(kind, { number, text });
    return introspectionFact(number, { ...moment, rows, notes });
  }

  #list(machine: Machine, kind: 'processes' | 'modules'): Pick<Introspection, 'rows' | 'notes'> {
    const { memory, profile } = inspect(machine, this.#profile);
    this.#profile = profile;
    if (profile === undefined)
      return { rows: [], notes: ['not known: no Linux kernel that describes itself is found'] };
    try {
      const kernel = new KernelStructures(memory, profile);
      return kind === 'processes' ? processes(kernel) : modules(kernel);
    } catch (error) {
      if (!(error instanceof NotKnown)) throw error;
      return { rows: [], notes: [error.message] };
    }
  }
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

function processes(kernel: KernelStructures): Pick<Introspection, 'rows' | 'notes'> {
  const { tasks, notes } = readProcesses(kernel);
  const rows = tasks.map(({ address, startTime, executable, state, uid, commandLine, ...task }) => ({
    ...task,
    address: hex(address),
    startTime: String(startTime),
    state: state ?? null,
    uid: uid ?? null,
    commandLine: commandLine ?? null,
    executable: executable ?? null,
  }));
  return { rows, notes };
}

function modules(kernel: KernelStructures): Pick<Introspection, 'rows' | 'notes'> {
  const { modules: all, notes } = readModules(kernel);
  const rows = all.map(({ address, text, ...module }) => ({
    ...module,
    address: hex(address),
    start: hex(text.start),
    end: hex(text.end),
  }));
  return { rows, notes };
}

/** Memory as the program sees it, by RDI and RSI. */
function readRange(machine: Machine): Pick<Introspection, 'address' | 'absent' | 'notes'> & { data: Uint8Array } {
  const { core } = machine;
  const address = core.get64('gpr', RDI);
  const wanted = core.get64('gpr', RSI);
  const length = wanted > INTROSPECTION_LIMIT ? INTROSPECTION_LIMIT : Number(wanted);
  const notes = length < wanted ? [`only the first ${length} of ${wanted} bytes are kept`] : [];
  const memory = present(machine);
  const data = new Uint8Array(length);
  const absent: [number, number][] = [];
  for (let at = 0; at < length; ) {
    const from = BigInt.asUintN(64, address + BigInt(at));
    const step = Math.min(length - at, PAGE - Number(from % BigInt(PAGE)));
    const bytes = memory.read(from, step);
    const last = absent.at(-1);
    if (bytes !== undefined) data.set(bytes, at);
    else if (last !== undefined && last[0] + last[1] === at) last[1] += step;
    else absent.push([at, step]);
    at += step;
  }
  return { address: hex(address), absent, notes, data };
}

/** Memory by the translations of the present code, whatever its mode. */
function present({ core, memory }: Machine): Pick<KernelMemory, 'read'> {
  return {
    read: (address, length) => {
      const physical = core.translate(address);
      if (physical === undefined || !memory.contains(Number(physical), length)) return undefined;
      return memory.read(Number(physical), length);
    },
  };
}
