import { type FastForm, operandAddress, put, readAt, unsigned, writeAt } from './fast.ts';

const CONDITION_NAMES = ['o', 'no', 'b', 'nb', 'z', 'nz', 'be', 'nbe', 's', 'ns', 'p', 'np', 'l', 'nl', 'le', 'nle'];

/** A condition on the lazy flags. ZF is the result alone, whatever set it. */
function lazyCondition(code: number): string {
  if (code === 4) return 'load<u64>(FLAG_RESULT) == 0';
  if (code === 5) return 'load<u64>(FLAG_RESULT) != 0';
  return `condition(${code})`;
}

function conditional(): FastForm[] {
  const forms: FastForm[] = [];
  CONDITION_NAMES.forEach((name, code) => {
    const test = lazyCondition(code);
    const common = code > 1 && code !== 10 && code !== 11; // neither overflow nor parity
    for (const size of [4, 8] as const) {
      const t = unsigned(size);
      for (const operands of common ? ['Jb', 'Jz'] : []) {
        forms.push({
          mnemonic: `j${name}`,
          operands,
          size,
          needs: 'flat',
          reads: true,
          body: `const j = op; if (${test}) { TAKEN }`,
        });
      }
      if (!common) continue;
      forms.push({
        mnemonic: `cmov${name}`,
        operands: 'Gv,Ev',
        size,
        needs: 'register',
        reads: true,
        body: `const to = <usize>load<u16>(op, 8); ${put('to', size, `${test} ? load<${t}>(<usize>load<u16>(op, 10)) : load<${t}>(to)`)}`,
      });
      if (code !== 4 && code !== 5) continue;
      forms.push({
        mnemonic: `cmov${name}`,
        operands: 'Gv,Ev',
        size,
        needs: 'memory',
        reads: true,
        body: `${operandAddress} ${readAt(size)} const to = <usize>load<u16>(op, 8); ${put('to', size, `${test} ? load<${t}>(at) : load<${t}>(to)`)}`,
      });
    }
    if (!common) return;
    forms.push({
      mnemonic: `set${name}`,
      operands: 'Eb',
      size: 1,
      needs: 'register',
      reads: true,
      body: `store<u8>(<usize>load<u16>(op, 10), <u8>(${test}));`,
    });
  });
  return forms;
}

function stack(): FastForm[] {
  const pushTo = 'const va = load<u64>(GPR + 32) - 8;';
  const push = (value: string) => `${pushTo} ${writeAt(8)} store<u64>(at, ${value}); store<u64>(GPR + 32, va);`;
  const popFrom = 'const va = load<u64>(GPR + 32);';
  const returnAddress = 'load<u64>(CODE_PAGE) + u64(load<u16>(op, 4)) + u64(load<u8>(op, 2))';
  const canonical = 'if ((<i64>target << 16) >> 16 != <i64>target) break;';
  const go = 'rip = target; go = GO_LOOKUP; break;';
  const forms: FastForm[] = [
    { mnemonic: 'push', operands: 'Zv', size: 8, needs: 'stack', body: push('load<u64>(<usize>load<u16>(op, 10))') },
    { mnemonic: 'push', operands: 'Iz', size: 8, needs: 'stack', body: push('load<u64>(op, 24)') },
    {
      mnemonic: 'pop',
      operands: 'Zv',
      size: 8,
      needs: 'stack',
      body: `${popFrom} ${readAt(8)} store<u64>(GPR + 32, va + 8); store<u64>(<usize>load<u16>(op, 10), load<u64>(at));`,
    },
    {
      mnemonic: 'leave',
      operands: '',
      size: 8,
      needs: 'stack',
      body: `const va = load<u64>(GPR + 40); ${readAt(8)} store<u64>(GPR + 32, va + 8); store<u64>(GPR + 40, load<u64>(at));`,
    },
    {
      mnemonic: 'ret',
      operands: '',
      size: 8,
      needs: 'stack',
      body: `${popFrom} ${readAt(8)} const target = load<u64>(at); ${canonical} store<u64>(GPR + 32, va + 8); ${go}`,
    },
    {
      mnemonic: 'jmp',
      operands: 'Ev',
      size: 8,
      needs: 'register',
      body: `const target = load<u64>(<usize>load<u16>(op, 10)); ${canonical} ${go}`,
    },
    {
      mnemonic: 'jmp',
      operands: 'Ev',
      size: 8,
      needs: 'memory',
      body: `${operandAddress} ${readAt(8)} const target = load<u64>(at); ${canonical} ${go}`,
    },
    {
      mnemonic: 'call',
      operands: 'Ev',
      size: 8,
      needs: 'stack',
      body: `const target = load<u64>(<usize>load<u16>(op, 10)); ${canonical} ${push(returnAddress)} ${go}`,
    },
    {
      mnemonic: 'call',
      operands: 'Jz',
      size: 8,
      needs: 'stack',
      body: `${push(returnAddress)} const j = op; { TAKEN }`,
    },
  ];
  for (const size of [4, 8] as const) {
    for (const operands of ['Jb', 'Jz']) {
      forms.push({ mnemonic: 'jmp', operands, size, needs: 'flat', body: 'const j = op; { TAKEN }' });
    }
  }
  return forms;
}

/** The fast forms of what depends on conditions, and of the stack and jumps. */
export const CONTROL_FORMS: readonly FastForm[] = [...conditional(), ...stack()];
