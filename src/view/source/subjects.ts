/** What an event is about: descriptors, paths, addresses. */
import { memoryWrites } from '../../analyze/history/memory-writes.ts';
import { type AddressRange, isKernel, pageOf, parsePlace } from '../../analyze/history/place.ts';
import type { EventPlace } from '../../analyze/model/chunk-store.ts';
import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import type { TaskIdentity } from '../../guest/linux/task-identity.ts';
import { capturesOf } from '../../replay/call-captures.ts';
import type { Call } from '../../replay/calls.ts';
import { printable } from '../../replay/printable.ts';
import { Exit } from '../../replay/traps/exit.ts';
import { EVENT_KIND } from '../../trace/event.ts';
import type { TraceSource } from './trace-source.ts';

const DESCRIPTOR_FORMATS: ReadonlySet<string> = new Set(['fd', 'at']);
const PAGE = 0xfffn;

/** Descriptors that a call is given, or gives back; those that stand for none are left out. */
export function descriptorsOf(call: Call): number[] {
  const args = call.syscall?.arguments ?? [];
  const given = args.flatMap(({ format }, i) => (DESCRIPTOR_FORMATS.has(format) ? [call.low(i) | 0] : []));
  const got = call.syscall?.result === 'fd' && call.outcome === 'value' ? [call.result | 0] : [];
  return [...given, ...got].filter((fd) => fd >= 0);
}

export function usesDescriptor(call: Call, fd: number): boolean {
  return descriptorsOf(call).includes(fd);
}

/** Paths that a call is given, as it is given them. */
function pathsOf(call: Call): string[] {
  const args = call.syscall?.arguments ?? [];
  return args.flatMap(({ format }, i) => {
    const capture = format === 'path' ? call.capture(i, 'entry') : undefined;
    return capture === undefined ? [] : [Buffer.from(capture.bytes).toString('utf8')];
  });
}

/** Files that the call which an event enters is about: by the paths that it is given, and by what its descriptors mean. */
export function filesOf(place: EventPlace, source: TraceSource): string[] {
  const event = place.chunk.firstEvent + place.row;
  const { call } = source.calls.entered(place, 1);
  const who = source.identity(place.chunk.task(place.row), event);
  if (who === undefined) return pathsOf(call);
  const meant = descriptorsOf(call).flatMap((fd) => source.descriptors.name(who, fd, event) ?? []);
  return [...pathsOf(call), ...meant];
}

/** Whether a call is about a file: this one, or one with `path` in its name, as it is or as it is shown. */
export function isAbout(place: EventPlace, source: TraceSource, path: string, whole: boolean): boolean {
  return filesOf(place, source).some((file) =>
    whole ? file === path : file.includes(path) || printable(file).includes(path),
  );
}

/** Whether memory that was read at an event, or that it changed, lies in the page of an address. */
export function touchesPage({ chunk, row }: EventPlace, address: bigint, source: TraceSource): boolean {
  const page = address & ~PAGE;
  const inPage = (start: bigint, length: number): boolean => start <= (page | PAGE) && start + BigInt(length) > page;
  const kind = chunk.kind(row);
  if (kind === EVENT_KIND.exit) {
    const exit = Exit.of(chunk, row);
    return exit !== undefined && [exit.long('linear'), exit.long('physical')].some((each) => inPage(each, 1));
  }
  if (
    capturesOf(chunk, row).some(
      ({ kind: of, address: at, fullLength }) => of !== CAPTURE_KIND.task && inPage(at, Math.max(1, fullLength)),
    )
  )
    return true;
  if (kind !== EVENT_KIND.callEntry) return false;
  const { call } = source.calls.entered({ chunk, row }, 1);
  const exit = call.exitChunk;
  return (
    exit !== undefined &&
    capturesOf(exit, call.exitRow).some(({ address: at, fullLength }) => inPage(at, Math.max(1, fullLength)))
  );
}

/** An address that an event is about: of what it wrote, or the first that a call was given; undefined: of none. */
export function addressOf({ chunk, row }: EventPlace, source: TraceSource): bigint | undefined {
  const kind = chunk.kind(row);
  if (kind === EVENT_KIND.exit) {
    const exit = Exit.of(chunk, row);
    return [exit?.long('linear'), exit?.long('physical')].find((address) => address !== undefined && address !== 0n);
  }
  if (kind === EVENT_KIND.pages) return capturesOf(chunk, row).find(({ address }) => address !== 0n)?.address;
  if (kind !== EVENT_KIND.callEntry) return undefined;
  const { call } = source.calls.entered({ chunk, row }, 1);
  const captured = capturesOf(chunk, row)[0] ?? (call.exitChunk && capturesOf(call.exitChunk, call.exitRow)[0]);
  return captured?.address;
}

/** The pages that an event wrote, as its process sees them. */
export function writtenPages({ chunk, row }: EventPlace, source: TraceSource): AddressRange[] {
  const identity = source.identity(chunk.task(row), chunk.firstEvent + row);
  return memoryWrites(chunk, row, source.names).map(({ linear, physical }) =>
    pageOf(linear === undefined ? { space: 'physical', address: physical, length: 1n } : asSeenBy(identity, linear)),
  );
}

/** A guest-virtual address in the process that used it: those of the kernel are the same in all. */
export function asSeenBy(identity: TaskIdentity | undefined, address: bigint): AddressRange {
  return { space: 'virtual', address, length: 1n, pid: isKernel(address) ? undefined : identity?.tgid };
}

/** `0x7f12000`, `virt:PID:ADDRESS`, `phys:ADDRESS`; digits alone are hexadecimal. Throws UserError. */
export function parsePage(text: string): AddressRange {
  return parsePlace(/^[0-9a-f]+$/i.test(text) ? `0x${text}` : text, 'page');
}
