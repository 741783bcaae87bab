/**
 * Bundles the sources to dist/: loading some hundred small files takes longer than many a question to a trace. What a verb
 * alone needs is a file of its own, loaded with the verb. All lie one folder deep, as src/package-file.ts wants it.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** Packages that become part of the bundle; all others are loaded from where they are installed. */
const BUNDLED = ['commander', 'protobufjs', 'long'];

/**
 * A file each for these modules and all that they need, without what stands in a file above: a verb, and a question to a
 * trace most of all, loads a few files and not dozens.
 */
// biome-ignore format: a table
const FILES: readonly (readonly [name: string, root: RegExp])[] = [
  ['verbs',       /src\/cli\.ts$/],
  ['query',       /query\/command\.ts$/],
  ['connection',  /query\/connection\.ts$/],
  ['trace-model', /model\/trace-model\.ts$/],
  // Other verbs need it too, and are not to load the database with it.
  ['output',      /replay\/output\.ts$|tables\/errno\.ts$/],
  ['crew-work',   /crew\/work\.ts$/],
  ['run-query',   /query\/run-query\.ts$/],
];

const isOurs = (id: string): boolean => /^[./]/.test(id);
const isBundled = (id: string): boolean => BUNDLED.some((name) => id === name || id.startsWith(`${name}/`));

for (const name of readdirSync(dist)) if (/\.js(\.map)?$/.test(name)) rmSync(join(dist, name));
const bundle = await rolldown({
  cwd: root,
  input: {
    main: 'src/main.ts',
    index: 'src/index.ts',
    'writer-worker': 'src/record/writer-worker.ts',
    'crew-worker': 'src/analyze/tables/crew/worker.ts',
  },
  platform: 'node',
  external: (id, importer) => importer !== undefined && !isOurs(id) && !isBundled(id),
});
await bundle.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  codeSplitting: { groups: FILES.map(([name, test], i) => ({ name, test, priority: FILES.length - i })) },
  sourcemap: true,
  // A third of what is to be read.
  comments: { legal: true, annotation: false, jsdoc: false },
});
await bundle.close();
