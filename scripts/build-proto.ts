/** Compiles proto/trace.proto to a static protobufjs module with declarations beside its sources; the declarations also in dist/. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const generated = join(root, 'src/trace/generated');
const built = join(root, 'dist/trace/generated');
const script = join(generated, 'trace.js');
const types = join(generated, 'trace.d.ts');

function run(tool: 'pbjs' | 'pbts', args: readonly string[]): void {
  const path = join(root, 'node_modules/protobufjs-cli/bin', tool);
  execFileSync(process.execPath, [path, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}

mkdirSync(generated, { recursive: true });
mkdirSync(built, { recursive: true });
const shape = ['--no-create', '--no-verify', '--no-convert', '--no-delimited', '--no-service', '--force-number'];
run('pbjs', ['-t', 'static-module', '-w', 'es6', ...shape, '-o', script, 'proto/trace.proto']);
// Node resolves a package's inner file only by its full name.
writeFileSync(script, readFileSync(script, 'utf8').replace(/(['"])protobufjs\/minimal\1/, '$1protobufjs/minimal.js$1'));
run('pbts', ['-o', types, script]);
copyFileSync(types, join(built, 'trace.d.ts'));
