import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { UserError } from '../emu/errors.ts';
import { systemReason } from '../trace/system-reason.ts';

/** Events by letter. */
export type Marks = Readonly<Record<string, number>>;

/** Where the marks of a trace are kept. */
export const marksPath = (trace: string): string => `${trace}.marks.json`;

const isMark = ([letter, event]: readonly [string, unknown]): boolean =>
  /^[a-zA-Z]$/.test(letter) && Number.isSafeInteger(event) && (event as number) >= 0;

/** Marks as they were kept. */
export interface KeptMarks {
  readonly marks: Marks;
  /** They are of another trace, which had the same name. */
  readonly foreign: boolean;
  /** Why nothing can be kept: what is there can't be read, and is left as it is. */
  readonly trouble?: string;
}

const NONE: KeptMarks = { marks: {}, foreign: false };

/** What is kept beside a trace: nothing when there is no file yet. `headerHash` tells the trace from another one of that name. */
export function readMarks(trace: string, headerHash: string): KeptMarks {
  const path = marksPath(trace);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NONE;
    return { ...NONE, trouble: `${basename(path)} can't be read (${systemReason(error) ?? String(error)})` };
  }
  try {
    const { trace: of, marks } = JSON.parse(text) as { readonly trace?: unknown; readonly marks?: unknown };
    if (typeof marks === 'object' && marks !== null) {
      const entries = Object.entries(marks as Record<string, unknown>);
      if (entries.every(isMark)) {
        return { marks: Object.fromEntries(entries) as Marks, foreign: of !== undefined && of !== headerHash };
      }
    }
  } catch {
    // No JSON: told below.
  }
  return { ...NONE, trouble: `${basename(path)} holds no marks of a trace` };
}

/** Throws UserError when they can't be written; the marks that were kept before stay. */
export function saveMarks(trace: string, headerHash: string, marks: Marks): void {
  const path = marksPath(trace);
  const fresh = `${path}.new`;
  try {
    writeFileSync(fresh, `${JSON.stringify({ trace: headerHash, marks }, null, 1)}\n`);
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new UserError(`can't keep the marks in ${path}: ${systemReason(error) ?? String(error)}`);
  }
}
