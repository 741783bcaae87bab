/** What system calls do to the memory of a process, by name. */
import { posix } from 'node:path';
import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import { type ImagePlace, type ProgramImage, parseImage } from '../../guest/linux/program-image.ts';
import { type CallCapture, capturesOf } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import type { Descriptors, Who } from '../descriptors.ts';
import { CLONE, cloneFlags } from '../task-flags.ts';
import type { AddressSpace } from './address-space.ts';
import type { Region } from './space-changes.ts';

/** What is known beside the calls. */
export interface AddressContext {
  readonly descriptors: Descriptors;
  readonly imagePlace: ImagePlace | undefined;
  /** Bytes of a pointer of the kernel. */
  readonly kernelWord: 4 | 8;
}

/** Does to a space what a call that succeeded did. A process that it made is given back by its number. */
type Effect = (call: Call, space: AddressSpace, event: number, who: Who, context: AddressContext) => number | undefined;

const PAGE = 4096;
const MAP_ANONYMOUS = 0x20;
const MREMAP_DONTUNMAP = 4;
/** Of 32 bits each: the words of an argument or a result. */
const HALF = 2 ** 32;

const argument = (call: Call, which: number): number => call.high(which) * HALF + call.low(which);
const resultOf = (call: Call): number => (call.resultHigh >>> 0) * HALF + (call.result >>> 0);
const pages = (bytes: number): number => Math.ceil(bytes / PAGE) * PAGE;

const ANONYMOUS: Region = { name: '[anon]', origin: undefined };

const map =
  (offsetUnit: number): Effect =>
  (call, space, event, who, { descriptors }) => {
    const start = resultOf(call);
    const end = start + pages(argument(call, 1));
    if ((call.low(3) & MAP_ANONYMOUS) !== 0) space.set(event, start, end, ANONYMOUS);
    else {
      const file = descriptors.name(who, call.low(4));
      const offset = argument(call, 5) * offsetUnit;
      space.set(event, start, end, file === undefined ? undefined : regionOf(file, start - offset));
    }
    return undefined;
  };

const regionOf = (file: string, origin: number): Region => ({ name: posix.basename(file) || file, origin });

const unmap: Effect = (call, space, event) => {
  const start = argument(call, 0);
  space.set(event, start, start + pages(argument(call, 1)), undefined);
  return undefined;
};

const remap: Effect = (call, space, event) => {
  const from = argument(call, 0);
  const to = resultOf(call);
  const region = space.at(from, event);
  const moved = region?.origin === undefined ? region : { ...region, origin: region.origin - from + to };
  if ((call.low(3) & MREMAP_DONTUNMAP) === 0) space.set(event, from, from + pages(argument(call, 1)), undefined);
  else space.set(event, from, from + pages(argument(call, 1)), ANONYMOUS);
  space.set(event, to, to + pages(argument(call, 2)), moved);
  return undefined;
};

/** The first one of a program tells where its heap begins, if nothing else did. */
const moveBreak: Effect = (call, space, event) => {
  const end = resultOf(call);
  space.heap ??= { start: end, end };
  const { heap } = space;
  if (end < heap.end) space.set(event, pages(end), pages(heap.end), undefined);
  else space.set(event, heap.start, pages(end), { name: '[heap]', origin: heap.start });
  heap.end = end;
  return undefined;
};

/** The number of a child tells nothing where it is that of a namespace. */
const fork: Effect = (call, _space, _event, who, { descriptors }) => {
  const isChild = call.result !== 0 && (cloneFlags(call) & CLONE.thread) === 0;
  return isChild && descriptors.tellsNumbers(who) ? call.result : undefined;
};

const execute =
  (folder: number | undefined, path: number): Effect =>
  (call, space, event, who, { descriptors, imagePlace, kernelWord }) => {
    const folderFd = folder === undefined ? AT_FDCWD : call.low(folder) | 0;
    const file = executedFile(call.capture(path, 'entry'), folderFd, space, who, descriptors);
    space.clear(event);
    const { exitChunk } = call;
    if (exitChunk === undefined || imagePlace === undefined) return undefined;
    const capture = capturesOf(exitChunk, call.exitRow).find(({ kind }) => kind === CAPTURE_KIND.image);
    const image = capture && parseImage(capture.bytes, imagePlace, kernelWord);
    if (image === undefined) return undefined;
    space.program = isScript(call, path + 1, image) ? undefined : file;
    lay(image, space.program ?? '[program]', space, event);
    return undefined;
  };

const AT_FDCWD = -100;
/** Names by which a process reaches its own program, and what it has open. */
const OWN_PROGRAM = /^\/proc\/(?:self|thread-self)\/exe$/;
const OWN_DESCRIPTOR = /^(?:\/proc\/self|\/dev)\/fd\/(\d+)$/;

/** The last part of the path that is executed. */
function executedFile(
  capture: CallCapture | undefined,
  folderFd: number,
  { program }: AddressSpace,
  who: Who,
  descriptors: Descriptors,
): string | undefined {
  if (capture === undefined) return undefined;
  const path = Buffer.from(capture.bytes).toString('utf8');
  if (OWN_PROGRAM.test(path)) return program;
  const fd = path === '' ? folderFd : OWN_DESCRIPTOR.exec(path)?.[1];
  const file = fd === undefined ? path : descriptors.name(who, Number(fd));
  return file && (posix.basename(file) || undefined);
}

/** The most that a stack grows unless its limit was changed (_STK_LIM), and a loader takes: nothing else is put there. */
const STACK_BYTES = 8 << 20;
const LOADER_BYTES = 1 << 20;
const VDSO_BYTES = 2 * PAGE;
/** What a program clears and where its heap begins are so far apart at most: arch_randomize_brk, and 1 GiB to clear. */
const HEAP_DISTANCE = 2 ** 31;

/** Later ones win: what is known exactly comes last. */
function lay(image: ProgramImage, name: string, space: AddressSpace, event: number): void {
  const { base, end, heap, stack, stackEnd, interpreter, vdso } = image;
  space.set(event, stack - STACK_BYTES, pages(stackEnd), { name: '[stack]', origin: undefined });
  if (interpreter !== undefined) {
    space.set(event, interpreter, interpreter + LOADER_BYTES, { name: '[loader]', origin: interpreter });
  }
  if (vdso !== undefined) space.set(event, vdso, vdso + VDSO_BYTES, { name: '[vdso]', origin: vdso });
  const cleared = heap >= end && heap - end <= HEAP_DISTANCE ? heap : pages(end);
  space.set(event, base, cleared, { name, origin: base });
  space.heap = { start: heap, end: heap };
}

/** Before the arguments of a script the kernel puts its interpreter: then they are not those that were given. */
function isScript(call: Call, list: number, { argumentBytes }: ProgramImage): boolean {
  const given = call.captures(list, 'entry').filter(({ kind }) => kind === CAPTURE_KIND.pointerArrayString);
  return given.reduce((sum, { fullLength }) => sum + fullLength + 1, 0) !== argumentBytes;
}

// biome-ignore format: a table
export const ADDRESS_CALLS: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ['mmap', map(1)],
  ['mmap2', map(PAGE)],
  ['munmap', unmap],
  ['mremap', remap],
  ['brk', moveBreak],
  ['execve', execute(undefined, 0)],
  ['execveat', execute(0, 1)],
  ['fork', fork],
  ['vfork', fork],
  ['clone', fork],
  ['clone3', fork],
]);
