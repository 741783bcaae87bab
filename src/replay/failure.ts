import { errnoOf } from '../guest/linux/tables/errno.ts';
import { NT_STATUS } from '../guest/nt/tables/status.ts';
import type { Call } from './calls.ts';

/** Name of the reason why a call failed: of its errno, or of its NTSTATUS. */
export function failureName({ syscall, result, errno }: Call): string {
  if (syscall?.result === 'ntstatus') return NT_STATUS.get(result) ?? `0x${result.toString(16)}`;
  return errnoOf(errno)?.name ?? String(errno);
}
