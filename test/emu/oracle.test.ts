// Random instruction forms, run natively and on the core: every register, defined flag, byte of memory and fault.
import { beforeAll, describe, expect, test } from 'vitest';
import { differences } from '../../src/emu/vectors/compare.ts';
import { Stage } from '../../src/emu/vectors/stage.ts';
import { buildOracle, oracleObstacle, oracleVectors } from '../support/native-oracle.ts';

const FULL = process.env.TRAPLINE_FULL !== undefined;
const FIXED = { seed: 0x7a11n, count: FULL ? 500_000 : 15_000 };
const FRESH = { seed: BigInt(Date.now()), count: 500_000 };
const LIMIT = FULL ? 3_600_000 : 300_000;
/** Differing cases to collect before giving up. */
const ENOUGH = 20;

const obstacle = oracleObstacle();
const title = obstacle === undefined ? 'native oracle' : `native oracle (skipped: ${obstacle})`;

describe.skipIf(obstacle !== undefined)(title, () => {
  let program: string;
  let stage: Stage;

  beforeAll(() => {
    program = buildOracle();
    stage = new Stage();
  });

  async function differing(seed: bigint, count: number): Promise<string[]> {
    const found: string[] = [];
    for await (const vector of oracleVectors(program, seed, count)) {
      const before = stage.prepare(vector);
      const lines = differences(vector, before, stage.run(), stage);
      if (lines.length === 0) continue;
      found.push(`#${vector.id} ${vector.g} ${vector.n} ${vector.m}-bit ${vector.c}: ${lines.slice(0, 4).join('; ')}`);
      if (found.length === ENOUGH) break;
    }
    return found;
  }

  test(`${FIXED.count} cases of seed ${FIXED.seed} agree`, { timeout: LIMIT }, async () => {
    expect(await differing(FIXED.seed, FIXED.count)).toEqual([]);
  });

  // Cases that nobody has seen yet belong to the full sweep: what they find must not depend on when a change is checked.
  if (FULL) {
    test(`${FRESH.count} cases of seed ${FRESH.seed}, made from the time, agree`, { timeout: LIMIT }, async () => {
      expect(await differing(FRESH.seed, FRESH.count)).toEqual([]);
    });
  }
});
