import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names of exported functions in the handler files below `folder`, with the file (without .ts) each stands in. */
export function handlersIn(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort()) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const match of text.matchAll(/^export function (\w+)\s*\(\s*_?op: usize\s*\): void/gm)) {
      const name = match[1] ?? '';
      const other = found.get(name);
      if (other !== undefined) throw new Error(`generate: ${name} is exported by ${other}.ts and ${file}`);
      found.set(name, file.slice(0, -3));
    }
  }
  return found;
}
