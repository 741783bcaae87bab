import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
}

const NONE: KeptMarks = { marks: {}, foreign: false };

/**
 * What is kept beside a trace: nothing when there is no file yet. `headerHash` tells the trace from another one of that name.
 * Throws UserError when the file holds something else.
 */
export function readMarks(trace: string, headerHash: string): KeptMarks {
  const path = marksPath(trace);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NONE;
    throw new UserError(`can't read ${path}: ${systemReason(error) ?? String(error)}`);
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
  throw new UserError(`${path} holds no marks of a trace: move it away`);
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
