/** What goes into an initramfs. Paths have no leading slash; parents must come first (`cpio` sees to it). */
export type CpioEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode?: number; readonly bytes: Uint8Array }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'character';
      readonly path: string;
      readonly mode?: number;
      readonly major: number;
      readonly minor: number;
    };

/** File types and usual permissions (stat's mode). */
const TYPE = { directory: 0o040000, file: 0o100000, symlink: 0o120000, character: 0o020000 } as const;
const MODE = { directory: 0o755, file: 0o644, symlink: 0o777, character: 0o600 } as const;
const MAGIC = '070701';
const HEADER_BYTES = 110;
const TRAILER = 'TRAILER!!!';

/**
 * An archive in "newc" form, as the kernel unpacks it (its Documentation/driver-api/early-userspace/buffer-format).
 * Directories on the way that nobody listed are added. Everything belongs to root and has no times, so that equal
 * entries give equal bytes.
 */
export function cpio(entries: Iterable<CpioEntry>): Uint8Array {
  const parts: Uint8Array[] = [];
  const seen = new Set<string>();
  let inode = 0;
  const add = (entry: CpioEntry): void => {
    if (seen.has(entry.path)) return;
    const slash = entry.path.lastIndexOf('/');
    if (slash > 0) add({ kind: 'directory', path: entry.path.slice(0, slash) });
    seen.add(entry.path);
    inode += 1;
    parts.push(...member(entry, inode));
  };
  for (const entry of entries) add(entry);
  parts.push(...record(TRAILER, [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], new Uint8Array(0)));
  return join(parts);
}

function member(entry: CpioEntry, inode: number): Uint8Array[] {
  const permissions = 'mode' in entry && entry.mode !== undefined ? entry.mode : MODE[entry.kind];
  const mode = TYPE[entry.kind] | (permissions & 0o7777);
  const content = contentOf(entry);
  const links = entry.kind === 'directory' ? 2 : 1;
  const [major, minor] = entry.kind === 'character' ? [entry.major, entry.minor] : [0, 0];
  return record(entry.path, [inode, mode, 0, 0, links, 0, content.length, 0, 0, major, minor], content);
}

function contentOf(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.bytes;
  return new TextEncoder().encode(entry.kind === 'symlink' ? entry.target : '');
}

/** Header fields in order: inode, mode, uid, gid, links, time, size, device major and minor, special major and minor. */
function record(path: string, fields: readonly number[], content: Uint8Array): Uint8Array[] {
  const name = new TextEncoder().encode(`${path}\0`);
  const hex = [...fields, name.length, 0].map((field) => field.toString(16).toUpperCase().padStart(8, '0'));
  const head = new Uint8Array(aligned(HEADER_BYTES + name.length));
  head.set(new TextEncoder().encode(MAGIC + hex.join('')));
  head.set(name, HEADER_BYTES);
  const padding = new Uint8Array(aligned(content.length) - content.length);
  return [head, content, padding];
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
