import { expect, test } from 'vitest';
import { encodeFrame, encodeNumbers, encodeSpec, FRAME, FrameReader, PORT } from '../../src/world/protocol.ts';
import { SERIAL, Session, type SessionEvents, shellStatus } from '../../src/world/session.ts';

const spec = { arguments: ['ls', '-l'], environment: { A: 'b' }, root: 'share' } as const;

function session(streams = false): { session: Session; told: unknown[][]; sent: [string, number][] } {
  const told: unknown[][] = [];
  const sent: [string, number][] = [];
  const tell =
    (name: string) =>
    (...values: unknown[]): void =>
      void told.push([
        name,
        ...values.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString() : value)),
      ]);
  const names = [
    'ready',
    'started',
    'output',
    'error',
    'terminal',
    'exited',
    'failed',
    'warning',
    'collectEntry',
    'collectData',
    'collectEnd',
    'done',
  ];
  const events = Object.fromEntries(names.map((name) => [name, tell(name)])) as unknown as SessionEvents;
  const channels = {
    send: (channel: string, bytes: Uint8Array) => void sent.push([channel, bytes[0] ?? -1]),
    close: (channel: string) => void sent.push([channel, -1]),
  };
  return { session: new Session(channels, events, streams), told, sent };
}

test('frames come together from pieces of any size', () => {
  const bytes = Buffer.concat([
    encodeFrame(1, Uint8Array.of(1, 2, 3)),
    encodeFrame(2),
    encodeFrame(3, Uint8Array.of(9)),
  ]);
  const reader = new FrameReader();
  const frames = [...bytes].flatMap((byte) => [...reader.push(Uint8Array.of(byte))]);
  expect(frames.map(({ type, payload }) => [type, ...payload])).toEqual([[1, 1, 2, 3], [2], [3, 9]]);
});

test('a frame that can not be is an error, not a wait for ever', () => {
  expect(() => [...new FrameReader().push(encodeNumbers(1, 0xffff_ffff))]).toThrow(/announced a frame/);
});

test('a spec is records of type, length and bytes', () => {
  const bytes = Buffer.from(encodeSpec(spec));
  expect([bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.toString('utf8', 8, 11)]).toEqual([1, 3, 'ls\0']);
});

test('a life over console ports', () => {
  const { session: one, told, sent } = session();
  const control = (type: number, payload?: Uint8Array): void => one.received(PORT.control, encodeFrame(type, payload));
  control(FRAME.ready, encodeNumbers(1, 1));
  one.start(spec);
  one.input(Uint8Array.of(7));
  one.endInput();
  control(FRAME.started, encodeNumbers(80));
  one.received(PORT.output, Buffer.from('out'));
  one.received(PORT.error, Buffer.from('err'));
  one.received(SERIAL.terminal, Buffer.from('kernel'));
  control(FRAME.exited, encodeNumbers(3 << 8));
  control(FRAME.collectEntry, Buffer.concat([encodeNumbers(0, 0o100644), Buffer.from('a/b\0\0')]));
  control(FRAME.collectEnd, encodeNumbers(0, 0));
  control(FRAME.done);
  expect(told).toEqual([
    ['ready'],
    ['started', 80],
    ['output', 'out'],
    ['error', 'err'],
    ['exited', { code: 3 }, false],
    ['collectEntry', 0, { mode: 0o100644, path: 'a/b', target: '' }],
    ['collectEnd', 0, 0],
    ['done'],
  ]);
  expect(sent).toEqual([
    [PORT.control, FRAME.start],
    [PORT.input, 7],
    [PORT.input, -1],
  ]);
});

test('a kernel without console driver talks over serial lines', () => {
  const { session: one, told, sent } = session();
  one.received(SERIAL.terminal, Buffer.from('kernel'));
  one.received(SERIAL.control, encodeFrame(FRAME.ready, encodeNumbers(1, 0)));
  one.start(spec);
  one.received(SERIAL.terminal, Buffer.from('out'));
  expect(told).toEqual([['ready'], ['output', 'out']]);
  expect(sent).toEqual([[SERIAL.control, FRAME.start]]);
});

test('statuses are what a shell says', () => {
  expect([shellStatus({ code: 5 }), shellStatus({ signal: 9 })]).toEqual([5, 137]);
});

test('a program that can not start says why', () => {
  const { session: one, told } = session();
  one.received(
    PORT.control,
    encodeFrame(FRAME.failed, Buffer.concat([encodeNumbers(127), Buffer.from('x: not found')])),
  );
  expect(told).toEqual([['failed', 127, 'x: not found']]);
});
