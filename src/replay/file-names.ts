/** What happened to names of files, in order; symbolic links as far as calls told them. All paths are absolute. */

interface Change {
  readonly from: string;
  /** undefined: it was removed. */
  readonly to: string | undefined;
  /** Both names were there, and changed places. */
  readonly exchange: boolean;
}

/** A link leads to the text that it holds, or straight to a place. */
export type LinkTarget = { readonly text: string } | { readonly place: string };

/** So many links are followed in one path (MAXSYMLINKS). */
const MOST_LINKS = 40;

export class FileNames {
  readonly #all: Change[] = [];
  readonly #links = new Map<string, string>();

  /** How many there have been. */
  get changes(): number {
    return this.#all.length;
  }

  renamed(from: string, to: string, exchange: boolean): void {
    if (from === to) return;
    this.#all.push({ from, to, exchange });
    this.#moveLinks(from, to, exchange);
  }

  removed(path: string): void {
    this.#all.push({ from: path, to: undefined, exchange: false });
    this.#links.delete(path);
  }

  linked(path: string, text: string): void {
    this.#links.set(path, text);
  }

  #moveLinks(from: string, to: string, exchange: boolean): void {
    if (!exchange) this.#links.delete(to);
    for (const [path, text] of [...this.#links]) {
      const moved = renamedPath(path, { from, to, exchange });
      if (moved === path) continue;
      if (this.#links.get(path) === text) this.#links.delete(path);
      this.#links.set(moved, text);
    }
  }

  /** What a path of the time of `since` changes is called now. */
  follow(path: string, since: number): { path: string; gone: boolean } {
    let now = path;
    for (let i = since; i < this.#all.length; i++) {
      const change = this.#all[i]!;
      const overwritten = change.to === now && !change.exchange;
      if (overwritten || (change.to === undefined && change.from === now)) return { path: now, gone: true };
      now = renamedPath(now, change);
    }
    return { path: now, gone: false };
  }

  /** The text of a link; undefined: it is none, or none that is known. */
  link(path: string): string | undefined {
    return this.#links.get(path);
  }

  /** No link is known. */
  get plain(): boolean {
    return this.#links.size === 0;
  }
}

function renamedPath(path: string, { from, to, exchange }: Change): string {
  if (to === undefined) return path;
  if (isIn(path, from)) return to + path.slice(from.length);
  return exchange && isIn(path, to) ? from + path.slice(to.length) : path;
}

const isIn = (path: string, folder: string): boolean =>
  path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/');

const parts = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/**
 * Goes along a path as the kernel does: `..` of what a link leads to, absolute links from the root.
 *
 * `from`, `root`: absolute, without a slash at the end. `last`: a link at the end is followed. `link`: what is known of
 * a place on the way. The result has no slash at its end, not even if it is the root itself.
 */
export function walk(
  from: string,
  path: string,
  root: string,
  last: boolean,
  link: (path: string) => LinkTarget | undefined,
): string {
  let at = path.startsWith('/') ? root : from;
  const rest = parts(path);
  const through = last || path.endsWith('/');
  for (let links = 0; rest.length > 0; ) {
    const part = rest.shift()!;
    if (part === '..') {
      if (at !== root) at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
      continue;
    }
    const next = `${at}/${part}`;
    const target = (rest.length > 0 || through) && links < MOST_LINKS ? link(next) : undefined;
    if (target === undefined) at = next;
    else if ('place' in target) at = target.place;
    else {
      links++;
      rest.unshift(...parts(target.text));
      if (target.text.startsWith('/')) at = root;
    }
  }
  return at;
}
