import { ABI } from '../emu/monitor-layout.ts';
import { amd64Syscalls, i386Syscall, type Syscall } from '../guest/linux/signature.ts';
import { NtCalls } from '../guest/nt/calls.ts';
import { NT_FACT, type NtSystem } from '../guest/nt/system.ts';
import { REGISTER } from '../trace/event.ts';
import type { EventChunk } from '../trace/event-chunk.ts';
import type { Fact } from '../trace/messages.ts';

const LINUX = amd64Syscalls();

/** What the numbers of a trace's calls stand for, by their ABI. */
export class CallTables {
  readonly #nt32: NtCalls;
  readonly #nt64: NtCalls;

  /** `profile`: what the trace knows of its guest; without it an NT's version is not known. */
  constructor(profile?: ReadonlyMap<string, Fact>) {
    const system = ntSystem(profile?.get(NT_FACT));
    this.#nt32 = new NtCalls('x86', system);
    this.#nt64 = new NtCalls('x64', system);
  }

  /** undefined: a number that the table does not know, or no table that is known. */
  of(chunk: Pick<EventChunk, 'abi' | 'registerLow'>, row: number, number: number): Syscall | undefined {
    switch (chunk.abi(row)) {
      case ABI.linux64:
        return LINUX.get(number);
      case ABI.linux32:
        return i386Syscall(number, chunk.registerLow(row, REGISTER.rbx));
      case ABI.nt32:
        return this.#nt32.at(number);
      case ABI.nt64:
        return this.#nt64.at(number);
      default:
        return undefined;
    }
  }
}

function ntSystem(fact: Fact | undefined): NtSystem | undefined {
  try {
    const system = JSON.parse(fact?.json ?? 'null') as NtSystem | null;
    return typeof system?.version === 'string' || system?.version === null ? system : undefined;
  } catch {
    return undefined;
  }
}
