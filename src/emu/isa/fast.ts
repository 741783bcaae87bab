/**
 * The fast forms: instructions that the loop executes inline, for one operand size and a register or memory operand.
 * A body is AssemblyScript in a `case` of the loop. On anything unusual (TLB miss, page end, ...) it does `break`
 * before it has changed anything, and the generic handler runs instead; both must agree in every bit.
 *
 * The host compiles the loop as one function, in a time that grows with it: a second at 130 KB. So a form stands here only if
 * compilers emit it and programs spend time in it; counted over a kernel's boot, its tools and the benchmarks.
 */
export interface FastForm {
  readonly mnemonic: string;
  readonly operands: string;
  readonly size: 1 | 2 | 4 | 8 | 16;
  /** What it needs: `register` form, `memory` operand at a flat address, a flat 64- or 32-bit `stack`, `flat` code. */
  readonly needs: 'register' | 'memory' | 'stack' | 'flat';
  readonly body: string;
  /** The same without setting flags, for when nothing can see them. */
  readonly bodyWithoutFlags?: string;
  /** Status flags: how many of them it writes, whether it reads any. */
  readonly writes?: 'all' | 'some';
  readonly reads?: boolean;
  /** A register form that can fault all the same. */
  readonly faults?: boolean;
  /** Fusing with a following Jcc: body for each condition (SDM number), `TAKEN` and `NOT_TAKEN` in it. */
  readonly fused?: Readonly<Record<number, string>>;
}

export type Width = 1 | 2 | 4 | 8;
export const WIDTHS: readonly Width[] = [1, 2, 4, 8];
const LOG2: Record<Width, number> = { 1: 0, 2: 1, 4: 2, 8: 3 };
export const unsigned = (size: Width) => `u${size * 8}`;
export const signed = (size: Width) => `i${size * 8}`;

/** A register write: 32-bit results are zero-extended. */
export const put = (address: string, size: Width, value: string) =>
  size === 4 ? `store<u64>(${address}, u64(${value}));` : `store<${unsigned(size)}>(${address}, ${value});`;

/** Host address `at` of `bytes` bytes at `va`, or the generic way. */
export const readAt = (bytes: number) =>
  `const e = readTlb + ((<u32>va >> 8) & TLB_INDEX); if (load<u64>(e) != ((va + ${bytes - 1}) & ~4095)) break; const at = <usize>(<u32>va + load<u32>(e, 8));`;
export const writeAt = (bytes: number) =>
  `const e = writeTlb + ((<u32>va >> 8) & TLB_INDEX); if (load<u64>(e) != ((va + ${bytes - 1}) & ~4095)) break; const at = <usize>(<u32>va + load<u32>(e, 8));`;
export const operandAddress = 'const va = effectiveFlat(op, addressMask);';

const lazy = (operation: string, size: Width, source: string) =>
  `store<u32>(FLAG_KIND, (${operation} << 2) | ${LOG2[size]}); store<u64>(FLAG_RESULT, u64(r)); store<u64>(FLAG_SOURCE, ${source});`;

interface Operation {
  readonly name: string;
  readonly result: (type: string) => string;
  readonly flags: (size: Width) => string;
  readonly store: boolean;
}

const OPERATIONS: readonly Operation[] = [
  { name: 'add', result: (t) => `<${t}>(a + b)`, flags: (s) => lazy('FLAG_ADD', s, 'u64(b)'), store: true },
  { name: 'sub', result: (t) => `<${t}>(a - b)`, flags: (s) => lazy('FLAG_SUB', s, 'u64(b)'), store: true },
  { name: 'cmp', result: (t) => `<${t}>(a - b)`, flags: (s) => lazy('FLAG_SUB', s, 'u64(b)'), store: false },
  { name: 'and', result: () => 'a & b', flags: (s) => lazy('FLAG_LOGIC', s, '0'), store: true },
  { name: 'or', result: () => 'a | b', flags: (s) => lazy('FLAG_LOGIC', s, '0'), store: true },
  { name: 'xor', result: () => 'a ^ b', flags: (s) => lazy('FLAG_LOGIC', s, '0'), store: true },
  { name: 'test', result: () => 'a & b', flags: (s) => lazy('FLAG_LOGIC', s, '0'), store: false },
];

/** Which conditions follow a comparison often enough: bytes are compared for equality and order, constants seldom for their sign. */
function fusedConditions(name: string, size: Width, operands: string, needs: FastForm['needs']): readonly number[] {
  if (size === 2 || operands.startsWith('rAX') || (operands.startsWith('G') && needs === 'register')) return [];
  if (operands === 'Gb,Eb') return [];
  const equality = [4, 5];
  const unsigned = [2, 3, 6, 7];
  const signed = [12, 13, 14, 15];
  const sign = [8, 9];
  const registers = needs === 'register' && operands.includes('G');
  if (name === 'cmp') {
    if (size === 1) return [...equality, ...unsigned];
    return [...equality, ...unsigned, ...signed, ...(registers ? sign : [])];
  }
  return registers ? [...equality, ...sign, ...(size === 1 ? [] : [14, 15])] : equality;
}

/** Conditions of a fused CMP or TEST by number, on a, b and r. */
function conditions(name: string, size: Width): Readonly<Record<number, string>> {
  const s = signed(size);
  if (name === 'cmp') {
    return {
      2: 'a < b',
      3: 'a >= b',
      4: 'a == b',
      5: 'a != b',
      6: 'a <= b',
      7: 'a > b',
      8: `<${s}>r < 0`,
      9: `<${s}>r >= 0`,
      12: `<${s}>a < <${s}>b`,
      13: `<${s}>a >= <${s}>b`,
      14: `<${s}>a <= <${s}>b`,
      15: `<${s}>a > <${s}>b`,
    };
  }
  return {
    4: 'r == 0',
    5: 'r != 0',
    8: `<${s}>r < 0`,
    9: `<${s}>r >= 0`,
    14: `<${s}>r <= 0`,
    15: `<${s}>r > 0`,
  };
}

function arithmetic(): FastForm[] {
  const forms: FastForm[] = [];
  for (const { name, result, flags, store } of OPERATIONS) {
    for (const size of WIDTHS) {
      const t = unsigned(size);
      const letter = size === 1 ? 'b' : 'v';
      const add = (operands: string, needs: FastForm['needs'], before: string, write: string) => {
        const compute = `${before} const r: ${t} = ${result(t)};`;
        const kept = store ? write : '';
        const tests = conditions(name, size);
        const fused = Object.fromEntries(
          (store ? [] : fusedConditions(name, size, operands, needs)).map((code) => [
            code,
            `${compute} ${flags(size)} const j = op + 32; if (${tests[code]}) { TAKEN } NOT_TAKEN`,
          ]),
        );
        // Assemblers write operations between registers in the other direction.
        const silent = store && needs === 'register' && size >= 4 && !operands.startsWith('G');
        forms.push({
          mnemonic: name,
          operands,
          size,
          needs,
          body: `${compute} ${kept} ${flags(size)}`,
          writes: 'all',
          ...(silent ? { bodyWithoutFlags: `${compute} ${kept}` } : {}),
          fused,
        });
      };
      const rm = `const at = <usize>load<u16>(op, 10); const a = load<${t}>(at);`;
      const reg = `const b = load<${t}>(<usize>load<u16>(op, 8));`;
      const immediate = `const b = load<${t}>(op, 24);`;
      const memory = `${operandAddress} ${store ? writeAt(size) : readAt(size)} const a = load<${t}>(at);`;
      const words = size === 2 && store;
      if (!words) add(`E${letter},G${letter}`, 'register', `${rm} ${reg}`, put('at', size, 'r'));
      if (!words) add(`E${letter},G${letter}`, 'memory', `${memory} ${reg}`, `store<${t}>(at, r);`);
      add(size === 1 ? 'Eb,Ib' : 'Ev,Iz', 'register', `${rm} ${immediate}`, put('at', size, 'r'));
      add(size === 1 ? 'Eb,Ib' : 'Ev,Iz', 'memory', `${memory} ${immediate}`, `store<${t}>(at, r);`);
      const accumulator = `const at: usize = GPR; const a = load<${t}>(at);`;
      add(size === 1 ? 'AL,Ib' : 'rAX,Iz', 'register', `${accumulator} ${immediate}`, put('at', size, 'r'));
      if (name === 'test') continue;
      const destination = `const to = <usize>load<u16>(op, 8); const a = load<${t}>(to);`;
      const registers = `${destination} const b = load<${t}>(<usize>load<u16>(op, 10));`;
      if (!words) add(`G${letter},E${letter}`, 'register', registers, put('to', size, 'r'));
      add(
        `G${letter},E${letter}`,
        'memory',
        `${operandAddress} ${readAt(size)} ${destination} const b = load<${t}>(at);`,
        put('to', size, 'r'),
      );
    }
  }
  return forms;
}

/** ADC, SBB, INC, DEC, NEG, NOT, IMUL and shifts by a constant. */
function oneRegister(): FastForm[] {
  const forms: FastForm[] = [];
  for (const size of WIDTHS) {
    const t = unsigned(size);
    const s = signed(size);
    const bits = size * 8;
    const e = size === 1 ? 'Eb' : 'Ev';
    const letter = size === 1 ? 'b' : 'v';
    const rm = `const at = <usize>load<u16>(op, 10); const a = load<${t}>(at);`;
    const write = put('at', size, 'r');
    for (const [name, step, kind] of [
      ['inc', '+ 1', 'FLAG_INC'],
      ['dec', '- 1', 'FLAG_DEC'],
    ] as const) {
      const compute = `${rm} const r: ${t} = <${t}>(a ${step}); ${write}`;
      if (size >= 4) {
        forms.push({
          mnemonic: name,
          operands: e,
          size,
          needs: 'register',
          writes: 'some',
          reads: true,
          body: `const c = carry(); ${compute} ${lazy(kind, size, 'u64(c)')}`,
          bodyWithoutFlags: compute,
        });
      }
      forms.push({
        mnemonic: name,
        operands: e,
        size,
        needs: 'memory',
        writes: 'some',
        reads: true,
        body: `${operandAddress} ${writeAt(size)} const c = carry(); const r: ${t} = <${t}>(load<${t}>(at) ${step}); store<${t}>(at, r); ${lazy(kind, size, 'u64(c)')}`,
      });
    }
    if (size === 2) continue;
    const negate = `${rm} const r: ${t} = <${t}>(0 - a); ${write}`;
    forms.push({
      mnemonic: 'neg',
      operands: e,
      size,
      needs: 'register',
      writes: 'all',
      body: `${negate} ${lazy('FLAG_SUB', size, 'u64(a)')}`,
      ...(size >= 4 ? { bodyWithoutFlags: negate } : {}),
    });
    forms.push({
      mnemonic: 'not',
      operands: e,
      size,
      needs: 'register',
      body: `${rm} const r: ${t} = ~a; ${write}`,
    });
    for (const [name, step, plain, withCarry] of [
      ['adc', 'a + b + <T>c', 'FLAG_ADD', 'FLAG_ADC'],
      ['sbb', 'a - b - <T>c', 'FLAG_SUB', 'FLAG_SBB'],
    ] as const) {
      if (size < 4) break;
      const flags = `store<u32>(FLAG_KIND, ((c ? ${withCarry} : ${plain}) << 2) | ${LOG2[size]}); store<u64>(FLAG_RESULT, u64(r)); store<u64>(FLAG_SOURCE, u64(b));`;
      const sum = step.replace('T', t);
      const form = (operands: string, needs: FastForm['needs'], before: string, to: string): FastForm => ({
        mnemonic: name,
        operands,
        size,
        needs,
        writes: 'all',
        reads: true,
        body: `${before} const c = carry(); const r: ${t} = <${t}>(${sum}); ${put(to, size, 'r')} ${flags}`,
      });
      const b = `const b = load<${t}>(<usize>load<u16>(op, 8));`;
      forms.push(form(`E${letter},G${letter}`, 'register', `${rm} ${b}`, 'at'));
      forms.push(form(size === 1 ? 'Eb,Ib' : 'Ev,Iz', 'register', `${rm} const b = load<${t}>(op, 24);`, 'at'));
      const destination = `const to = <usize>load<u16>(op, 8); const a = load<${t}>(to);`;
      forms.push(
        form(
          `G${letter},E${letter}`,
          'register',
          `${destination} const b = load<${t}>(<usize>load<u16>(op, 10));`,
          'to',
        ),
      );
      forms.push(
        form(
          `G${letter},E${letter}`,
          'memory',
          `${operandAddress} ${readAt(size)} ${destination} const b = load<${t}>(at);`,
          'to',
        ),
      );
    }
    const mask = size === 8 ? 63 : 31;
    for (const [operands, count] of [
      [`${e},Ib`, `u32(load<u8>(op, 24)) & ${mask}`],
      [`${e},1`, '1'],
      [`${e},CL`, `u32(load<u8>(GPR + 8)) & ${mask}`],
    ] as const) {
      const start = `const n = ${count}; ${rm}`;
      if (size === 1 && operands.endsWith('CL')) continue;
      const skip = operands.endsWith('1') ? '' : 'if (n == 0) break;';
      const shifts: [string, string, string][] = [
        [
          'shl',
          `<${t}>(a << <${t}>n)`,
          `const c = n <= ${bits} ? <u32>(u64(a) >> (${bits} - n)) & 1 : 0; const o = c ^ (<u32>(u64(r) >> ${bits - 1}) & 1);`,
        ],
        [
          'shr',
          `<${t}>(a >> <${t}>n)`,
          `const c = <u32>(u64(a) >> (n - 1)) & 1; const o = (<u32>(u64(r) >> ${bits - 1}) ^ <u32>(u64(r) >> ${bits - 2})) & 1;`,
        ],
        ['sar', `<${t}>(<${s}>a >> <${s}>n)`, `const c = <u32>(i64(<${s}>a) >> (n - 1)) & 1; const o: u32 = 0;`],
      ];
      for (const [name, value, outs] of shifts) {
        if (name !== 'shr' && size === 1) continue;
        if (name === 'shl' && operands.endsWith('1')) continue;
        // A shift of 8 bits by more than the wasm operation takes is left to the generic handler.
        const narrow = size === 1 ? 'if (n > 7) break;' : '';
        const compute = `${start} ${skip} ${narrow} const r: ${t} = ${value};`;
        forms.push({
          mnemonic: name,
          operands,
          size,
          needs: 'register',
          writes: operands.endsWith('1') ? 'all' : 'some',
          body: `${compute} ${outs} ${write} ${lazy('FLAG_RESULT_ONLY', size, 'u64(c | (o << 11))')}`,
          ...(size >= 4 ? { bodyWithoutFlags: `${start} ${skip} ${narrow} const r: ${t} = ${value}; ${write}` } : {}),
        });
      }
      if (size < 4) continue;
      const top = bits - 1;
      for (const [name, fn, carryBit, other] of [
        ['rol', 'rotl', 0, top],
        ['ror', 'rotr', top, top - 1],
      ] as const) {
        const compute = `${start} ${skip} const r: ${t} = ${fn}<${t}>(a, <${t}>n); ${write}`;
        const bit = (index: number) => `(<u32>(u64(r) >> ${index}) & 1)`;
        forms.push({
          mnemonic: name,
          operands,
          size,
          needs: 'register',
          writes: 'some',
          body: `${compute} setCarryOverflow(${bit(carryBit)} | ((${bit(carryBit)} ^ ${bit(other)}) << 11));`,
          ...(operands.endsWith('Ib') ? { bodyWithoutFlags: compute } : {}),
        });
      }
    }
  }
  return forms;
}

function moves(): FastForm[] {
  const forms: FastForm[] = [];
  for (const size of WIDTHS) {
    const t = unsigned(size);
    const letter = size === 1 ? 'b' : 'v';
    const reg = '<usize>load<u16>(op, 8)';
    const rm = '<usize>load<u16>(op, 10)';
    const value = (from: string) => `load<${t}>(${from})`;
    const move = (operands: string, needs: FastForm['needs'], body: string) =>
      forms.push({ mnemonic: 'mov', operands, size, needs, body });
    move(`E${letter},G${letter}`, 'register', put(rm, size, value(reg)));
    move(`G${letter},E${letter}`, 'register', put(reg, size, value(rm)));
    move(`E${letter},G${letter}`, 'memory', `${operandAddress} ${writeAt(size)} store<${t}>(at, ${value(reg)});`);
    move(`G${letter},E${letter}`, 'memory', `${operandAddress} ${readAt(size)} ${put(reg, size, value('at'))}`);
    const immediate = size === 1 ? 'Eb,Ib' : 'Ev,Iz';
    move(immediate, 'register', put(rm, size, `load<${t}>(op, 24)`));
    move(immediate, 'memory', `${operandAddress} ${writeAt(size)} store<${t}>(at, load<${t}>(op, 24));`);
    if (size < 4) continue;
    for (const [mnemonic, from, operand] of [
      ['movzx', 'u8', 'Gv,Eb'],
      ['movzx', 'u16', 'Gv,Ew'],
      ['movsx', 'i8', 'Gv,Eb'],
      ['movsx', 'i16', 'Gv,Ew'],
      ['movsxd', size === 4 ? 'u32' : 'i32', 'Gv,Ed'],
    ] as const) {
      const bytes = Number(from.slice(1)) / 8;
      const wide = (address: string) => `<${t}><${signed(size)}>load<${from}>(${address})`;
      const extended = (address: string) =>
        from.startsWith('u') || bytes === size ? `<${t}>load<u${bytes * 8}>(${address})` : wide(address);
      forms.push({ mnemonic, operands: operand, size, needs: 'register', body: put(reg, size, extended(rm)) });
      forms.push({
        mnemonic,
        operands: operand,
        size,
        needs: 'memory',
        body: `${operandAddress} ${readAt(bytes)} ${put(reg, size, extended('at'))}`,
      });
    }
    forms.push({
      mnemonic: 'lea',
      operands: 'Gv,M',
      size,
      needs: 'memory',
      body: `${put(reg, size, `<${t}>effectiveFlat(op, addressMask)`)}`,
    });
    forms.push({
      mnemonic: 'xchg',
      operands: `Ev,Gv`,
      size,
      needs: 'register',
      body: `const x = ${value(rm)}; const y = ${value(reg)}; ${put(rm, size, 'y')} ${put(reg, size, 'x')}`,
    });
    forms.push({
      mnemonic: 'xchg',
      operands: 'Zv,rAX',
      size,
      needs: 'register',
      body: `if (${rm} == GPR) break; const x = ${value(rm)}; const y = ${value('GPR')}; ${put(rm, size, 'y')} ${put('GPR', size, 'x')}`,
    });
    forms.push({
      mnemonic: 'bswap',
      operands: 'Zv',
      size,
      needs: 'register',
      body: put(rm, size, `bswap<${t}>(${value(rm)})`),
    });
  }
  forms.push({
    mnemonic: 'cbw',
    operands: '',
    size: 4,
    needs: 'register',
    body: 'store<u64>(GPR, u64(<u32>i32(load<i16>(GPR))));',
  });
  forms.push({
    mnemonic: 'cbw',
    operands: '',
    size: 8,
    needs: 'register',
    body: 'store<i64>(GPR, i64(load<i32>(GPR)));',
  });
  forms.push({
    mnemonic: 'cwd',
    operands: '',
    size: 4,
    needs: 'register',
    body: 'store<u64>(GPR + 16, u64(<u32>(load<i32>(GPR) >> 31)));',
  });
  forms.push({
    mnemonic: 'cwd',
    operands: '',
    size: 8,
    needs: 'register',
    body: 'store<i64>(GPR + 16, load<i64>(GPR) >> 63);',
  });
  forms.push({ mnemonic: 'nop', operands: 'Ev', size: 2, needs: 'register', body: '' });
  forms.push({ mnemonic: 'nop', operands: 'Ev', size: 4, needs: 'register', body: '' });
  forms.push({ mnemonic: 'nop', operands: 'Ev', size: 2, needs: 'memory', body: '' });
  forms.push({ mnemonic: 'nop', operands: 'Ev', size: 4, needs: 'memory', body: '' });
  forms.push({ mnemonic: 'nop', operands: '', size: 4, needs: 'register', body: '' });
  return forms;
}

function multiply(): FastForm[] {
  const forms: FastForm[] = [];
  const flags = (size: Width, lost: string) =>
    `const o: u64 = ${lost} ? 0x801 : 0; ${lazy('FLAG_RESULT_ONLY', size, 'o')}`;
  const multiply32 = (b: string) =>
    `const p = i64(load<i32>(FIRST)) * i64(${b}); const r = <u32>p; const to = <usize>load<u16>(op, 8); store<u64>(to, u64(r)); ${flags(4, 'i64(<i32>r) != p')}`;
  const reg = '<usize>load<u16>(op, 8)';
  const rm = '<usize>load<u16>(op, 10)';
  const memory = `${operandAddress} ${readAt(4)}`;
  forms.push({
    mnemonic: 'imul',
    operands: 'Gv,Ev',
    size: 4,
    needs: 'register',
    writes: 'all',
    body: multiply32(`load<i32>(${rm})`).replace('FIRST', reg),
  });
  forms.push({
    mnemonic: 'imul',
    operands: 'Gv,Ev',
    size: 4,
    needs: 'memory',
    writes: 'all',
    body: `${memory} ${multiply32('load<i32>(at)').replace('FIRST', reg)}`,
  });
  forms.push({
    mnemonic: 'imul',
    operands: 'Gv,Ev,Iz',
    size: 4,
    needs: 'register',
    writes: 'all',
    body: multiply32('load<i32>(op, 24)').replace('FIRST', rm),
  });
  forms.push({
    mnemonic: 'imul',
    operands: 'Gv,Ev,Iz',
    size: 4,
    needs: 'memory',
    writes: 'all',
    body: `${memory} ${multiply32('load<i32>(op, 24)').replace('FIRST', 'at')}`,
  });
  const multiply64 = (a: string, b: string) =>
    `const x = load<u64>(${a}); const y = load<u64>(${b}); const r = x * y; const lost = !(<i64>x == <i64><i32>x && <i64>y == <i64><i32>y) && productLost(x, y, r); store<u64>(${reg}, r); ${flags(8, 'lost')}`;
  const without64 = (a: string, b: string) => `store<u64>(${reg}, load<u64>(${a}) * load<u64>(${b}));`;
  const memory64 = `${operandAddress} ${readAt(8)}`;
  const wide = (operands: string, a: string, b: string): FastForm => ({
    mnemonic: 'imul',
    operands,
    size: 8,
    needs: 'register',
    writes: 'all',
    body: multiply64(a, b),
    bodyWithoutFlags: without64(a, b),
  });
  forms.push(wide('Gv,Ev', reg, rm), wide('Gv,Ev,Iz', rm, 'op, 24'));
  forms.push({
    mnemonic: 'imul',
    operands: 'Gv,Ev',
    size: 8,
    needs: 'memory',
    writes: 'all',
    body: `${memory64} ${multiply64(reg, 'at')}`,
  });
  return forms;
}

export const FAST_FORMS: readonly FastForm[] = [...arithmetic(), ...oneRegister(), ...moves(), ...multiply()];
