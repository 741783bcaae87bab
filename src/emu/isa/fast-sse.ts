import { type FastForm, operandAddress, put, readAt, writeAt } from './fast.ts';

/**
 * The fast forms of SSE: moves, logic, and floating point where the host's arithmetic gives what x86 gives
 * (core/float/native.ts): operands and result normal, rounding to nearest, PE set and masked.
 */
const REG = '<usize>load<u16>(op, 8)';
const RM = '<usize>load<u16>(op, 10)';
/** A 66 prefix and REX.W choose the instruction, not a size: any of these numbers can stand in the op. */
const SIZES = [2, 4, 8] as const;
/** Misaligned operands of the rows that are `aligned` fault in the generic handler. */
const ALIGNED = 'if ((va & 15) != 0 && (load<u8>(op, 23) & 64) != 0) break;';

const MINIMUM = { f32: '<f32>1.1754943508222875e-38', f64: '2.2250738585072014e-308' } as const;
/** They can raise #XM in the register form too. */
const FAULTS = { faults: true } as const;

type Float = keyof typeof MINIMUM;
const bytesOf = (type: Float) => (type === 'f32' ? 4 : 8);

function both(
  mnemonic: string,
  operands: string,
  bytes: number,
  aligned: boolean,
  body: string,
  extra: Pick<FastForm, 'faults'> = {},
): FastForm[] {
  const check = aligned ? ALIGNED : '';
  return SIZES.flatMap((size): FastForm[] => [
    { mnemonic, operands, size, needs: 'register', body: `const at = ${RM}; ${body}`, ...extra },
    {
      mnemonic,
      operands,
      size,
      needs: 'memory',
      body: `${operandAddress} ${check} ${readAt(bytes)} ${body}`,
      ...extra,
    },
  ]);
}

function only(needs: 'register' | 'memory', mnemonic: string, operands: string, body: string): FastForm[] {
  return SIZES.map((size) => ({ mnemonic, operands, size, needs, body }));
}

function moves(): FastForm[] {
  const load16 = `v128.store(${REG}, v128.load(at));`;
  const store16 = `v128.store(at, v128.load(${REG}));`;
  const toRegister = `v128.store(${RM}, v128.load(${REG}));`;
  const toMemory = (bytes: number, body: string) => `${operandAddress} ${writeAt(bytes)} ${body}`;
  const low64 = `store<u64>(at, load<u64>(${REG}));`;
  const low32 = `store<u32>(at, load<u32>(${REG}));`;
  const zero64 = `const v = load<u64>(at); const to = ${REG}; store<u64>(to, v); store<u64>(to, 0, 8);`;
  return [
    ...['movups', 'movupd', 'movaps', 'movapd', 'movdqa', 'movdqu'].flatMap((name) => [
      ...both(name, 'Vx,Wx', 16, true, load16),
      ...only('register', name, 'Wx,Vx', toRegister),
      ...only('memory', name, 'Wx,Vx', `${operandAddress} ${ALIGNED} ${writeAt(16)} ${store16}`),
    ]),
    ...only('memory', 'movsd', 'Vx,Mq', `${operandAddress} ${readAt(8)} ${zero64}`),
    ...only('memory', 'movsd', 'Mq,Vx', toMemory(8, low64)),
    ...only('memory', 'movq', 'Mq,Vx', toMemory(8, low64)),
    ...both('movq', 'Vx,Wx', 8, false, zero64),
    ...only('register', 'movsd', 'Vx,Ux', `store<u64>(${REG}, load<u64>(${RM}));`),
    ...only('register', 'movss', 'Vx,Ux', `store<u32>(${REG}, load<u32>(${RM}));`),
    ...only(
      'memory',
      'movss',
      'Vx,Md',
      `${operandAddress} ${readAt(4)} const v = load<u32>(at); const to = ${REG}; store<u64>(to, u64(v)); store<u64>(to, 0, 8);`,
    ),
    ...only('memory', 'movss', 'Md,Vx', toMemory(4, low32)),
    ...only('memory', 'movlps', 'Vx,Mq', `${operandAddress} ${readAt(8)} store<u64>(${REG}, load<u64>(at));`),
    ...only('memory', 'movhps', 'Vx,Mq', `${operandAddress} ${readAt(8)} store<u64>(${REG}, load<u64>(at), 8);`),
    ...only('memory', 'movhps', 'Mq,Vx', toMemory(8, `store<u64>(at, load<u64>(${REG}, 8));`)),
    ...general(),
  ];
}

/** MOVD and MOVQ between XMM and general registers. */
function general(): FastForm[] {
  const to = `const to = ${REG};`;
  return ([4, 8] as const).flatMap((size): FastForm[] => {
    const t = `u${size * 8}`;
    const load = `const v = u64(load<${t}>(at)); ${to} store<u64>(to, v); store<u64>(to, 0, 8);`;
    return [
      { mnemonic: 'movd', operands: 'Vx,Ey', size, needs: 'register', body: `const at = ${RM}; ${load}` },
      { mnemonic: 'movd', operands: 'Vx,Ey', size, needs: 'memory', body: `${operandAddress} ${readAt(size)} ${load}` },
      { mnemonic: 'movd', operands: 'Ey,Vx', size, needs: 'register', body: put(RM, size, `load<${t}>(${REG})`) },
      {
        mnemonic: 'movd',
        operands: 'Ey,Vx',
        size,
        needs: 'memory',
        body: `${operandAddress} ${writeAt(size)} store<${t}>(at, load<${t}>(${REG}));`,
      },
    ];
  });
}

/** Whole-register operations without flags or faults: result from a (destination) and b (source). */
const VECTOR: readonly (readonly [string, string])[] = [
  ['pand', 'v128.and(a, b)'],
  ['pandn', 'v128.andnot(b, a)'],
  ['por', 'v128.or(a, b)'],
  ['pxor', 'v128.xor(a, b)'],
  ['paddb', 'i8x16.add(a, b)'],
  ['paddw', 'i16x8.add(a, b)'],
  ['paddd', 'i32x4.add(a, b)'],
  ['paddq', 'i64x2.add(a, b)'],
  ['psubb', 'i8x16.sub(a, b)'],
  ['psubw', 'i16x8.sub(a, b)'],
  ['psubd', 'i32x4.sub(a, b)'],
  ['psubq', 'i64x2.sub(a, b)'],
  ['pcmpeqb', 'i8x16.eq(a, b)'],
  ['pcmpeqw', 'i16x8.eq(a, b)'],
  ['pcmpeqd', 'i32x4.eq(a, b)'],
  ['pcmpgtb', 'i8x16.gt_s(a, b)'],
  ['pcmpgtd', 'i32x4.gt_s(a, b)'],
  ['pminub', 'i8x16.min_u(a, b)'],
  ['pmaxub', 'i8x16.max_u(a, b)'],
  ['punpcklqdq', 'i64x2.shuffle(a, b, 0, 2)'],
  ['punpckhqdq', 'i64x2.shuffle(a, b, 1, 3)'],
];

function vectors(): FastForm[] {
  return VECTOR.flatMap(([name, result]) =>
    both(
      name,
      'Vx,Wx',
      16,
      true,
      `const to = ${REG}; const a = v128.load(to), b = v128.load(at); v128.store(to, ${result});`,
    ),
  );
}

/** Scalar and packed ADD SUB MUL DIV. */
function arithmetic(): FastForm[] {
  const operations = [
    ['add', '+'],
    ['sub', '-'],
    ['mul', '*'],
    ['div', '/'],
  ] as const;
  const native = 'if (!roundsNatively(load<u32>(MXCSR))) break;';
  return operations.flatMap(([name, sign]) =>
    (['f64', 'f32'] as const).flatMap((type) => {
      const letter = type === 'f64' ? 'd' : 's';
      const bytes = bytesOf(type);
      const least = MINIMUM[type];
      const vector = type === 'f64' ? 'f64x2' : 'f32x4';
      const scalar = `${native} const to = ${REG}; const a = load<${type}>(to), b = load<${type}>(at); const r: ${type} = a ${sign} b; if (abs(a) < ${least} || abs(b) < ${least} || !(abs(r) > ${least}) || abs(r) == Infinity) break; store<${type}>(to, r);`;
      const packed = `${native} const to = ${REG}; const a = v128.load(to), b = v128.load(at); const r = ${vector}.${name}(a, b); if (!normalOperands${bytes * 8}(a, b, r)) break; v128.store(to, r);`;
      return [
        ...both(`${name}s${letter}`, 'Vx,Wx', bytes, false, scalar, FAULTS),
        ...both(`${name}p${letter}`, 'Vx,Wx', 16, true, packed, FAULTS),
      ];
    }),
  );
}

function roots(): FastForm[] {
  return (['f64', 'f32'] as const).flatMap((type) =>
    both(
      type === 'f64' ? 'sqrtsd' : 'sqrtss',
      'Vx,Wx',
      bytesOf(type),
      false,
      `const a = load<${type}>(at); if (!roundsNatively(load<u32>(MXCSR)) || !(a >= ${MINIMUM[type]}) || a == Infinity) break; store<${type}>(${REG}, sqrt<${type}>(a));`,
      FAULTS,
    ),
  );
}

/** Neither NaN nor denormal. */
const ordinary = (value: string, type: Float) => `(abs(${value}) >= ${MINIMUM[type]} || ${value} == 0)`;

function comparisons(): FastForm[] {
  const order: Readonly<Record<number, string>> = {
    2: 'a < b',
    3: 'a >= b',
    6: 'a <= b',
    7: 'a > b',
    10: 'false',
  };
  return (['f64', 'f32'] as const).flatMap((type) => {
    const bytes = bytesOf(type);
    const start = `const a = load<${type}>(${REG}), b = load<${type}>(at); if (!(${ordinary('a', type)} && ${ordinary('b', type)})) break;`;
    const flags =
      'store<u32>(FLAG_KIND, 0); store<u64>(FLAG_RESULT, u64(a != b)); store<u64>(FLAG_SOURCE, (u64(a == b) << 6) | u64(a < b));';
    const fusedFrom = (before: string) =>
      Object.fromEntries(
        Object.entries(order).map(([code, test]) => [
          code,
          `${before} ${start} ${flags} const j = op + 32; if (${test}) { TAKEN } NOT_TAKEN`,
        ]),
      );
    const letter = type === 'f64' ? 'd' : 's';
    return [`comis${letter}`, `ucomis${letter}`].flatMap((mnemonic) =>
      SIZES.flatMap((size): FastForm[] => {
        const register = `const at = ${RM};`;
        const memory = `${operandAddress} ${readAt(bytes)}`;
        const form = (needs: 'register' | 'memory', before: string): FastForm => ({
          mnemonic,
          operands: 'Vx,Wx',
          size,
          needs,
          writes: 'all',
          faults: true,
          body: `${before} ${start} ${flags}`,
          ...(needs === 'register' ? { fused: fusedFrom(before) } : {}),
        });
        return [form('register', register), form('memory', memory)];
      }),
    );
  });
}

function conversions(): FastForm[] {
  const native = 'if (!roundsNatively(load<u32>(MXCSR))) break;';
  const forms: FastForm[] = [
    ...both(
      'cvtss2sd',
      'Vx,Wx',
      4,
      false,
      `const a = load<f32>(at); if (!${ordinary('a', 'f32')} || abs(a) == Infinity) break; store<f64>(${REG}, f64(a));`,
      FAULTS,
    ),
    ...both(
      'cvtsd2ss',
      'Vx,Wx',
      8,
      false,
      `${native} const r = f32(load<f64>(at)); if (!(abs(r) > ${MINIMUM.f32}) || abs(r) == Infinity) break; store<f32>(${REG}, r);`,
      FAULTS,
    ),
  ];
  for (const size of [4, 8] as const) {
    const t = `i${size * 8}`;
    const fromInteger = `${size === 8 ? native : ''} store<f64>(${REG}, f64(load<${t}>(at)));`;
    const limit = size === 8 ? '9223372036854775808.0' : '2147483648.0';
    const toInteger = `${native} const a = load<f64>(at); if (!(abs(a) < ${limit})) break; ${put(REG, size, `u${size * 8}(${t}(a))`)}`;
    for (const [mnemonic, operands, bytes, body] of [
      ['cvtsi2sd', 'Vx,Ey', size, fromInteger],
      ['cvttsd2si', 'Gy,Wx', 8, toInteger],
    ] as const) {
      forms.push({ mnemonic, operands, size, needs: 'register', faults: true, body: `const at = ${RM}; ${body}` });
      forms.push({ mnemonic, operands, size, needs: 'memory', body: `${operandAddress} ${readAt(bytes)} ${body}` });
    }
  }
  return forms;
}

export const SSE_FORMS: readonly FastForm[] = [
  ...moves(),
  ...vectors(),
  ...arithmetic(),
  ...roots(),
  ...comparisons(),
  ...conversions(),
];
