import { CHAINS } from '../../src/emu/isa/chains.ts';
import { FAST_FORMS, type FastForm } from '../../src/emu/isa/fast.ts';
import { CONTROL_FORMS } from '../../src/emu/isa/fast-control.ts';
import { SSE_FORMS } from '../../src/emu/isa/fast-sse.ts';
import type { OpcodeRow } from '../../src/emu/isa/row.ts';
import { FIRST_GENERIC } from './dispatch.ts';

/** Ops that no row stands behind; the loop's template has their cases. */
const PSEUDO = ['refetch', 'stale', 'invalid', 'protected', 'noDevice', 'end', 'next', 'stepEnd'] as const;

/** A switch of more cases does not become a br_table. */
const SWITCH_SIZE = 1024;

const TAKEN = `left += <i32>load<u16>(j, 6) - 1; const c = <usize>load<u32>(j, 16);
        if (c != 0) { left -= load<i32>(c); if (left >= 0) { op = c + BLOCK_HEADER; continue; } left += load<i32>(c); }
        link = j; go = GO_TAKEN; break;`;
const NOT_TAKEN = 'op += 2 * OP_SIZE; continue;';

const PROPERTY = { writesAll: 1, reads: 2, pure: 4 } as const;
const LOG2: Record<number, number> = { 1: 0, 2: 1, 4: 2, 8: 3, 16: 4 };

interface Case {
  readonly id: number;
  readonly generic: number;
  readonly body: string;
}

/** fast.ts (numbers, tables, choice of the fast form) and the cases for the loop's template. */
export function fast(rows: readonly OpcodeRow[], numberOf: (row: OpcodeRow) => number) {
  const cases: Case[] = [];
  const idOf = new Map<string, number>();
  const forms: number[] = [];
  const withoutFlags: number[] = [];
  const properties: number[] = [];
  const fusions: number[][] = [];
  const conditionOf = new Map<number, number>();
  const taken = new Set<number>();
  const named = new Map<string, number>();
  const chains = new Map<number, [number, number][]>();
  const lengths = new Map<number, number>();
  const names = ['o', 'no', 'b', 'nb', 'z', 'nz', 'be', 'nbe', 's', 'ns', 'p', 'np', 'l', 'nl', 'le', 'nle'];

  const addCase = (generic: number, body: string): number => {
    const key = `${generic} ${body}`;
    const known = idOf.get(key);
    if (known !== undefined) return known;
    const id = PSEUDO.length + cases.length;
    if (id >= Math.min(FIRST_GENERIC, SWITCH_SIZE)) throw new Error('generate: too many fast forms');
    idOf.set(key, id);
    cases.push({ id, generic, body });
    return id;
  };
  const tail = (form: FastForm) =>
    form.body.includes('TAKEN }') && !form.mnemonic.startsWith('j') ? '' : 'op += OP_SIZE; continue;';

  const addForm = (form: FastForm) => {
    const matching = rows.filter((row) => row.mnemonic === form.mnemonic && row.operands === form.operands);
    for (const generic of new Set(matching.map(numberOf))) {
      const memory = form.needs === 'memory' ? 1 : 0;
      const slot = ((generic - FIRST_GENERIC) << 4) | ((LOG2[form.size] ?? 0) << 1) | memory;
      if (taken.has(slot)) continue;
      taken.add(slot);
      const ends =
        /go = GO_\w+; break;$/.test(form.body) || (form.body.endsWith('{ TAKEN }') && !form.body.includes('if ('));
      const id = addCase(generic, `${form.body} ${ends ? '' : tail(form)}`.trim());
      const name = [form.mnemonic, form.operands, form.size, form.needs].filter((part) => part !== '').join(' ');
      named.set(name, id);
      const need = { register: 0, memory: 0, stack: 1, flat: 2 }[form.needs];
      forms.push(slot, id | (need << 12));
      const bits =
        (form.writes === 'all' ? PROPERTY.writesAll : 0) |
        (form.reads || form.needs !== 'register' ? PROPERTY.reads : 0) |
        (form.needs === 'register' && !ends && !form.faults ? PROPERTY.pure : 0);
      properties.push(id, bits);
      if (form.bodyWithoutFlags !== undefined) {
        const silent = addCase(generic, `${form.bodyWithoutFlags} op += OP_SIZE; continue;`);
        withoutFlags.push(id, silent);
        named.set(`${name} silent`, silent);
      }
      const code = form.mnemonic.startsWith('j') ? names.indexOf(form.mnemonic.slice(1)) : -1;
      if (code >= 0) conditionOf.set(id, code);
      for (const [condition, body] of Object.entries(form.fused ?? {})) {
        const both = addCase(generic, body);
        fusions.push([id, Number(condition), both]);
        named.set(`${name} ?${condition}`, both);
        lengths.set(both, 2);
      }
    }
  };
  const addChain = (chain: readonly string[]) => {
    const find = (name: string) => {
      const id = named.get(name);
      if (id === undefined) throw new Error(`generate: no fast form ${name} for a chain`);
      return id;
    };
    const first = find(chain.slice(0, -1).join(' + '));
    const second = find(chain.at(-1) ?? '');
    const step = /op \+= OP_SIZE; continue;( \})?$/;
    const [before, behind] = [cases[first - PSEUDO.length], cases[second - PSEUDO.length]];
    if (before === undefined || behind === undefined || !step.test(before.body)) {
      throw new Error(`generate: no chain can begin with ${chain[0]}`);
    }
    // Each part moves on before the next begins, so that a generic handler finds its own op.
    const start = `{ ${before.body.replace(step, 'op += OP_SIZE;$1')} }`;
    const id = addCase(before.generic, `${start} { ${behind.body} }`);
    named.set(chain.join(' + '), id);
    lengths.set(id, (lengths.get(first) ?? 1) + (lengths.get(second) ?? 1));
    chains.set(first, [...(chains.get(first) ?? []), [second, id]]);
  };
  for (const form of [...FAST_FORMS, ...CONTROL_FORMS, ...SSE_FORMS]) addForm(form);
  for (const chain of CHAINS) addChain(chain);

  const upper = (name: string) => name.replace(/([A-Z])/g, '_$1').toUpperCase();
  const genericOf = [...PSEUDO.map(() => 0), ...cases.map((entry) => entry.generic)];
  const count = genericOf.length;
  const byId = (pairs: readonly number[]) => {
    const table = new Array<number>(count).fill(0);
    for (let i = 0; i < pairs.length; i += 2) table[pairs[i] ?? 0] = pairs[i + 1] ?? 0;
    return table;
  };
  const generics = Math.max(0, ...rows.map(numberOf)) - FIRST_GENERIC + 1;
  const formTable = new Array<number>(generics * 16).fill(0);
  for (let i = 0; i < forms.length; i += 2) formTable[forms[i] ?? 0] = forms[i + 1] ?? 0;
  const conditions = new Array<number>(count).fill(255);
  for (const [id, code] of conditionOf) conditions[id] = code;
  const fusible = [...new Set(fusions.map(([id]) => id ?? 0))];
  const fusedIndex = new Array<number>(count).fill(0);
  fusible.forEach((id, index) => {
    fusedIndex[id] = index + 1;
  });
  const fused = new Array<number>((fusible.length + 1) * 16).fill(0);
  for (const [id, code, target] of fusions) fused[(fusedIndex[id ?? 0] ?? 0) * 16 + (code ?? 0)] = target ?? 0;

  const chainList: number[] = [0];
  const chainStart = new Array<number>(count).fill(0);
  for (const [first, followers] of chains) {
    chainStart[first] = chainList.length;
    chainList.push(...followers.flat(), 0);
  }

  const text = `import { FIRST_GENERIC } from "./dispatch";

${PSEUDO.map((name, id) => `export const OP_${upper(name)}: u32 = ${id};`).join('\n')}

export const WRITES_ALL_FLAGS: u32 = ${PROPERTY.writesAll};
export const READS_FLAGS: u32 = ${PROPERTY.reads};
/** Can neither fault nor leave the block. */
export const PURE: u32 = ${PROPERTY.pure};
export const NEEDS_SHIFT: u32 = 12;

/** Number of fast handlers. */
export const FAST_COUNT: u32 = ${count};
/** u16 by fast number: the generic handler behind it. */
export const GENERIC_OF: usize = memory.data<u16>([${genericOf.join(',')}]);
/** u16 by (generic, log2(size), memory): fast number | need << 12. */
export const FORMS: usize = memory.data<u16>([${formTable.join(',')}]);
/** u16 by fast number: the same without flags. */
export const WITHOUT_FLAGS: usize = memory.data<u16>([${byId(withoutFlags).join(',')}]);
/** u8 by fast number. */
export const PROPERTIES: usize = memory.data<u8>([${byId(properties).join(',')}]);
/** u8 by fast number: condition of a Jcc, else 255. */
export const CONDITION_OF: usize = memory.data<u8>([${conditions.join(',')}]);
/** u16 by fast number: row in FUSED, 0 if none. */
export const FUSED_INDEX: usize = memory.data<u16>([${fusedIndex.join(',')}]);
/** u16 by row and condition: the op that is both. */
export const FUSED: usize = memory.data<u16>([${fused.join(',')}]);
/** u16 by fast number: where its pairs begin in CHAINS, 0 if no chain begins with it. */
export const CHAIN_START: usize = memory.data<u16>([${chainStart.join(',')}]);
/** u16 pairs: what follows, the op that is both; ended by 0. */
export const CHAINS: usize = memory.data<u16>([${chainList.join(',')}]);
/** u8 by fast number: instructions it executes. */
export const LENGTHS: usize = memory.data<u8>([${genericOf.map((_, id) => lengths.get(id) ?? 1).join(',')}]);
`;
  const lines = cases.map(({ id, body: code }) => {
    const expanded = code.replaceAll('NOT_TAKEN', NOT_TAKEN).replaceAll(/\bTAKEN\b/g, TAKEN);
    return `      case ${id}: { ${expanded} }`;
  });
  return { text, cases: lines.join('\n') };
}
