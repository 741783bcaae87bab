import * as module from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from './world/cache-folder.ts';
import { makeFolders } from './world/folders.ts';

/** Runs the program with its arguments (without node and script). */
export async function main(args: readonly string[]): Promise<void> {
  keepCompiled();
  const cli = await import('./cli.ts');
  await cli.main(args);
}

/** What was compiled once is kept, where this Node can and the cache may be written: compiling takes longer than many a question. */
function keepCompiled(): void {
  const folder = join(cacheFolder(), 'compiled');
  try {
    // Node would make it, too, and go on for ever where it can't.
    makeFolders(folder);
  } catch {
    return;
  }
  module.enableCompileCache?.(folder);
}
