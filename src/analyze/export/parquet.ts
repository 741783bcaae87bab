import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../../emu/errors.ts';
import { systemReason } from '../../trace/system-reason.ts';
import { makeFolders } from '../../world/folders.ts';
import type { TraceModel } from '../model/trace-model.ts';
import { TraceDatabase } from '../query/database.ts';
import { writeParquetFile } from '../query/parquet-file.ts';
import type { TableName } from '../schema.ts';

/** Name of a machine in a folder's name. */
const MACHINE = /^[\w.-]+$/;

/** The machine that a trace is filed under when none is given. */
export function machineOf(path: string): string {
  return basename(path)
    .replace(/\.trap$/, '')
    .replaceAll(/[^\w.-]/g, '_');
}

/**
 * One folder a table, in it `machine=NAME/trace=SEAL/data.parquet`: exports of many traces into the same folder form one data
 * set. Throws UserError; what it has begun is taken away then.
 */
export async function writeParquetFolder(
  model: TraceModel,
  folder: string,
  options: { readonly machine: string; readonly tables: readonly TableName[]; readonly wholeGuest: boolean },
): Promise<void> {
  const { machine, tables, wholeGuest } = options;
  if (!MACHINE.test(machine)) throw new UserError(`--machine ${machine}: letters, digits, dots and dashes only`);
  const place = (table: TableName): string =>
    join(folder, table, `machine=${machine}`, `trace=${model.reader.seal().slice(0, 16)}`);
  for (const table of tables) if (existsSync(place(table))) throw new UserError(`${place(table)} exists already`);
  const database = await TraceDatabase.open(model, wholeGuest);
  const wasThere = existsSync(folder);
  const done: string[] = [];
  try {
    for (const table of tables) {
      const path = place(table);
      makeFolders(path);
      done.push(path);
      await writeParquetFile(database, table, join(path, 'data.parquet'));
    }
  } catch (error) {
    for (const path of done) takeAway(path, wasThere ? resolve(folder) : dirname(resolve(folder)));
    const reason = systemReason(error);
    throw reason === undefined ? error : new UserError(`can't write to ${folder}: ${reason}`);
  } finally {
    database.close();
  }
}

/** A folder that was begun, and those above it, below `kept`, that hold nothing else. */
function takeAway(path: string, kept: string): void {
  rmSync(path, { recursive: true, force: true });
  try {
    for (let above = dirname(resolve(path)); above !== kept; above = dirname(above)) rmdirSync(above);
  } catch {
    // What holds something, of another trace or table, stays.
  }
}
