import { NT_SERVICES, NT_VERSIONS } from './tables/services.ts';

/** A system service of one NT version. */
export interface NtService {
  readonly name: string;
  readonly number: number;
  /** Arguments, each of the processor's word size. */
  readonly arguments: number;
}

export type NtProcessor = keyof typeof NT_VERSIONS;

/**
 * The known services of a version by number; undefined for a version that is not in the table. Bits 11:0 of EAX are the
 * number in a table, bit 12 set means the window manager's table, of which nothing is known here.
 */
export function ntServices(processor: NtProcessor, version: string): ReadonlyMap<number, NtService> | undefined {
  const versions: readonly string[] = NT_VERSIONS[processor];
  const place = versions.indexOf(version);
  if (place < 0) return undefined;
  const column = 2 + place + (processor === 'x64' ? NT_VERSIONS.x86.length : 0);
  const services = new Map<number, NtService>();
  for (const line of NT_SERVICES.trim().split('\n').slice(1)) {
    const cells = line.trim().split(/\s+/);
    const number = Number.parseInt(cells[column]!, 16);
    if (!Number.isNaN(number)) services.set(number, { name: cells[0]!, number, arguments: Number(cells[1]) });
  }
  return services;
}
