import { ABI } from '../../emu/monitor-layout.ts';
import { allSyscalls, type Syscall } from '../../guest/linux/signature.ts';
import { MULTIPLEXERS } from '../../guest/linux/tables/syscalls-i386.ts';
import { callKey } from '../../trace/summary.ts';

function keyOf({ abi, number }: Syscall): number {
  if (abi === 'linux64') return callKey(ABI.linux64, number);
  if (abi === 'linux32') return callKey(ABI.linux32, number);
  // What is behind a multiplexer stands in summaries under the multiplexer's number.
  const { socketcall, ipc } = MULTIPLEXERS;
  const behind = number >= Math.max(socketcall.base, ipc.base) === ipc.base > socketcall.base ? ipc : socketcall;
  return callKey(ABI.linux32, behind.number);
}

/** Keys by which chunk summaries name the calls that pass. */
export function callKeys(passes: (syscall: Syscall) => boolean): ReadonlySet<number> {
  return new Set(allSyscalls().filter(passes).map(keyOf));
}

/** The same for calls by name. */
export function callKeysOf(names: Iterable<string>): ReadonlySet<number> {
  const wanted = new Set(names);
  return callKeys(({ name }) => wanted.has(name));
}
