import * as module from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from './world/cache-folder.ts';

/**
 * Runs the program with its arguments (without node and script). What was compiled once is kept, where this Node can and the
 * folder may be written: compiling takes longer than many a question.
 */
export async function main(args: readonly string[]): Promise<void> {
  module.enableCompileCache?.(join(cacheFolder(), 'compiled'));
  const cli = await import('./cli.ts');
  await cli.main(args);
}
