import { keepCompiled } from './world/kept-compiled.ts';

/** Runs the program with its arguments (without node and script). */
export async function main(args: readonly string[]): Promise<void> {
  keepCompiled();
  const cli = await import('./cli.ts');
  await cli.main(args);
}
