import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$XDG_CACHE_HOME/trapline`, or `~/.cache/trapline`. It may not exist yet. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'trapline');
}
