// VM functions and second-level views, as the SDM has them (volume 3, 25.5.5).
import { describe, expect, it } from 'vitest';
import { EXIT, SECOND_LEVEL, VMCS_CONTROL } from '../../../src/emu/layout.ts';
import { VIEWS } from '../../../src/emu/monitor-layout.ts';
import type { WatchRow } from '../../../src/record/traps/watch-rows.ts';
import { AT, Bench, REGISTER } from './bench.ts';
import { arm, both, DATA, type Event, linear, physical } from './watching.ts';

const VECTOR_UD = 6;
const { read, write, execute } = SECOND_LEVEL;
const VIEWING = VMCS_CONTROL.vmfunc | VMCS_CONTROL.pageWrite | VMCS_CONTROL.pageRead;

const word = (value: number): string => Buffer.from(Uint32Array.of(value).buffer).toString('hex');
/** mov eax, leaf; mov ecx, index; vmfunc */
const vmfunc = (leaf: number, index = 0): string => `b8${word(leaf)} b9${word(index)} 0f01d4`;

/** VM functions on, as without any row. */
function functions({ core }: Bench, monitored = true): void {
  core.set('vmcsControls', VMCS_CONTROL.vmfunc);
  core.set('vmcsVmfuncControls', 1);
  core.set('monitorOn', Number(monitored));
}

function bench(code: string): Bench {
  const made = new Bench('long');
  made.code(AT.userCode, code);
  made.code(AT.handler, 'bb44000000 f4'); // mov ebx, 44h; hlt
  made.vector(VECTOR_UD, AT.handler);
  made.vector(13, AT.code);
  made.code(AT.code, 'f4');
  made.enter(3, AT.userCode);
  return made;
}

/** Ends by HLT in user mode: #GP, and the handler halts. */
const END = 'f4';

describe('VMFUNC', () => {
  it('is #UD while VM functions are off, for functions from 64 on, and with a prefix', () => {
    const codes = [vmfunc(0), vmfunc(64), `b800000000 660f01d4`, `b800000000 f30f01d4`, `b800000000 f00f01d4`];
    for (const [i, code] of codes.entries()) {
      const guest = bench(`${code} ${END}`);
      if (i > 0) functions(guest);
      expect(guest.run()).toBe(EXIT.halt);
      expect(guest.gpr(REGISTER.rbx)).toBe(0x44n);
    }
  });

  it('switches the view without an exit, from user mode, and changes no register', () => {
    const guest = bench(`bb07000000 ${vmfunc(0, VIEWS - 1)} ${END}`);
    functions(guest, false);
    expect(guest.run()).toBe(EXIT.halt);
    expect(guest.core.get('vmcsView')).toBe(VIEWS - 1);
    expect(guest.gpr(REGISTER.rbx)).toBe(7n);
    expect(guest.gpr(REGISTER.rcx)).toBe(BigInt(VIEWS - 1));
  });

  it('exits with RIP at it when the index is beyond the list, and is then #UD', () => {
    const guest = bench(`${vmfunc(0, VIEWS)} ${END}`);
    functions(guest, false);
    expect(guest.run()).toBe(EXIT.vmfunc);
    expect([guest.core.get64('rip'), guest.core.get64('exitQualification'), guest.core.get64('exitValue')]).toEqual([
      BigInt(AT.userCode + 10),
      0n,
      BigInt(VIEWS),
    ]);
    guest.core.completeExit();
    expect(guest.run()).toBe(EXIT.halt);
    expect(guest.gpr(REGISTER.rbx)).toBe(0x44n);
    expect(guest.core.get('vmcsView')).toBe(0);
  });

  it('exits for every other function, and goes on behind it', () => {
    for (const leaf of [1, 31, 32, 63]) {
      const guest = bench(`${vmfunc(leaf, 9)} ${END}`);
      functions(guest, false);
      expect(guest.run()).toBe(EXIT.vmfunc);
      expect([guest.core.get64('exitQualification'), guest.core.get64('exitValue')]).toEqual([BigInt(leaf), 9n]);
      guest.core.completeExit();
      expect(guest.run()).toBe(EXIT.halt);
      expect(guest.gpr(REGISTER.rbx)).toBe(0n);
    }
  });
});

const inView = (row: WatchRow, index: number, accesses: number): WatchRow => ({ ...row, view: { index, accesses } });

/** The program without rows and with them must be the same to itself. */
const seen = (code: string, rows: readonly WatchRow[], prepare: (bench: Bench) => void = () => undefined): Event[] =>
  both(
    (guest) => {
      guest.view.setUint32(DATA, 0x1111_2222, true);
      guest.code(AT.code, code);
      // 4 KiB pages, so that accessed and dirty bits of each are in the picture.
      guest.view.setBigUint64(AT.pdpt, BigInt(0xa000 | 7), true);
      guest.view.setBigUint64(0xa000, BigInt(0xb000 | 7), true);
      for (let page = 0; page < 256; page++) guest.view.setBigUint64(0xb000 + 8 * page, BigInt((page << 12) | 7), true);
      guest.core.flushTlb();
      functions(guest);
      prepare(guest);
    },
    (guest) => arm(guest, VIEWING, rows),
  );

describe('views', () => {
  const LOAD = '8b1c2500000800'; // mov ebx, [80000h]
  const STORE = '891c2500000800';

  it('record accesses in their view only, with value, size and view', () => {
    const code = `${LOAD} ${STORE} ${vmfunc(0, 3)} ${LOAD} ${STORE} ${vmfunc(0, 0)} ${LOAD} ${STORE} f4`;
    const rows = [inView(physical(DATA, 4, 5), 3, read | write | execute)];
    expect(seen(code, rows)).toMatchObject([
      { number: 5, right: read, size: 4, view: 3, value: 0x1111_2222n, before: '22221111', after: '' },
      { number: 5, right: write, size: 4, view: 3, value: 0x1111_2222n, before: '22221111', after: '22221111' },
    ]);
    expect(seen(code, [inView(physical(DATA, 4), 3, write)])).toHaveLength(1);
    expect(seen(code, [inView(physical(DATA, 4), 0, read)])).toHaveLength(2);
    expect(seen(code, [inView(linear(DATA + 3, 1), 3, read)])).toHaveLength(1);
    expect(seen(code, [inView(linear(DATA + 4, 1), 3, read)])).toHaveLength(0);
    expect(seen(code, [physical(DATA, 4)])).toHaveLength(3);
  });

  it('record every read, however it is made', () => {
    // movups xmm0, [80000h]; mov rax, [80ffch]; mov esi, 80000h; mov edi, 90000h; mov ecx, 4; rep movsd; inc dword [80000h]
    const code = `${vmfunc(0, 1)} 0f10042500000800 488b0425fc0f0800 be00000800 bf00000900 b904000000 f3a5 ff042500000800 f4`;
    const all = seen(code, [inView(physical(DATA, 0x2000), 1, read)]);
    expect(all.map(({ linear: at, size }) => [at - DATA, size])).toEqual([
      ...[
        [0, 8],
        [8, 8],
      ],
      ...[
        [0xffc, 4],
        [0x1000, 4],
      ],
      ...[0, 4, 8, 12].map((offset) => [offset, 4]),
      [0, 4],
    ]);
  });

  it('record control that comes into a page, from another page or after the switch', () => {
    // l: call 81000h; dec edx; jnz l; vmfunc to 0; call 81000h; hlt       81000h: nop; jmp +0; nop; ret
    const call = (at: number): string => `e8${word(0x8_1000 - (AT.code + at + 5))}`;
    const code = `${vmfunc(0, 1)} ba03000000 ${call(18)} ffca 75f7 ${vmfunc(0, 0)} ${call(40)} f4`;
    const rows = [inView(physical(DATA + 0x1000, 1, 2), 1, execute)];
    const all = seen(code, rows, (guest) => guest.code(DATA + 0x1000, '90 eb00 90 c3'));
    expect(all).toHaveLength(3);
    expect(all[0]).toMatchObject({ number: 2, right: execute, rip: DATA + 0x1000, linear: DATA + 0x1000, view: 1 });
    expect(seen(`${vmfunc(0, 1)} eb00 90 f4`, [inView(physical(AT.code, 1), 1, execute)])).toHaveLength(1);
  });
});
