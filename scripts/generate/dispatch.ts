import type { OpcodeRow } from '../../src/emu/isa/row.ts';
import { SENSITIVE } from '../../src/emu/layout.ts';

/** Numbers below are those of the loop's fast handlers. */
export const FIRST_GENERIC = 2048;

/** A handler together with what is checked before it runs: rows that differ in that get numbers of their own. */
function key(row: OpcodeRow): string {
  const waits = row.attributes.unit === 'x87' || row.attributes.unit === 'mmx';
  return `${row.handler} ${waits ? 'waits' : ''} ${row.attributes.sensitive ?? ''}`;
}

/** The switch over all generic handlers, and each row's number in it. */
export function dispatch(rows: readonly OpcodeRow[], handlers: ReadonlyMap<string, string>) {
  const numbers = new Map<string, number>();
  const cases: string[] = [];
  const used = new Map<string, Set<string>>();
  let sensitiveUsed = false;
  let waitsUsed = false;
  for (const row of rows) {
    if (numbers.has(key(row))) continue;
    const number = FIRST_GENERIC + numbers.size;
    numbers.set(key(row), number);
    const file = handlers.get(row.handler) ?? '';
    used.set(file, (used.get(file) ?? new Set()).add(row.handler));
    const conditions: string[] = [];
    const { unit, sensitive } = row.attributes;
    if (unit === 'x87' || unit === 'mmx') {
      conditions.push('!pendingX87()');
      waitsUsed = true;
    }
    if (sensitive !== undefined) {
      const bit = (SENSITIVE as readonly string[]).indexOf(sensitive);
      if (bit < 0) throw new Error(`generate: ${row.mnemonic}: no sensitive instruction ${sensitive} in layout.ts`);
      conditions.push(`!interceptSensitive(${bit}, op)`);
      sensitiveUsed = true;
    }
    const test = conditions.length > 0 ? `if (${conditions.join(' && ')}) ` : '';
    cases.push(`    case ${number - FIRST_GENERIC}: ${test}${row.handler}(op); return;`);
  }
  const imports = [...used].map(([file, names]) => `import { ${[...names].sort().join(', ')} } from "../ops/${file}";`);
  const checks = [...(waitsUsed ? ['pendingX87'] : []), ...(sensitiveUsed ? ['interceptSensitive'] : [])];
  if (checks.length > 0) imports.unshift(`import { ${checks.join(', ')} } from "../checks";`);
  const text = `${imports.join('\n')}

export const FIRST_GENERIC: u32 = ${FIRST_GENERIC};

/** Runs the handler of an instruction that has no fast form. */
export function dispatchGeneric(handler: u32, op: usize): void {
  switch (handler - FIRST_GENERIC) {
${cases.join('\n')}
    default: unreachable();
  }
}
`;
  return { text, numberOf: (row: OpcodeRow) => numbers.get(key(row)) ?? 0 };
}
