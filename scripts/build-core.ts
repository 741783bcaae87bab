// Compiles src/emu/core to dist/core.wasm, src/record/encoder to dist/encoder.wasm and dist/copy.wasm, src/trace/decoder to dist/decoder.wasm. `--lite` (or TRAPLINE_CORE=lite)
// skips the core's optimiser: seconds, for iterating.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

const lite = process.argv.includes('--lite') || process.env.TRAPLINE_CORE === 'lite';
const COMMON = ['--noAssert', '--runtime', 'stub', '--use', 'abort=', '--enable', 'simd', '--enable', 'bulk-memory'];

function compile(source: string, output: string, options: readonly string[]): void {
  const asc = 'node_modules/assemblyscript/bin/asc.js';
  const args = [asc, source, ...COMMON, ...options, '-o', output];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function assemble(source: string, output: string): void {
  const module = binaryen.parseText(readFileSync(source, 'utf8'));
  writeFileSync(output, module.emitBinary());
  module.dispose();
}

mkdirSync('dist', { recursive: true });
assemble('src/record/encoder/copy.wat', 'dist/copy.wasm');
compile('src/record/encoder/index.ts', 'dist/encoder.wasm', ['-O3']);
compile('src/trace/decoder/index.ts', 'dist/decoder.wasm', ['-O3']);
compile('src/emu/core/index.ts', 'dist/core.wasm', [
  ...(lite ? ['-O1'] : ['-O2']),
  ...['--enable', 'threads', '--importMemory', '--sharedMemory', '--initialMemory', '4096', '--maximumMemory', '65536'],
  ...['--memoryBase', '65536'],
]);
