import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { UserError } from '../../emu/errors.ts';
import { systemReason } from '../../trace/system-reason.ts';
import type { TraceDatabase } from './database.ts';

/** Writes what a statement or a table in parentheses gives; the file appears when it is whole. Throws UserError. */
export async function writeParquetFile(database: TraceDatabase, what: string, path: string): Promise<void> {
  const partial = `${path}.part`;
  try {
    closeSync(openSync(partial, 'w'));
    await database.run(
      `COPY ${what} TO '${partial.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)`,
    );
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    const reason = systemReason(error) ?? writeFailure(error);
    throw reason === undefined ? error : new UserError(`can't write ${path}: ${reason}`);
  }
}

/** The system's reason in what DuckDB says of a file that it can't write. */
function writeFailure(error: unknown): string | undefined {
  const reason = error instanceof Error && /^IO Error: .*: (\w[^:]*)$/.exec(error.message)?.[1];
  return reason ? reason.charAt(0).toLowerCase() + reason.slice(1) : undefined;
}
