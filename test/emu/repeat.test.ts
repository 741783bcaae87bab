// Repeated string instructions: whoever watches the memory they touch, the guest ends in the same state at the same count.
import { expect, test } from 'vitest';
import { EXIT, REGION, SECOND_LEVEL } from '../../src/emu/layout.ts';
import { Stage } from '../../src/emu/vectors/stage.ts';
import type { Vector } from '../../src/emu/vectors/vector.ts';

const DESTINATION = 0x51f80;
const ALL = SECOND_LEVEL.read | SECOND_LEVEL.write | SECOND_LEVEL.execute;

/** REP MOVSD of 100 elements over a page end, then INT3. */
const VECTOR: Vector = {
  id: 0,
  g: 'string',
  n: 'movs',
  m: 64,
  a: '40100',
  c: 'f3a5',
  r: { '1': '64', '6': '53000', '7': DESTINATION.toString(16) },
  f: '202',
  o: { ip: '40102', f: '202' },
};

interface End {
  readonly icount: bigint;
  readonly writes: readonly bigint[];
  readonly state: string;
}

function runWatched(protect: (page: number) => boolean): End {
  const stage = new Stage();
  const { core } = stage;
  stage.prepare(VECTOR);
  for (let page = 0; page < 0x200; page++) {
    core.bytes[REGION.secondLevel.address + page] = protect(page) ? ALL & ~SECOND_LEVEL.write : ALL;
  }
  core.set('vmcsSecondLevelOn', 1);
  core.flushTlb();
  const writes: bigint[] = [];
  let reason = core.run(1000);
  while (reason === EXIT.secondLevel) {
    writes.push(core.get64('exitLinear'));
    expect(core.stepOver()).toBe(EXIT.singleStep);
    reason = core.run(1000);
  }
  expect(reason).toBe(EXIT.exception);
  const registers = Array.from({ length: 16 }, (_, i) => core.get64('gpr', i).toString(16));
  const memory = Buffer.from(core.ram.subarray(0x50000, 0x54000)).toString('hex');
  return {
    icount: core.get64('icount'),
    writes,
    state: `${registers.join(' ')} ${core.get64('rip')} ${core.rflags} ${memory}`,
  };
}

test('a watched page makes every element known and changes nothing else', () => {
  const free = runWatched(() => false);
  const watched = runWatched((page) => page === 0x52);
  expect(watched.state).toBe(free.state);
  expect(watched.icount).toBe(free.icount);
  const first = 0x52000;
  const count = (DESTINATION + 400 - first) / 4;
  expect(watched.writes).toEqual(Array.from({ length: count }, (_, i) => BigInt(first + i * 4)));
});
