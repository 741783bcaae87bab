/** At the end of a recording: what the kernel calls the addresses in it. */
import type { Machine } from '../emu/machine.ts';
import { KernelStructures } from '../guest/linux/views/kernel.ts';
import { RangeFinder, type SymbolRange } from '../guest/linux/views/named-ranges.ts';
import { symbolsFact } from '../trace/kernel-symbols.ts';
import type { Fact } from '../trace/messages.ts';
import { inspect } from '../world/inspection.ts';
import type { KernelAddresses } from './chunk-encoder.ts';
import type { WatchSpec } from './traps/watch-spec.ts';

/**
 * Names from the guest's own memory, as it stands; none when there is nothing to name, or no kernel that tells. What has
 * been unloaded by then has no name.
 */
export function kernelNames(
  machine: Machine,
  addresses: KernelAddresses | undefined,
  watches: readonly WatchSpec[],
): Fact[] {
  if (addresses === undefined) return [];
  const { instructions, values, dropped } = addresses;
  const watched = watches.flatMap((watch) => (watch.kind === 'symbol' ? [watch.symbol] : []));
  if (instructions.length + values.length + watched.length === 0) return [];
  const { memory, profile } = inspect(machine);
  if (profile === undefined) return [];
  const finder = new RangeFinder(new KernelStructures(memory, profile));
  const found = new Map<bigint, SymbolRange>();
  const add = (range: SymbolRange | undefined): boolean => {
    if (range !== undefined) found.set(range.start, range);
    return range !== undefined;
  };
  let unnamed = dropped;
  for (const address of instructions) if (!add(finder.at(address))) unnamed++;
  for (const address of values) add(finder.at(address));
  for (const name of watched) add(finder.named(name));
  const ranges = [...found.values()].sort((a, b) => (a.start < b.start ? -1 : 1));
  return [symbolsFact({ ranges, unnamed })];
}
