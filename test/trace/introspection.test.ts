import { expect, it } from 'vitest';
import { introspectionFact, introspections } from '../../src/trace/introspection.ts';

it('a list that is the same again is written once', () => {
  const moment = { time: 0, kind: 'processes', notes: [] } as const;
  const rows = [{ pid: 1, comm: 'init' }];
  const facts = [
    introspectionFact(0, { ...moment, icount: 5, rows }),
    { name: 'watches', json: '[]', data: new Uint8Array(0) },
    introspectionFact(1, { ...moment, icount: 6, same: 0 }),
    introspectionFact(2, { ...moment, icount: 7, rows: [] }),
    introspectionFact(3, { ...moment, icount: 8, same: 1 }),
  ];
  expect(facts[2]!.json).not.toContain('init');
  expect(introspections(facts).map(({ introspection }) => [introspection.icount, introspection.rows])).toEqual([
    [5, rows],
    [6, rows],
    [7, []],
    [8, rows],
  ]);
});
