import * as module from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { makeFolders } from './folders.ts';

/** What was compiled once is kept, where this Node can and the cache may be written: compiling takes longer than many a question. Each thread asks for itself. */
export function keepCompiled(): void {
  const folder = join(cacheFolder(), 'compiled');
  try {
    // Node would make it, too, and go on for ever where it can't.
    makeFolders(folder);
  } catch {
    return;
  }
  module.enableCompileCache?.(folder);
}
