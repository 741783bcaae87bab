import type { Syscall } from '../../guest/linux/signature.ts';
import type { Call } from '../../replay/calls.ts';
import type { Descriptors, Who } from '../../replay/descriptors.ts';

/** Which arguments of a call name files. */
export interface FileArguments {
  /** A descriptor. */
  readonly fd: number | undefined;
  /** Paths, each with the argument that holds the folder that it starts from. */
  readonly paths: readonly { readonly path: number; readonly folder: number | undefined }[];
}

const AT_FDCWD = -100;
const NONE: FileArguments = { fd: undefined, paths: [] };
const KNOWN = new Map<Syscall, FileArguments>();

function read({ arguments: all }: Syscall): FileArguments {
  const fd = all.findIndex(({ format }) => format === 'fd');
  const paths = all.flatMap(({ format }, path) => {
    if (format !== 'path') return [];
    return [{ path, folder: all[path - 1]?.format === 'at' ? path - 1 : undefined }];
  });
  return { fd: fd < 0 ? undefined : fd, paths };
}

export function fileArguments({ syscall }: Call): FileArguments {
  if (syscall === undefined) return NONE;
  let found = KNOWN.get(syscall);
  if (found === undefined) {
    found = read(syscall);
    KNOWN.set(syscall, found);
  }
  return found;
}

/** Text that an argument points to, as the kernel read it. */
export function givenText(call: Call, argument: number): string | undefined {
  const capture = call.capture(argument, 'entry');
  return capture && Buffer.from(capture.bytes).toString('utf8');
}

/**
 * The absolute path of path argument `index` (from 0), or as it was given where its folder is not known. Known links on
 * its way are followed; `last`: one at its end too.
 */
export function givenPath(
  call: Call,
  index: number,
  who: Who | undefined,
  descriptors: Descriptors,
  last = false,
): string | undefined {
  const place = fileArguments(call).paths[index];
  // No path at all means the descriptor itself, where there is one.
  const none = place?.folder !== undefined && call.low(place.path) === 0 && call.high(place.path) === 0;
  const text = none ? '' : place && givenText(call, place.path);
  if (text === undefined || who === undefined) return text;
  const folder = place?.folder === undefined ? AT_FDCWD : call.low(place.folder) | 0;
  return descriptors.resolve(who, folder, text, { last }) ?? text;
}
