import { parseArgs } from 'node:util';
import { differences } from './compare.ts';
import { loadVectors } from './load.ts';
import { Stage } from './stage.ts';

const USAGE = 'usage: npm run cpu-vectors -- FILE [--group g1,g2] [--limit N] [--show N]';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { group: { type: 'string' }, limit: { type: 'string' }, show: { type: 'string', default: '10' } },
  });
  const [file] = positionals;
  if (file === undefined) {
    console.error(USAGE);
    return 2;
  }
  const groups = values.group?.split(',');
  const limit = Number(values.limit ?? Number.POSITIVE_INFINITY);
  const show = Number(values.show);
  const stage = new Stage();
  const tally = new Map<string, { agree: number; differ: number }>();
  let total = 0;
  let differing = 0;
  for await (const vector of loadVectors(file)) {
    if (groups !== undefined && !groups.includes(vector.g)) continue;
    if (total >= limit) break;
    total++;
    const count = tally.get(vector.g) ?? { agree: 0, differ: 0 };
    tally.set(vector.g, count);
    const before = stage.prepare(vector);
    const found = differences(vector, before, stage.run(), stage);
    if (found.length === 0) count.agree++;
    else {
      count.differ++;
      if (differing++ < show) {
        console.log(`#${vector.id} ${vector.g} "${vector.n}" ${vector.m}-bit at ${vector.a}: ${vector.c}`);
        for (const line of found.slice(0, 8)) console.log(`    ${line}`);
      }
    }
  }
  for (const [group, { agree, differ }] of tally) {
    console.log(`${group.padEnd(16)} ${String(agree).padStart(8)} agree ${String(differ).padStart(8)} differ`);
  }
  console.log(`${total - differing} of ${total} vectors agree`);
  return differing === 0 ? 0 : 1;
}

process.exitCode = await main();
