// Compiles src/emu/core to dist/core.wasm. `--lite` (or TRAPLINE_CORE=lite) skips the optimiser: seconds, for iterating.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

const lite = process.argv.includes('--lite') || process.env.TRAPLINE_CORE === 'lite';
mkdirSync('dist', { recursive: true });
const asc = 'node_modules/assemblyscript/bin/asc.js';
const result = spawnSync(
  process.execPath,
  [
    asc,
    'src/emu/core/index.ts',
    ...(lite ? ['-O1'] : ['-O2']),
    ...['--noAssert', '--runtime', 'stub', '--use', 'abort='],
    ...['--enable', 'simd', '--enable', 'bulk-memory', '--enable', 'threads'],
    ...['--importMemory', '--sharedMemory', '--initialMemory', '4096', '--maximumMemory', '65536'],
    ...['--memoryBase', '65536', '-o', 'dist/core.wasm'],
  ],
  { stdio: 'inherit' },
);
process.exit(result.status ?? 1);
