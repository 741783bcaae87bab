import { describe, expect, it } from 'vitest';
import { EXIT, REGION, VMCS_CONTROL } from '../../../src/emu/layout.ts';
import {
  COMPLETION,
  PAGE_FLAG,
  POLICY,
  POLICY_HEADER,
  RECORD_KIND,
  TASK_BASE,
  TRAP_ROW,
  TRAP_ROW_BYTES,
  WRITE_SOURCE,
} from '../../../src/emu/monitor-layout.ts';
import type { RegisterRow, WatchRow } from '../../../src/record/traps/watch-rows.ts';
import { REGISTER_PARTS } from '../../../src/trace/register-part.ts';
import { AT, Bench } from './bench.ts';
import { arm, both, DATA, type Event, events, linear, physical } from './watching.ts';

const DEVICE = 0x20_0000;

const write = (code: string, rows: readonly WatchRow[], prepare: (bench: Bench) => void = () => undefined): Event[] =>
  both(
    (bench) => {
      bench.view.setUint32(DATA, 0x1111_2222, true);
      bench.code(AT.code, code);
      prepare(bench);
    },
    (bench) => arm(bench, VMCS_CONTROL.pageWrite, rows),
  );

describe('page-write', () => {
  it('records address, size and both values of a store, and nothing beside the range', () => {
    // mov dword [80000h], 12345678h; mov byte [80010h], 1; hlt
    const seen = write('c7042500000800 78563412 c6042510000800 01 f4', [physical(DATA, 4, 7)]);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      kind: RECORD_KIND.exit,
      reason: EXIT.secondLevel,
      number: 7,
      source: WRITE_SOURCE.instruction,
      rip: AT.code,
      icount: 0,
      right: 2,
      size: 4,
      linear: DATA,
      physical: DATA,
      value: 0x1234_5678n,
      before: '22221111',
      after: '78563412',
    });
  });

  it('sees stores made by way of a translation that was cached before', () => {
    // mov ecx, 3; l: mov [80000h], ecx; loop l; hlt
    expect(
      write('b903000000 890c2500000800 e2f7 f4', [physical(DATA, 4)]).map(({ value, icount }) => [value, icount]),
    ).toEqual([
      [3n, 1],
      [2n, 3],
      [1n, 5],
    ]);
  });

  it('sees read-modify-write, exchange and compare-exchange', () => {
    // inc dword [80000h]; mov eax, 5; xchg [80000h], eax; mov eax, 5; mov ebx, 9; lock cmpxchg [80000h], ebx; hlt
    const seen = write('ff042500000800 b805000000 87042500000800 b805000000 bb09000000 f00fb11c2500000800 f4', [
      physical(DATA, 4),
    ]);
    expect(seen.map(({ before, after }) => [before, after])).toEqual([
      ['22221111', '23221111'],
      ['23221111', '05000000'],
      ['05000000', '09000000'],
    ]);
  });

  it('sees each element of string stores and moves, in bulk or not', () => {
    // mov edi, 80000h; mov ecx, 600; mov eax, 7; rep stosd; mov esi, 80000h; mov edi, 90000h; mov ecx, 4; rep movsd; hlt
    const seen = write('bf00000800 b958020000 b807000000 f3ab be00000800 bf00000900 b904000000 f3a5 f4', [
      physical(DATA + 8, 8),
      physical(0x9_0000, 64, 1),
    ]);
    expect(seen.map(({ linear: at, number, value }) => [at, number, value])).toEqual([
      [DATA + 8, 0, 7n],
      [DATA + 12, 0, 7n],
      ...[0, 4, 8, 12].map((offset) => [0x9_0000 + offset, 1, 7n]),
    ]);
  });

  it('records a vector store once, with all its bytes, and one across a page end twice', () => {
    // movups xmm0, [80000h]; movaps [81000h], xmm0; movups [81ffah], xmm0; hlt
    const seen = write('0f10042500000800 0f29042500100800 0f110425fa1f0800 f4', [physical(DATA + 0x1000, 0x2000)]);
    expect(seen.map(({ linear: at, size, after }) => [at, size, after])).toEqual([
      [DATA + 0x1000, 16, `22221111${'00'.repeat(12)}`],
      [DATA + 0x1ffa, 6, '222211110000'],
      [DATA + 0x2000, 10, '00'.repeat(10)],
    ]);
  });

  it('records an x87 store of 10 bytes and a compare-exchange of 16 once', () => {
    // fld1; fstp tbyte [80000h]; fld1; fstp tbyte [80ffah]; lock cmpxchg16b [80000h]; mov ebx, 7; lock cmpxchg16b [80000h]; hlt
    const code = 'd9e8 db3c2500000800 d9e8 db3c25fa0f0800 f0480fc70c2500000800 bb07000000 f0480fc70c2500000800 f4';
    const seen = write(code, [physical(DATA, 0x2000)]);
    const one = '0000000000000080ff3f';
    expect(seen.map(({ linear: at, size, after }) => [at, size, after])).toEqual([
      [DATA, 10, one],
      [DATA + 0xffa, 6, one.slice(0, 12)],
      [DATA + 0x1000, 4, one.slice(12)],
      [DATA, 16, `${one}000000000000`],
      [DATA, 16, `07${'00'.repeat(15)}`],
    ]);
    expect(seen[4]!.before).toBe(`${one}000000000000`);
  });

  it('records a store across a page end in its two parts', () => {
    // mov rax, 1122334455667788h; mov [80ffdh], rax; hlt
    const seen = write('48b88877665544332211 48890425fd0f0800 f4', [physical(DATA, 0x2000)]);
    expect(seen.map(({ linear: at, size, after }) => [at, size, after])).toEqual([
      [DATA + 0xffd, 3, '887766'],
      [DATA + 0x1000, 5, '5544332211'],
    ]);
  });

  it('sees what the delivery of an exception pushes', () => {
    const seen = write('0f0b', [physical(AT.kernelStack - 0x40, 0x40)], (bench) => {
      bench.code(AT.handler, 'f4');
      bench.vector(6, AT.handler);
    });
    expect(seen).toHaveLength(5); // SS RSP RFLAGS CS RIP
    expect(seen.every(({ source, rip }) => source === WRITE_SOURCE.delivery && rip === AT.code)).toBe(true);
    expect(seen.at(-1)).toMatchObject({ value: BigInt(AT.code), size: 8 });
  });

  it('sees accessed bits that the page walk sets', () => {
    const seen = write('c6042500000800 01 f4', [physical(AT.pdpt, 8)], (bench) => {
      bench.view.setBigUint64(AT.pdpt, 0x87n, true);
      bench.core.flushTlb();
    });
    expect(seen.map(({ source, physical: at }) => [source, at])).toEqual([
      [WRITE_SOURCE.pageWalk, AT.pdpt],
      [WRITE_SOURCE.pageWalk, AT.pdpt],
    ]);
    expect(seen[0]!.before.slice(0, 2)).toBe('87');
    expect(seen.map(({ after }) => after.slice(0, 2))).toEqual(['a7', 'e7']);
  });

  it('watches guest-virtual ranges, for the privilege level that was asked for', () => {
    const code = 'c7042500000800 78563412 f4';
    expect(write(code, [linear(DATA + 2, 1)])).toHaveLength(1);
    expect(write(code, [linear(DATA + 4, 1)])).toHaveLength(0);
    expect(write(code, [linear(DATA, 4, { level: 'user' })])).toHaveLength(0);
    expect(write(code, [linear(DATA, 4, { level: 'kernel' })])).toHaveLength(1);
  });

  it('sees every address by which a page was written to before it was followed', () => {
    const own = 0x4000_0000;
    // mov dword [own + page * 1000h], value
    const store = (page: number, value: number): string => {
      const bytes = Buffer.from('c70425'.padEnd(22, '0'), 'hex');
      bytes.writeUInt32LE(own + page * 0x1000, 3);
      bytes.writeUInt32LE(value, 7);
      return bytes.toString('hex');
    };
    const forget = '0f20d8 0f22d8'; // mov rax, cr3; mov cr3, rax
    const stores = (pages: readonly number[]): string => pages.map((page) => store(page, page + 1)).join('');
    const map = ({ view }: Bench): void => {
      view.setBigUint64(AT.pdpt + 8, BigInt(0x9_0000 | 7), true);
      view.setBigUint64(0x9_0000, BigInt(0x9_1000 | 7), true);
      for (let page = 0; page < 6; page++) view.setBigUint64(0x9_1000 + 8 * page, BigInt(DATA | 7), true);
    };
    for (const [forgotten, pages] of [
      [[], [1]],
      [[], [1, 2]],
      [[], [1, 2, 3, 4, 5]],
      [[1], [2, 3, 1]],
      [
        [1, 2, 3],
        [3, 4],
      ],
    ] as const) {
      const code = [stores(forgotten), forget, stores(pages), store(0, 1), stores(pages), 'f4'].join('');
      expect(write(code, [linear(own, 4)], map).map(({ linear: at }) => at)).toEqual(
        [0, ...pages].map((page) => own + page * 0x1000),
      );
    }
  });

  it('records what a device writes', () => {
    const bench = new Bench('long');
    arm(bench, VMCS_CONTROL.pageWrite, [physical(DATA + 2, 2)]);
    expect(bench.core.beginDeviceWrite(DATA + 0x100, 16)).toBe(false);
    expect(bench.core.beginDeviceWrite(DATA, 16)).toBe(true);
    bench.core.ram.fill(0xee, DATA, DATA + 16);
    bench.core.endDeviceWrite(DATA, 16);
    expect(events(bench)).toMatchObject([
      { source: WRITE_SOURCE.device, physical: DATA + 2, size: 2, before: '0000', after: 'eeee' },
    ]);
  });

  it('leaves run() with nothing done when the ring is full, and records once there is room', () => {
    const bench = new Bench('long');
    bench.code(AT.code, 'ff042500000800 f4');
    arm(bench, VMCS_CONTROL.pageWrite, [physical(DATA, 4)]);
    bench.core.set64('ringHead', 0n);
    bench.core.set64('ringTail', BigInt(-REGION.ring.size));
    expect(bench.run()).toBe(EXIT.ringFull);
    expect([bench.view.getUint32(DATA, true), bench.core.get64('rip')]).toEqual([0, BigInt(AT.code)]);
    bench.core.set64('ringTail', 0n);
    expect(bench.run()).toBe(EXIT.halt);
    expect(events(bench)).toHaveLength(1);
  });
});

describe('register', () => {
  // mov eax, 26h; inc eax; mov ebx, 3; inc eax; hlt
  const CODE = 'b826000000 ffc0 bb03000000 ffc0 f4';
  const part = (name: string): RegisterRow['part'] => REGISTER_PARTS.get(name)!;
  const watch = (row: Omit<RegisterRow, 'number' | 'filter'>, filter: RegisterRow['filter'] = {}): Event[] =>
    both(
      (bench) => bench.code(AT.code, CODE),
      (bench) => arm(bench, VMCS_CONTROL.register, [], [{ ...row, number: 4, filter }]),
    );

  it('tells when a register takes a value, and which instruction gave it', () => {
    expect(watch({ part: part('rax'), value: 0x27n })).toMatchObject([
      { reason: EXIT.register, number: 4, linear: AT.code + 5, rip: AT.code + 5, icount: 2, value: 0x27n },
    ]);
  });

  it('tells every change with the value before', () => {
    expect(watch({ part: part('rax') }).map(({ before, after }) => [before.slice(0, 2), after.slice(0, 2)])).toEqual([
      ['00', '26'],
      ['26', '27'],
      ['27', '28'],
    ]);
    expect(watch({ part: part('rbx') })).toHaveLength(1);
  });

  it('looks at a part alone', () => {
    expect(watch({ part: part('al'), value: 0x27n })).toMatchObject([{ before: '26', after: '27', value: 0x27n }]);
    expect(watch({ part: part('ah') })).toEqual([]);
    expect(watch({ part: part('ebx') })).toMatchObject([{ before: '00000000', after: '03000000' }]);
  });

  it('looks only where the filter says', () => {
    expect(watch({ part: part('rax') }, { level: 'user' })).toEqual([]);
    expect(watch({ part: part('rax') }, { level: 'kernel' })).toHaveLength(3);
  });
});

describe('pages', () => {
  // mov ecx, 5; l: mov [80000h], ecx; mov [83000h], ecx; loop l; mov rax, cr3; add rax, 2000h (other tables); mov cr3, rax;
  // mov dword [80000h], 9; hlt
  const CODE = 'b905000000 890c2500000800 890c2500300800 e2f0 0f20d8 480500200000 0f22d8 c7042500000800 09000000 f4';

  it('lists each page once an interval, with its content when that is new', () => {
    const seen = both(
      (bench) => {
        bench.code(AT.code, CODE);
        bench.view.setBigUint64(AT.pml4 + 0x2000, BigInt(AT.pdpt | 0x27), true);
        bench.view.setBigUint64(AT.pdpt, 0xe7n, true);
        bench.view.setBigUint64(AT.pml4, BigInt(AT.pdpt | 0x27), true);
      },
      (bench) => arm(bench, VMCS_CONTROL.pages, []),
    );
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      kind: RECORD_KIND.pages,
      pages: [
        { linear: DATA, physical: DATA, flags: PAGE_FLAG.content, first: 1 },
        { linear: DATA + 0x3000, physical: DATA + 0x3000, flags: PAGE_FLAG.content, first: 1 },
      ],
    });
  });
});

describe('who writes', () => {
  /** Of a program: mapped to another page by each of two address spaces; the kernel's page that names the task is global. */
  const PROGRAM = 0x4000_0000;
  const SPACES = [
    { pml4: AT.pml4, tables: 0x9_0000, page: DATA },
    { pml4: 0x9_8000, tables: 0xa_0000, page: DATA + 0x1000 },
  ] as const;
  const KERNEL_ENTRY = BigInt(AT.code & ~0xf_ffff) | 0x1e7n; // 1 GiB, global
  const PGE = 0x80n;
  // mov dword [40000000h], 1; mov eax, 98000h; mov cr3, rax; mov dword [40000000h], 2; hlt
  const CODE = 'c7042500000040 01000000 b800800900 0f22d8 c7042500000040 02000000 f4';

  function build(bench: Bench): void {
    const { view, core } = bench;
    for (const { pml4, tables, page } of SPACES) {
      view.setBigUint64(pml4, BigInt(tables | 0x27), true);
      view.setBigUint64(tables, KERNEL_ENTRY, true);
      view.setBigUint64(tables + 8, BigInt((tables + 0x1000) | 0x27), true);
      view.setBigUint64(tables + 0x1000, BigInt((tables + 0x2000) | 0x27), true);
      view.setBigUint64(tables + 0x2000, BigInt(page | 0x67), true);
    }
    core.set64('cr4', core.get64('cr4') | PGE);
    bench.code(AT.code, CODE);
  }

  function nameTask({ core }: Bench): void {
    core.view.setUint32(POLICY.header + POLICY_HEADER.taskBase, TASK_BASE.absolute, true);
    core.view.setBigUint64(POLICY.header + POLICY_HEADER.taskOffset, BigInt(AT.userStack), true);
  }

  it('is looked up without a trace in what the guest has translated', () => {
    const pages = both(build, (bench) => {
      nameTask(bench);
      arm(bench, VMCS_CONTROL.pages, []);
    }).flatMap((event) => event.pages);
    expect(pages.map(({ linear: at, physical: page, first }) => [at, page, first])).toEqual([[PROGRAM, DATA, 1]]);
    const writes = both(build, (bench) => {
      nameTask(bench);
      arm(bench, VMCS_CONTROL.pageWrite, [linear(PROGRAM + 8, 8), linear(PROGRAM, 4, { process: 7 })]);
    });
    expect(writes).toEqual([]);
  });
});

describe('mmio', () => {
  it('records direction, size, address and value', () => {
    const rows = (bench: Bench): void => {
      arm(bench, VMCS_CONTROL.mmio, []);
      for (const [i, direction] of [1, 2].entries()) {
        const at = POLICY.trapRows + i * TRAP_ROW_BYTES;
        bench.core.view.setUint8(at + TRAP_ROW.reason, EXIT.mmio);
        bench.core.view.setUint8(at + TRAP_ROW.vector, direction);
        bench.core.view.setUint8(at + TRAP_ROW.recordKind, RECORD_KIND.exit);
        bench.core.view.setUint8(at + TRAP_ROW.completion, COMPLETION.complete);
      }
      bench.core.view.setUint32(POLICY.header + POLICY_HEADER.trapRowCount, 2, true);
    };
    // mov eax, [200000h]; mov word [200004h], 1234h; inc byte [200008h]; hlt
    const seen = both((bench) => bench.code(AT.code, '8b042500002000 66c7042504002000 3412 fe042508002000 f4'), rows);
    expect(seen.map(({ right, size, physical: at, value }) => [right, size, at, value])).toEqual([
      [1, 4, DEVICE, 0n],
      [2, 2, DEVICE + 4, 0x1234n],
      [1, 1, DEVICE + 8, 0n],
      [2, 1, DEVICE + 8, 1n],
    ]);
  });
});
