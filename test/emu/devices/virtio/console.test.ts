import { expect, test } from 'vitest';
import { VirtioConsole } from '../../../../src/emu/devices/virtio/console.ts';
import { Driver, FakePlatform } from './driver.ts';

const CONTROL_IN = 2;
const CONTROL_OUT = 3;
const QUEUES = 8;
const [READY, ADD, PORT_READY, OPEN, NAME] = [0, 1, 3, 6, 7];

interface Setup {
  readonly driver: Driver;
  readonly platform: FakePlatform;
  readonly console: VirtioConsole;
  /** Control messages that have come, as [port, event, value]. */
  heard(): number[][];
  tell(port: number, event: number, value: number): void;
}

function setUp(): Setup {
  const platform = new FakePlatform();
  const console = new VirtioConsole(platform, 'console', ['one', 'two']);
  const driver = new Driver(platform, console.device);
  driver.start(QUEUES);
  for (let i = 0; i < 12; i++) driver.post(CONTROL_IN, { in: [64] });
  const decode = (bytes: Uint8Array): number[] => {
    const view = new DataView(bytes.buffer);
    return [view.getUint32(0, true), view.getUint16(4, true), view.getUint16(6, true)];
  };
  return {
    ...{ driver, platform, console },
    heard: () => driver.used(CONTROL_IN).map(decode),
    tell(port, event, value) {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setUint32(0, port, true);
      new DataView(bytes.buffer).setUint32(4, event | (value << 16), true);
      driver.post(CONTROL_OUT, { out: [bytes] });
    },
  };
}

test('ports are announced, named and open', () => {
  const { heard, tell } = setUp();
  tell(0, READY, 1);
  expect(heard()).toEqual([
    [1, ADD, 1],
    [2, ADD, 1],
  ]);
  tell(2, PORT_READY, 1);
  expect(heard()).toEqual([
    [2, NAME, 1],
    [2, OPEN, 1],
  ]);
});

test('what the guest writes to a port comes out under its name', () => {
  const { driver, platform } = setUp();
  driver.post(5, { out: [Uint8Array.of(1, 2), Uint8Array.of(3)] });
  expect(platform.emitted).toEqual([{ kind: 'console/one', bytes: Uint8Array.of(1, 2, 3) }]);
});

test('input waits for a reader and for room, in order; the end comes last', () => {
  const { driver, platform, console, heard, tell } = setUp();
  tell(1, PORT_READY, 1);
  heard();
  driver.post(4, { in: [3] });
  platform.sinks.get('console/one')!(Uint8Array.of(1, 2, 3, 4, 5));
  platform.sinks.get('console/one/close')!(new Uint8Array(0));
  expect(driver.used(4)).toEqual([]);
  tell(1, OPEN, 1);
  expect(driver.used(4)).toEqual([Uint8Array.of(1, 2, 3)]);
  expect([console.pending('one'), heard()]).toEqual([2, []]);
  driver.post(4, { in: [3] });
  expect(driver.used(4)).toEqual([Uint8Array.of(4, 5)]);
  expect(heard()).toEqual([[1, OPEN, 0]]);
});

test('a snapshot keeps what waits', () => {
  const { driver, platform, console, tell } = setUp();
  tell(1, PORT_READY, 1);
  tell(1, OPEN, 1);
  platform.sinks.get('console/one')!(Uint8Array.of(9, 8));
  const saved = console.device.save();
  console.device.reset();
  console.device.restore(saved);
  driver.post(4, { in: [8] });
  expect(driver.used(4)).toEqual([Uint8Array.of(9, 8)]);
});
