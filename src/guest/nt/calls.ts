import type { Argument, Syscall } from '../linux/signature.ts';
import { type NtProcessor, ntServices } from './services.ts';
import type { NtSystem } from './system.ts';
import { NT_VERSIONS } from './tables/services.ts';

/** Bits 11:0 of EAX are the number in a table, bits 13:12 the table: 0 the kernel's, 1 the window manager's. */
const TABLE_SHIFT = 12;
const IN_TABLE = 0xfff;
const WINDOW_MANAGER = 1;

const words = (count: number): Argument[] =>
  Array.from({ length: count }, (_, register): Argument => ({ format: 'hex', register }));

/** Arguments that are shown of a service whose number of them is not known. */
const SHOWN = 4;

/** The calls of an NT guest: what a service number stands for. */
export class NtCalls {
  readonly #processor: NtProcessor;
  readonly #services: ReturnType<typeof ntServices>;
  readonly #calls = new Map<number, Syscall>();

  /** `system` undefined: only the width of its calls is known. */
  constructor(processor: NtProcessor, system: NtSystem | undefined) {
    this.#processor = processor;
    const version = system?.version ?? undefined;
    this.#services = version === undefined ? undefined : ntServices(processor, version);
  }

  at(number: number): Syscall {
    let call = this.#calls.get(number);
    if (call === undefined) {
      call = this.#make(number);
      this.#calls.set(number, call);
    }
    return call;
  }

  #make(number: number): Syscall {
    const table = number >>> TABLE_SHIFT;
    const service = table === 0 ? this.#services?.get(number) : undefined;
    const common = { abi: 'nt', number, conditional: [] } as const;
    if (service !== undefined) {
      return { ...common, name: service.name, arguments: words(service.arguments), result: 'ntstatus' };
    }
    const graphic = table === WINDOW_MANAGER;
    const note = table === 0 && this.#services === undefined ? this.#candidates(number) : '';
    return {
      ...common,
      name: `${graphic ? 'win32k' : 'service'}_0x${(graphic ? number & IN_TABLE : number).toString(16)}`,
      arguments: words(SHOWN),
      result: graphic ? 'hex' : 'ntstatus',
      note,
    };
  }

  /** `NtCreateKey in 2000, NtCreateFile in XP`: what the number is in the versions that are known. */
  #candidates(number: number): string {
    return NT_VERSIONS[this.#processor]
      .flatMap((version) => {
        const service = ntServices(this.#processor, version)?.get(number);
        return service === undefined ? [] : [`${service.name} in ${version}`];
      })
      .join(', ');
  }
}

/** Every service that has a name in some version. */
export function ntNames(): string[] {
  const names = new Set<string>();
  for (const processor of ['x86', 'x64'] as const) {
    for (const version of NT_VERSIONS[processor]) {
      for (const { name } of ntServices(processor, version)?.values() ?? []) names.add(name);
    }
  }
  return [...names];
}
