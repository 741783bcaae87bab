import type { Core } from '../../emu/core-instance.ts';
import { VMCS_CONTROL } from '../../emu/layout.ts';
import {
  ABI,
  COMPLETION,
  MECHANISM,
  POLICY,
  POLICY_HEADER,
  RECORD_KIND,
  TRAP_ROW,
  TRAP_ROW_BYTES,
  TRAP_ROWS,
} from '../../emu/monitor-layout.ts';
import { SIGNAL_FRAME, SIGNAL_FRAME32, SIGNAL_INFO_FRAME32 } from '../../guest/linux/signal-frame.ts';
import { type PageTimes, type RegisterRow, type WatchRow, writeWatches } from './watch-rows.ts';

/** Tells one kind of exit from real faults, and says what the core does with it. Fields left out are 0 or `none`. */
export interface TrapRow {
  /** EXIT */
  readonly reason: number;
  /** EXIT.exception, interrupt: the vector; crAccess: the register; cpuid, vmfunc: the leaf. Its low 8 bits. */
  readonly vector?: number;
  /** RECORD_KIND; `pad` records nothing. */
  readonly kind: number;
  /** MECHANISM */
  readonly mechanism?: number;
  /** COMPLETION; left out: `complete`. */
  readonly completion?: number;
  /** ABI */
  readonly abi?: number;
  /** TRAP_FLAG */
  readonly flags?: number;
  /** The instruction's first bytes behind its prefixes; left out: any. */
  readonly bytes?: readonly number[];
}

/** Up to the last byte of gate 31, as for gates of 16 bytes. */
const EXCEPTIONS_ONLY = 32 * 16 - 1;

/** The rows with which calls leave run() in place of being recorded. */
export function awaiting(rows: readonly TrapRow[]): TrapRow[] {
  return rows
    .filter(({ kind }) => kind === RECORD_KIND.callEntry)
    .map((row) => ({ ...row, kind: RECORD_KIND.pad, completion: COMPLETION.host }));
}

/** Ways into the kernel that no system but Linux has taken. */
const OF_PROGRAMS: readonly (number | undefined)[] = [MECHANISM.int80, MECHANISM.int, MECHANISM.callGate];

/** All that is to be armed: the controls of all policies together, and the rows by which the core evaluates them. */
export class ControlPlan {
  /** VMCS_CONTROL */
  controls = 0;
  /** Vectors that exit before delivery, one bit each. */
  exceptions = 0;
  /** EFER bits that the guest sees but that are not in force. */
  eferHidden = 0n;
  #idtLimit = 0;
  /** Sensitive instructions, one bit each: SENSITIVE. */
  readonly opcodes = new Uint8Array(16);
  /** VM functions that execute without an exit, one bit each. */
  vmFunctions = 0;
  /** One bit a port. */
  readonly ports = new Uint8Array(8192);
  /** One bit an MSR: 0 to 1fffh, then c0000000h to c0001fffh. */
  readonly msrs = new Uint8Array(2048);
  readonly rows: TrapRow[] = [];
  /** Watched memory and registers. */
  readonly memory: WatchRow[] = [];
  readonly registers: RegisterRow[] = [];
  pages: PageTimes = { stint: 0, interval: 0 };

  /** The IDT limit in force ends behind the exceptions: every other vector raises #GP on its way in. */
  cutIdt(): void {
    this.controls |= VMCS_CONTROL.idtLimit;
    this.#idtLimit = EXCEPTIONS_ONLY;
  }

  /** The guest is no Linux: `abi` says what its calls are like. Vectors that its system has not taken are its programs' own. */
  callsAre(abi: number): void {
    for (const [i, row] of this.rows.entries()) {
      if (row.kind !== RECORD_KIND.callEntry) continue;
      this.rows[i] = { ...row, abi: OF_PROGRAMS.includes(row.mechanism) ? ABI.unknown : abi };
    }
  }

  /**
   * Puts the plan into force in place of the one before; an empty plan disarms everything.
   */
  write(core: Core): void {
    if (this.rows.length > TRAP_ROWS) throw new Error(`${this.rows.length} trap rows are too many`);
    const { view, bytes } = core;
    for (const [i, row] of this.rows.entries()) writeRow(view, POLICY.trapRows + i * TRAP_ROW_BYTES, row);
    view.setUint32(POLICY.header + POLICY_HEADER.trapRowCount, this.rows.length, true);
    for (const [field, offset] of FRAME_FIELDS) view.setUint32(POLICY.header + field, offset, true);
    bytes.set(this.opcodes, core.address('vmcsOpcodeBitmap'));
    bytes.set(this.ports, core.address('vmcsIoBitmap'));
    bytes.set(this.msrs, core.address('vmcsMsrBitmap'));
    core.set('vmcsExceptionBitmap', this.exceptions);
    core.set64('vmcsEferHidden', this.eferHidden);
    core.set('vmcsIdtLimit', this.#idtLimit);
    core.set('vmcsVmfuncControls', this.vmFunctions);
    if ((this.controls & VMCS_CONTROL.vmfunc) === 0) leaveViews(core);
    core.set('vmcsControls', this.controls);
    core.set('monitorOn', this.rows.length > 0 ? 1 : 0);
    writeWatches(core, this);
  }
}

/** Every processor is in view 0 again. */
function leaveViews(core: Core): void {
  const present = core.currentVcpu;
  for (let vcpu = 0; vcpu < core.get('vcpuCount'); vcpu++) {
    core.showVcpu(vcpu);
    core.set('vmcsView', 0);
  }
  core.showVcpu(present);
}

/** Where signal frames keep a call's result: what a call returned is in there when a handler runs first. */
const FRAME_FIELDS = [
  [POLICY_HEADER.frameResult, SIGNAL_FRAME.result],
  [POLICY_HEADER.frameSiginfo, SIGNAL_FRAME.siginfo],
  [POLICY_HEADER.frameResult32, SIGNAL_FRAME32.result],
  [POLICY_HEADER.frameInfoResult32, SIGNAL_INFO_FRAME32.result],
  [POLICY_HEADER.frameContext32, SIGNAL_INFO_FRAME32.context],
] as const;

function writeRow(view: DataView, at: number, row: TrapRow): void {
  view.setUint8(at + TRAP_ROW.reason, row.reason);
  view.setUint8(at + TRAP_ROW.vector, (row.vector ?? 0) & 0xff);
  view.setUint8(at + TRAP_ROW.recordKind, row.kind);
  view.setUint8(at + TRAP_ROW.mechanism, row.mechanism ?? MECHANISM.none);
  view.setUint8(at + TRAP_ROW.completion, row.completion ?? COMPLETION.complete);
  view.setUint8(at + TRAP_ROW.abi, row.abi ?? ABI.linux64);
  view.setUint16(at + TRAP_ROW.flags, row.flags ?? 0, true);
  const bytes = row.bytes ?? [];
  for (let i = 0; i < 8; i++) {
    view.setUint8(at + TRAP_ROW.bytes + i, bytes[i] ?? 0);
    view.setUint8(at + TRAP_ROW.mask + i, i < bytes.length ? 0xff : 0);
  }
}
