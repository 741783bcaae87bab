/** The native oracle (test/emu/oracle): built with gcc, its cases streamed as vectors. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Vector } from '../../src/emu/vectors/vector.ts';

const SOURCES = fileURLToPath(new URL('../emu/oracle/', import.meta.url));
/** Features of the host processor that the cases use, as /proc/cpuinfo spells them. */
const FEATURES = ['fsgsbase', 'sse4_2', 'aes', 'pclmulqdq', 'sha_ni', 'movbe', 'abm', 'bmi1', 'bmi2', 'adx', 'cx16'];

/** Why the oracle can't run on this machine, undefined if it can. */
export function oracleObstacle(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x86-64';
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  // Results that manuals leave undefined are compared where AMD's processors agree with each other.
  if (!/^vendor_id\s*: AuthenticAMD$/m.test(info)) return 'needs an AMD processor';
  const flags = new Set(/^flags\s*: (.*)$/m.exec(info)?.[1]?.split(' '));
  const missing = FEATURES.filter((feature) => !flags.has(feature));
  if (missing.length > 0) return `the processor lacks ${missing.join(' ')}`;
  if (spawnSync('gcc', ['--version']).status !== 0) return 'gcc is not installed';
  return undefined;
}

/** Compiles the oracle; returns the program's path. Throws what the compiler said. */
export function buildOracle(): string {
  const program = join(mkdtempSync(join(tmpdir(), 'trapline-oracle-')), 'oracle');
  const sources = readdirSync(SOURCES)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(SOURCES, name));
  const options = ['-O2', '-D_GNU_SOURCE', '-mfsgsbase', '-fno-stack-protector', '-fcf-protection=none'];
  const { status, stderr } = spawnSync('gcc', [...options, '-o', program, ...sources], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return program;
}

/** `count` random cases of a seed, with what the host processor made of them. Throws if the oracle fails. */
export async function* oracleVectors(program: string, seed: bigint, count: number): AsyncGenerator<Vector> {
  const child = spawn(program, ['--seed', `${seed}`, '--count', `${count}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  // The last line may be cut where the oracle fails: its status says more than that.
  let held: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (held !== undefined) yield JSON.parse(held) as Vector;
    held = line;
  }
  const status = await ended;
  if (status !== 0) throw new Error(`the oracle ended with status ${status}`);
  if (held !== undefined) yield JSON.parse(held) as Vector;
}
