import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Vector } from './vector.ts';

/** The vectors of a file, one by one; a name that ends in .xz is unpacked by `xz`. Throws on a line that is not JSON. */
export async function* loadVectors(path: string): AsyncGenerator<Vector> {
  const input = path.endsWith('.xz')
    ? spawn('xz', ['-dc', path], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout
    : createReadStream(path);
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === '') continue;
    try {
      yield JSON.parse(line) as Vector;
    } catch {
      throw new Error(`${path}: line ${number} is not JSON`);
    }
  }
}
