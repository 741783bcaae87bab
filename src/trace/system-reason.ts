import { getSystemErrorMap } from 'node:util';

/** What the system says in words ("no space left on device"); undefined when the error is none of the system's. */
export function systemReason(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return undefined;
  const entry = getSystemErrorMap().get(error.errno);
  return entry === undefined ? error.message : entry[1];
}
