import type { Call } from '../../replay/calls.ts';
import type { Descriptors, Who } from '../../replay/descriptors.ts';
import { socketPath } from '../../replay/open-file.ts';
import { AT_FDCWD } from '../../replay/task-files.ts';
import { fileArguments, givenPath, givenText } from './call-arguments.ts';
import { FILE_ACTIONS, type FileAction, type FileEffect, type FileSort, O_TMPFILE } from './file-actions.ts';

const ENOENT = 2;

/** What a call did to a file or directory. */
export interface FileChange {
  readonly action: FileAction;
  /** Whether it is known that the file was there before, or wasn't. */
  readonly certain: boolean;
  readonly what: FileSort;
  /** Absolute where the folder that it starts from is known. */
  readonly path: string;
  /** The new name, or what a link says. */
  readonly to: string | undefined;
}

/** The file that bind makes for a socket; undefined where its address is none. */
function socketFile(call: Call, who: Who, descriptors: Descriptors): string | undefined {
  const address = call.capture(1, 'entry')?.bytes;
  const path = address && socketPath(address);
  return path && (descriptors.resolve(who, AT_FDCWD, path) ?? path);
}

/** Calls to what they did to files. It must see all that returned, in order: what was there before is known from them. */
export class FileChanges {
  /** Whether a path was there when it was last seen or looked for. */
  readonly #there = new Map<string, boolean>();

  of(call: Call, who: Who, descriptors: Descriptors): FileChange | undefined {
    const path = (index: number, last = false) => givenPath(call, index, who, descriptors, last);
    const effect = FILE_ACTIONS.get(call.name)?.(call);
    const first = path(0, effect?.follows);
    if (call.outcome === 'error' && call.errno === ENOENT && first !== undefined) this.#there.set(first, false);
    if (call.outcome !== 'value') return undefined;
    if (effect === undefined) {
      if (first !== undefined) this.#there.set(first, true);
      return undefined;
    }
    const { fd } = fileArguments(call);
    const file = fd === undefined ? undefined : descriptors.slot(who, call.low(fd) | 0)?.file;
    const meaning = file?.kind === 'file' || file?.kind === 'memfd' ? file.what : undefined;
    if (effect.action === 'linked') return this.#linked(effect, call, who, descriptors);
    const subject =
      effect.path === 'fd'
        ? meaning
        : effect.path === 'socket'
          ? socketFile(call, who, descriptors)
          : path(effect.path, effect.follows);
    const to = effect.to === 'text' ? givenText(call, 0) : effect.to === undefined ? undefined : path(effect.to);
    return subject === undefined ? undefined : this.#change(effect, subject, to);
  }

  /** A link may give a file its first name: what is linked is a descriptor then, by /proc or an empty path. */
  #linked(effect: FileEffect, call: Call, who: Who, descriptors: Descriptors): FileChange | undefined {
    const [subject] = fileArguments(call).paths;
    const [given, to] = [subject && givenText(call, subject.path), givenPath(call, 1, who, descriptors)];
    const [, number] = /^(?:\/proc\/(?:self|thread-self|\d+)|\/dev)\/fd\/(\d+)$/.exec(given ?? '') ?? [];
    const fd = number !== undefined ? Number(number) : given === '' ? call.low(0) | 0 : undefined;
    const file = fd === undefined ? undefined : descriptors.slot(who, fd)?.file;
    const from = file?.what ?? givenPath(call, 0, who, descriptors, effect.follows);
    if (from === undefined || to === undefined) return undefined;
    if (file === undefined || (file.flags & O_TMPFILE) === 0) return this.#change(effect, from, to);
    return this.#change({ action: 'created', what: 'file', path: 0, fresh: true }, to, undefined);
  }

  #change({ action, fresh, what, to: kind }: FileEffect, path: string, to: string | undefined): FileChange {
    const before = this.#there.get(path);
    const opened = action === 'created' && fresh !== true && before === true;
    this.#there.set(path, action !== 'removed' && action !== 'renamed');
    if (to !== undefined && kind !== 'text') this.#there.set(to, true);
    const certain = action !== 'created' || fresh === true || before !== undefined;
    return { action: opened ? 'opened-for-writing' : action, certain, what, path, to };
  }
}
