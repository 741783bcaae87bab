import { closeSync, constants, openSync, type PathLike, readFileSync } from 'node:fs';

/**
 * Opens a host file for reading, with `flags` besides, such that its access time stays. The system grants that to a
 * file's owner and to root; who is neither opens it as any program does.
 */
export function openUntouched(path: PathLike, flags = 0): number {
  const reading = constants.O_RDONLY | flags;
  try {
    // Systems other than Linux know no such flag.
    return openSync(path, reading | (constants.O_NOATIME ?? 0));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error;
    return openSync(path, reading);
  }
}

/** All of a host file, opened like that. */
export function readUntouched(path: PathLike): Buffer {
  const descriptor = openUntouched(path);
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
