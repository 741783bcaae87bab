import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { UserError } from '../emu/errors.ts';
import { systemReason } from '../trace/system-reason.ts';

/** Events by letter. */
export type Marks = Readonly<Record<string, number>>;

/** Where the marks of a trace are kept. */
export const marksPath = (trace: string): string => `${trace}.marks.json`;

const isMark = ([letter, event]: readonly [string, unknown]): boolean =>
  /^[a-zA-Z]$/.test(letter) && Number.isSafeInteger(event) && (event as number) >= 0;

/** None when there is no file yet. Throws UserError when there is one that holds something else. */
export function readMarks(trace: string): Marks {
  const path = marksPath(trace);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new UserError(`can't read ${path}: ${systemReason(error) ?? String(error)}`);
  }
  try {
    const { marks } = JSON.parse(text) as { readonly marks?: unknown };
    if (typeof marks === 'object' && marks !== null) {
      const entries = Object.entries(marks as Record<string, unknown>);
      if (entries.every(isMark)) return Object.fromEntries(entries) as Marks;
    }
  } catch {
    // No JSON: told below.
  }
  throw new UserError(`${path} holds no marks of a trace: move it away`);
}

/** Throws UserError when they can't be written; the marks that were kept before stay. */
export function saveMarks(trace: string, marks: Marks): void {
  const path = marksPath(trace);
  const fresh = `${path}.new`;
  try {
    writeFileSync(fresh, `${JSON.stringify({ marks }, null, 1)}\n`);
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new UserError(`can't keep the marks in ${path}: ${systemReason(error) ?? String(error)}`);
  }
}
