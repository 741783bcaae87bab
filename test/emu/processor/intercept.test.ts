import { describe, expect, it } from 'vitest';
import { EXIT, REGION, VMCS_CONTROL } from '../../../src/emu/layout.ts';
import {
  CAPTURE,
  CAPTURE_BYTES,
  CAPTURE_KIND,
  CAPTURE_LATE,
  CAPTURE_ROW,
  COMPLETION,
  MECHANISM,
  POLICY,
  POLICY_HEADER,
  RECORD,
  RECORD_BYTES,
  RECORD_FLAG,
  RECORD_KIND,
  SYSCALL_ROW,
  SYSCALL_ROW_BYTES,
  TASK_BASE,
  TASK_FIELD_ROW,
  TASK_FIELD_ROW_BYTES,
  TRAP_ROW,
  TRAP_ROW_BYTES,
} from '../../../src/emu/monitor-layout.ts';
import { AT, Bench, REGISTER } from './bench.ts';

const HALT = 'f4';
const { userCode, handler } = AT;
const KERNEL_ENTRY = handler + 0x200;
const TASK = 0x9000;
const GS = 0x8000;
const VECTOR_UD = 6;

/** A user program that makes system call 39 with a string and a buffer, at a kernel that answers 7. */
function guest(kernel: string, user: string): Bench {
  const bench = new Bench('long');
  bench.code(userCode, user);
  bench.code(handler, HALT);
  bench.code(KERNEL_ENTRY, kernel);
  bench.vector(VECTOR_UD, handler);
  bench.vector(13, handler);
  bench.vector(0x80, KERNEL_ENTRY, { dpl: 3 });
  bench.core.set64('star', 0x0018_0008_0000_0000n);
  bench.core.set64('lstar', BigInt(KERNEL_ENTRY));
  bench.core.set64('sfmask', 0x700n);
  bench.core.set64('kernelGsBase', BigInt(GS));
  bench.view.setBigUint64(GS + 0x10, BigInt(TASK), true);
  bench.enter(3, userCode);
  return bench;
}

interface Row {
  readonly reason: number;
  readonly vector: number;
  readonly kind: number;
  readonly bytes: readonly number[];
  readonly mechanism?: number;
  readonly completion?: number;
}

function arm({ core }: Bench, rows: readonly Row[]): void {
  for (const [i, row] of rows.entries()) {
    const at = POLICY.trapRows + i * TRAP_ROW_BYTES;
    core.view.setUint8(at + TRAP_ROW.reason, row.reason);
    core.view.setUint8(at + TRAP_ROW.vector, row.vector);
    core.view.setUint8(at + TRAP_ROW.recordKind, row.kind);
    core.view.setUint8(at + TRAP_ROW.mechanism, row.mechanism ?? 0);
    core.view.setUint8(at + TRAP_ROW.completion, row.completion ?? COMPLETION.complete);
    for (const [k, byte] of row.bytes.entries()) {
      core.view.setUint8(at + TRAP_ROW.bytes + k, byte);
      core.view.setUint8(at + TRAP_ROW.mask + k, 0xff);
    }
  }
  const { header } = POLICY;
  core.view.setUint32(header + POLICY_HEADER.trapRowCount, rows.length, true);
  core.view.setUint32(header + POLICY_HEADER.taskBase, TASK_BASE.kernelGs, true);
  core.view.setBigUint64(header + POLICY_HEADER.taskOffset, 0x10n, true);
  core.set('monitorOn', 1);
}

const SYSCALL_ROWS: readonly Row[] = [
  {
    reason: EXIT.exception,
    vector: VECTOR_UD,
    kind: RECORD_KIND.callEntry,
    bytes: [0x0f, 5],
    mechanism: MECHANISM.syscall,
  },
  { reason: EXIT.exception, vector: VECTOR_UD, kind: RECORD_KIND.callReturn, bytes: [0x0f, 7] },
  { reason: EXIT.iret, vector: 0, kind: RECORD_KIND.callReturn, bytes: [0xcf] },
];

function hideSyscall({ core }: Bench): void {
  core.set('vmcsControls', VMCS_CONTROL.syscall | VMCS_CONTROL.iret);
  core.set('vmcsExceptionBitmap', 1 << VECTOR_UD);
  core.set64('vmcsEferHidden', 1n);
}

function armSyscall(bench: Bench): void {
  arm(bench, SYSCALL_ROWS);
  hideSyscall(bench);
}

interface Captured {
  readonly argument: number;
  readonly kind: number;
  readonly text: string;
}

interface Seen {
  readonly kind: number;
  readonly flags: number;
  readonly mechanism: number;
  readonly rip: bigint;
  readonly icount: bigint;
  readonly task: bigint;
  readonly detail: number;
  readonly rax: bigint;
  readonly cpl: number;
  readonly captures: readonly Captured[];
}

function records({ core }: Bench): Seen[] {
  const seen: Seen[] = [];
  const { view, bytes } = core;
  for (let at: number = REGION.ring.address; at < REGION.ring.address + Number(core.get64('ringHead')); ) {
    const captures: Captured[] = [];
    let place = at + RECORD_BYTES;
    for (let i = view.getUint32(at + RECORD.captureCount, true); i > 0; i--) {
      const length = view.getUint32(place + CAPTURE.length, true);
      const text = Buffer.from(bytes.slice(place + CAPTURE_BYTES, place + CAPTURE_BYTES + length)).toString('latin1');
      captures.push({
        argument: view.getUint16(place + CAPTURE.argument, true),
        kind: view.getUint16(place + CAPTURE.kind, true),
        text,
      });
      place += CAPTURE_BYTES + ((length + 7) & ~7);
    }
    seen.push({
      kind: view.getUint16(at + RECORD.kind, true),
      flags: view.getUint16(at + RECORD.flags, true),
      mechanism: view.getUint8(at + RECORD.mechanism),
      rip: view.getBigUint64(at + RECORD.rip, true),
      icount: view.getBigUint64(at + RECORD.icount, true),
      task: view.getBigUint64(at + RECORD.task, true),
      detail: view.getUint32(at + RECORD.detail, true),
      rax: view.getBigUint64(at + RECORD.gpr, true),
      cpl: view.getUint8(at + RECORD.cpl),
      captures,
    });
    at += view.getUint32(at + RECORD.size, true);
  }
  return seen;
}

const CALL =
  'b827000000bf00100200be00200200ba400000000f0589c30f0b' /* mov eax, 39; mov edi, 0x21000; mov esi, 0x22000; mov edx, 64; syscall; mov ebx, eax; ud2 */;
const ANSWER = 'c704250020020061626364b804000000480f07' /* mov dword [0x22000], 0x64636261; mov eax, 4; o64 sysret */;

describe('the forced trap of SYSCALL', () => {
  it('records entry and return, and leaves the guest as it would be untrapped', () => {
    const plain = guest(ANSWER, CALL);
    const trapped = guest(ANSWER, CALL);
    armSyscall(trapped);
    expect([plain.run(), trapped.run()]).toEqual([EXIT.halt, EXIT.halt]);
    expect(trapped.picture()).toBe(plain.picture());
    const [entry, exit, ...more] = records(trapped);
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      kind: RECORD_KIND.callEntry,
      mechanism: MECHANISM.syscall,
      rip: BigInt(userCode + 20),
      icount: 4n,
      task: BigInt(TASK),
      detail: 39,
      rax: 39n,
      cpl: 3,
    });
    expect(exit).toMatchObject({
      kind: RECORD_KIND.callReturn,
      mechanism: MECHANISM.sysret,
      rip: BigInt(userCode + 22),
      icount: 8n,
      task: BigInt(TASK),
      detail: 39,
      rax: 4n,
      cpl: 3,
      flags: 0,
    });
  });

  it('captures what arguments point to, bounded by the result at the return', () => {
    const bench = guest(ANSWER, CALL);
    armSyscall(bench);
    const { view } = bench.core;
    const row = (index: number, kind: number, argument: number, length: number, limit: number) => {
      const at = POLICY.captureRows + index * 32;
      view.setUint8(at + CAPTURE_ROW.kind, kind);
      view.setUint8(at + CAPTURE_ROW.argument, argument);
      view.setUint8(at + CAPTURE_ROW.lengthArgument, length);
      view.setUint8(at + CAPTURE_ROW.boundArgument, 7);
      view.setUint32(at + CAPTURE_ROW.size, 1, true);
      view.setUint32(at + CAPTURE_ROW.limit, limit, true);
      view.setUint8(at + CAPTURE_ROW.conditionArgument, 7);
    };
    row(0, CAPTURE_KIND.string, 0, 7, 100);
    row(1, CAPTURE_KIND.buffer, 1, 6, 100);
    const call = POLICY.syscalls + 39 * SYSCALL_ROW_BYTES;
    view.setUint16(call + SYSCALL_ROW.entryCount, 1, true);
    view.setUint16(call + SYSCALL_ROW.returnFirst, 1, true);
    view.setUint16(call + SYSCALL_ROW.returnCount, 1, true);
    bench.core.ram.set(Buffer.from('/etc/passwd\0'), 0x2_1000);
    bench.run();
    expect(records(bench).map(({ captures }) => captures)).toEqual([
      [{ argument: 0, kind: CAPTURE_KIND.string, text: '/etc/passwd' }],
      [{ argument: 1, kind: CAPTURE_KIND.buffer, text: 'abcd' }],
    ]);
  });

  it('makes at the return the captures whose page was absent at the entry', () => {
    // The kernel brings in the page at 40000000h: entry 1 of the page directory pointers.
    const bench = guest(
      '48c704250850000087000000b800000000480f07' /* mov qword [0x5008], 0x87; mov eax, 0; o64 sysret */,
      'b802000000bf000100400f05f4' /* mov eax, 2; mov edi, 0x40000100; syscall; hlt */,
    );
    armSyscall(bench);
    const { view } = bench.core;
    view.setUint8(POLICY.captureRows + CAPTURE_ROW.kind, CAPTURE_KIND.string);
    view.setUint8(POLICY.captureRows + CAPTURE_ROW.conditionArgument, 7);
    view.setUint32(POLICY.captureRows + CAPTURE_ROW.limit, 16, true);
    view.setUint16(POLICY.syscalls + 2 * SYSCALL_ROW_BYTES + SYSCALL_ROW.entryCount, 1, true);
    bench.core.ram.set(Buffer.from('late\0'), 0x100);
    bench.run();
    expect(records(bench).map(({ captures }) => captures)).toEqual([
      [{ argument: 0, kind: CAPTURE_KIND.string, text: '' }],
      [{ argument: 0, kind: CAPTURE_KIND.string | CAPTURE_LATE, text: 'late' }],
    ]);
  });

  it('sees a return by IRET, and that it went elsewhere', () => {
    const bench = guest(
      'bc000005006a23680000070068020200006a2b680001020048cf' /* mov esp, 0x50000; push 0x23; push 0x70000; push 0x202; push 0x2b; push 0x20100; iretq */,
      CALL,
    );
    bench.code(userCode + 0x100, HALT);
    armSyscall(bench);
    bench.run();
    expect(records(bench)[1]).toMatchObject({
      kind: RECORD_KIND.callReturn,
      mechanism: MECHANISM.iret,
      flags: RECORD_FLAG.ripDiffers,
      rip: BigInt(userCode + 0x100),
      captures: [{ argument: 6, kind: CAPTURE_KIND.signalFrame }],
    });
  });

  it('gives a real #UD to the guest', () => {
    const bench = guest(ANSWER, '900f0b' /* nop; ud2 */);
    armSyscall(bench);
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.stack(1)).toEqual([BigInt(userCode + 1)]);
    expect(records(bench)).toEqual([]);
    expect(bench.core.view.getBigUint64(POLICY.header + POLICY_HEADER.injected, true)).toBe(1n);
  });

  it('gives the guest its #UD when the guest itself has SCE off', () => {
    const bench = guest(ANSWER, CALL);
    armSyscall(bench);
    bench.core.set64('efer', 0xd00n);
    bench.run();
    expect(bench.stack(1)).toEqual([BigInt(userCode + 20)]);
    expect(records(bench)).toEqual([]);
  });

  it('shows the guest the EFER that it wrote', () => {
    const bench = guest(ANSWER, CALL);
    bench.code(handler, 'b9800000c00f32f4' /* mov ecx, 0xc0000080; rdmsr; hlt */);
    armSyscall(bench);
    bench.run();
    expect(bench.gpr(REGISTER.rax)).toBe(0xd01n);
  });

  const { task, callEntry, callReturn } = RECORD_KIND;

  // A child's first return gives 0, perhaps under the pointer of a task that was killed: where a call does, who returns is looked at.
  it.each([
    { result: '05', kinds: [task, callEntry, callReturn, task, callEntry, callReturn], named: ['a', 'b'] },
    {
      result: '00',
      kinds: [task, callEntry, task, callReturn, callEntry, task, callReturn],
      named: ['a', 'b', 'c'],
    },
  ])(
    'names the task when it is new, and again whenever its identity has changed: $named',
    ({ result, kinds, named }) => {
      const bench = guest(
        `fe042508900000b8${result}000000480f07` /* inc byte [0x9008]; mov eax, result; o64 sysret */,
        'b8010000000f05b8020000000f050f0b' /* mov eax, 1; syscall; mov eax, 2; syscall; ud2 */,
      );
      armSyscall(bench);
      const { view } = bench.core;
      const field = (index: number, size: number, offset: number, place: number) => {
        const at = POLICY.taskFields + index * TASK_FIELD_ROW_BYTES;
        view.setUint8(at + TASK_FIELD_ROW.size, size);
        view.setInt32(at + TASK_FIELD_ROW.offset0, offset, true);
        view.setUint16(at + TASK_FIELD_ROW.place, place, true);
      };
      field(0, 4, 0, 0);
      field(1, 16, 8, 16);
      view.setUint32(POLICY.header + POLICY_HEADER.taskFieldCount, 2, true);
      bench.view.setUint32(TASK, 42, true);
      bench.core.ram.set(Buffer.from('a'), TASK + 8);
      bench.run();
      const seen = records(bench);
      expect(seen.map(({ kind }) => kind)).toEqual(kinds);
      const names = seen.filter(({ kind }) => kind === task).map(({ captures }) => captures[0]?.text.slice(0, 17));
      const pid = `*${'\0'.repeat(15)}`;
      expect(names).toEqual(named.map((name) => `${pid}${name}`));
    },
  );

  it('leaves run() while the ring is full, at the instruction, and goes on when there is room', () => {
    const plain = guest(ANSWER, CALL);
    const bench = guest(ANSWER, CALL);
    armSyscall(bench);
    bench.core.set64('ringHead', BigInt(REGION.ring.size));
    expect(bench.run()).toBe(EXIT.ringFull);
    expect(bench.core.get64('rip')).toBe(BigInt(userCode + 20));
    bench.core.set64('ringTail', BigInt(REGION.ring.size));
    expect([plain.run(), bench.run()]).toEqual([EXIT.halt, EXIT.halt]);
    expect(bench.picture()).toBe(plain.picture());
    expect(bench.core.get64('ringRecords')).toBe(2n);
  });
});

describe('exits to the host', () => {
  it('can be completed or injected', () => {
    const plain = guest(ANSWER, CALL);
    const bench = guest(ANSWER, CALL);
    hideSyscall(bench);
    bench.core.set('vmcsControls', VMCS_CONTROL.syscall);
    expect(bench.run()).toBe(EXIT.exception);
    expect([bench.core.get('exitVector'), bench.core.get64('rip')]).toEqual([VECTOR_UD, BigInt(userCode + 20)]);
    bench.core.completeExit();
    expect(bench.run()).toBe(EXIT.exception);
    bench.core.completeExit();
    expect(bench.run()).toBe(EXIT.exception);
    expect(bench.core.injectExit()).toBe(-1);
    expect([plain.run(), bench.run()]).toEqual([EXIT.halt, EXIT.halt]);
    expect(bench.picture()).toBe(plain.picture());
  });

  it('come before CR3 is loaded and before an MSR is written', () => {
    const bench = guest(ANSWER, CALL);
    bench.code(
      AT.code,
      'b8004000000f22d8b9820000c0ba000000000f30f4' /* mov eax, 0x4000; mov cr3, rax; mov ecx, 0xc0000082; mov edx, 0; wrmsr; hlt */,
    );
    bench.enter(0, AT.code);
    bench.core.set('vmcsControls', VMCS_CONTROL.cr3Load | VMCS_CONTROL.msrWrite);
    bench.core.bytes[bench.core.address('vmcsMsrBitmap') + 1024 + (0x82 >> 3)] = 1 << (0x82 & 7);
    expect(bench.run()).toBe(EXIT.crAccess);
    expect([bench.core.get64('exitQualification'), bench.core.get64('exitValue')]).toEqual([3n, 0x4000n]);
    bench.core.completeExit();
    expect(bench.run()).toBe(EXIT.msrWrite);
    expect(bench.core.get64('exitQualification')).toBe(0xc000_0082n);
    bench.core.completeExit();
    expect(bench.run()).toBe(EXIT.halt);
    expect(bench.core.get64('lstar')).toBe(0x4000n);
  });
});

describe('INT n behind a truncated IDT', () => {
  it('is recorded as a call and delivered by the guest table, whose limit the guest still sees', () => {
    const kernel = 'b80500000048cf' /* mov eax, 5; iretq */;
    const user = 'b814000000cd800f010c25003002000f0b' /* mov eax, 20; int 0x80; sidt [0x23000]; ud2 */;
    const plain = guest(kernel, user);
    const bench = guest(kernel, user);
    arm(bench, [
      {
        reason: EXIT.interrupt,
        vector: 0x80,
        kind: RECORD_KIND.callEntry,
        bytes: [0xcd, 0x80],
        mechanism: MECHANISM.int80,
      },
      { reason: EXIT.iret, vector: 0, kind: RECORD_KIND.callReturn, bytes: [0xcf] },
    ]);
    bench.core.set('vmcsControls', VMCS_CONTROL.idtLimit | VMCS_CONTROL.iret);
    bench.core.set('vmcsIdtLimit', 0x1ff);
    expect([plain.run(), bench.run()]).toEqual([EXIT.halt, EXIT.halt]);
    expect(bench.picture()).toBe(plain.picture());
    expect(bench.view.getUint16(0x2_3000, true)).toBe(0xfff);
    expect(records(bench).map(({ kind, detail, rax }) => [kind, detail, rax])).toEqual([
      [RECORD_KIND.callEntry, 20, 20n],
      [RECORD_KIND.callReturn, 20, 5n],
    ]);
  });
});
