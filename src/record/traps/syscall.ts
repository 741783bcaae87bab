// Forced trap of SYSCALL and SYSRET: EFER.SCE is not in force, so both raise #UD; the core tells them from a real #UD by
// the instruction's bytes. A call ends at any return to user mode: SYSRET, IRET, SYSEXIT or a far return.

import type { Core } from '../../emu/core-instance.ts';
import { EXIT, VMCS_CONTROL } from '../../emu/layout.ts';
import {
  ABI,
  COMPLETION,
  MECHANISM,
  POLICY,
  POLICY_HEADER,
  RECORD_KIND,
  TRAP_FLAG,
  TRAP_ROW,
  TRAP_ROW_BYTES,
} from '../../emu/monitor-layout.ts';
import { SIGNAL_FRAME } from '../../guest/linux/signal-frame.ts';

const VECTOR_UD = 6;
const EFER_SCE = 1n;

interface TrapRow {
  readonly reason: number;
  readonly vector: number;
  readonly kind: number;
  readonly mechanism: number;
  readonly flags: number;
  /** Opcode bytes behind the prefixes. */
  readonly bytes: readonly number[];
}

// biome-ignore format: a table
const ROWS: readonly TrapRow[] = [
  { reason: EXIT.exception, vector: VECTOR_UD, kind: RECORD_KIND.callEntry,  mechanism: MECHANISM.syscall, flags: TRAP_FLAG.fromUser,   bytes: [0x0f, 0x05] },
  { reason: EXIT.exception, vector: VECTOR_UD, kind: RECORD_KIND.callReturn, mechanism: MECHANISM.sysret,  flags: TRAP_FLAG.fromKernel, bytes: [0x0f, 0x07] },
  { reason: EXIT.iret,      vector: 0,         kind: RECORD_KIND.callReturn, mechanism: MECHANISM.iret,    flags: TRAP_FLAG.fromKernel, bytes: [0xcf] },
  { reason: EXIT.iret,      vector: 0,         kind: RECORD_KIND.callReturn, mechanism: MECHANISM.sysexit, flags: TRAP_FLAG.fromKernel, bytes: [0x0f, 0x35] },
  { reason: EXIT.iret,      vector: 0,         kind: RECORD_KIND.callReturn, mechanism: MECHANISM.retFar,  flags: TRAP_FLAG.fromKernel, bytes: [] },
];

/** Arms the trap. Capture and task tables are written apart (syscall-captures.ts, task-policy.ts). */
export function armSyscallTrap(core: Core): void {
  const { view } = core;
  for (const [i, row] of ROWS.entries()) writeRow(view, POLICY.trapRows + i * TRAP_ROW_BYTES, row);
  view.setUint32(POLICY.header + POLICY_HEADER.trapRowCount, ROWS.length, true);
  view.setUint32(POLICY.header + POLICY_HEADER.frameResult, SIGNAL_FRAME.rax, true);
  core.set('vmcsControls', core.get('vmcsControls') | VMCS_CONTROL.syscall | VMCS_CONTROL.iret);
  core.set('vmcsExceptionBitmap', core.get('vmcsExceptionBitmap') | (1 << VECTOR_UD));
  core.set64('vmcsEferHidden', core.get64('vmcsEferHidden') | EFER_SCE);
  core.set('monitorOn', 1);
}

/** Makes the first SYSCALL leave run(). The core records nothing yet. */
export function awaitSyscall(core: Core): void {
  core.set('vmcsControls', core.get('vmcsControls') | VMCS_CONTROL.syscall);
  core.set64('vmcsEferHidden', core.get64('vmcsEferHidden') | EFER_SCE);
}

/** Takes the trap back: the guest's SYSCALL and SYSRET run as they would by themselves. */
export function disarmSyscallTrap(core: Core): void {
  core.set('monitorOn', 0);
  core.set('vmcsControls', core.get('vmcsControls') & ~(VMCS_CONTROL.syscall | VMCS_CONTROL.iret));
  core.set('vmcsExceptionBitmap', core.get('vmcsExceptionBitmap') & ~(1 << VECTOR_UD));
  core.set64('vmcsEferHidden', core.get64('vmcsEferHidden') & ~EFER_SCE);
}

function writeRow(view: DataView, at: number, row: TrapRow): void {
  view.setUint8(at + TRAP_ROW.reason, row.reason);
  view.setUint8(at + TRAP_ROW.vector, row.vector);
  view.setUint8(at + TRAP_ROW.recordKind, row.kind);
  view.setUint8(at + TRAP_ROW.mechanism, row.mechanism);
  view.setUint8(at + TRAP_ROW.completion, COMPLETION.complete);
  view.setUint8(at + TRAP_ROW.abi, ABI.linux64);
  view.setUint16(at + TRAP_ROW.flags, row.flags, true);
  for (let i = 0; i < 8; i++) {
    view.setUint8(at + TRAP_ROW.bytes + i, row.bytes[i] ?? 0);
    view.setUint8(at + TRAP_ROW.mask + i, i < row.bytes.length ? 0xff : 0);
  }
}
