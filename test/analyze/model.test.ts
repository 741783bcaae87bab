// Random access: any event and its call by number, from a trace of many chunks, equal to a walk through all of it.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TraceModel } from '../../src/analyze/model/trace-model.ts';
import { Reconstruction } from '../../src/replay/reconstruction.ts';
import { temporaryFolder, writeTrace } from '../support/trace-files.ts';

const path = join(temporaryFolder(), 'calls.trap');
const CALLS = 4000;
/** Of each call its entry, return, name and result, by a walk through all. */
const walked = new Map<number, readonly [exit: number, name: string, outcome: string, result: number]>();
let model: TraceModel;

beforeAll(() => {
  writeTrace(path, CALLS, 50);
  model = TraceModel.open(path);
  const nothing = { entry: () => {}, signal: () => {}, trap: () => {}, end: () => {} };
  const walk = new Reconstruction({ commandOnly: false, descriptors: false }, () => ({
    ...nothing,
    return: (call) => {
      const exit = call.exitChunk!.firstEvent + call.exitRow;
      walked.set(call.chunk.firstEvent + call.row, [exit, call.name, call.outcome, call.result]);
    },
  }));
  for (const chunk of model.reader.chunks()) walk.feed(chunk);
});

afterAll(() => model.close());

test('an event has the number that it was asked for', () => {
  expect(model.count).toBe(2 * CALLS);
  for (const number of [0, 99, 100, 4321, model.count - 1]) expect(model.event(number)?.number).toBe(number);
  expect(model.event(model.count)).toBeUndefined();
  expect(model.event(-1)).toBeUndefined();
});

test('a call is the same whether it is found by its entry, its return or a walk', () => {
  for (let entry = 0; entry < model.count; entry += 37) {
    const expected = walked.get(entry);
    if (expected === undefined) continue;
    const [exit, name, outcome, result] = expected;
    for (const number of [entry, exit]) {
      const call = model.event(number)?.call;
      expect(call).toMatchObject({ name, outcome, result });
      expect(call!.chunk.firstEvent + call!.row).toBe(entry);
      expect(call!.exitChunk!.firstEvent + call!.exitRow).toBe(exit);
    }
  }
});

test('windows follow each other over the ends of chunks', () => {
  expect(model.window(95, 10).map(({ number }) => number)).toEqual([95, 96, 97, 98, 99, 100, 101, 102, 103, 104]);
  expect(model.window(model.count - 2, 10)).toHaveLength(2);
});

test('the next and the last event that passes a test, with and without chunks left out', () => {
  const { task } = model.event(3000)!;
  const passes = ({ chunk, row }: { chunk: { task(row: number): bigint }; row: number }) => chunk.task(row) === task;
  const next = model.find(3000, 'forward', { passes });
  expect(next?.task).toBe(task);
  expect(model.find(next!.number, 'backward', { passes })?.number).toBe(3000);
  const mayHold = ({ tasks }: { readonly tasks: readonly bigint[] }): boolean => tasks.includes(task);
  expect(model.find(3000, 'forward', { passes, mayHold })?.number).toBe(next!.number);
  expect(model.find(0, 'backward', { passes: () => true })).toBeUndefined();
});

test('moments are events', () => {
  const { icount, time } = model.event(1234)!;
  expect(model.event(model.eventAt({ by: 'icount', value: icount }))?.icount).toBe(icount);
  expect(model.event(model.eventAt({ by: 'time', value: time }))?.time).toBe(time);
  expect(model.eventAt({ by: 'time', value: 1e18 })).toBe(model.count);
  expect(model.eventAt({ by: 'event', value: 77 })).toBe(77);
});
