import { expect, test } from 'vitest';
import { virtioRng } from '../../../../src/emu/devices/virtio/rng.ts';
import { Driver, FakePlatform } from './driver.ts';

const STATUS = 0x14;
const FEATURES_OK = 8;
const NEEDS_RESET = 0x40;
const ISR = 0x1000;

function rng(): Driver {
  const platform = new FakePlatform();
  return new Driver(
    platform,
    virtioRng(platform, 'rng', (length) => new Uint8Array(length).fill(0x5a)),
  );
}

test('the function is a modern virtio device with its structures as vendor capabilities', () => {
  const { function: pci } = rng().device;
  expect(pci.configRead(0, 4)).toBe(0x1044_1af4);
  const structures: number[] = [];
  for (let at = pci.configRead(0x34, 1); at !== 0; at = pci.configRead(at + 1, 1)) {
    if (pci.configRead(at, 1) === 9) structures.push(pci.configRead(at + 3, 1));
  }
  expect(structures.sort()).toEqual([1, 2, 3, 4, 5]);
});

test('bytes go to where the driver put its buffers, split as it likes', () => {
  const driver = rng();
  expect(driver.start(1)).toBe(15);
  driver.post(0, { in: [3, 5] });
  driver.post(0, { in: [2, 2], indirect: true });
  expect(driver.used(0).map((bytes) => [...bytes])).toEqual([Array(8).fill(0x5a), Array(4).fill(0x5a)]);
  expect(driver.platform.taken.map(({ kind }) => kind)).toEqual(['rng.entropy', 'rng.entropy']);
});

test('INTx stays up until the driver reads the interrupt status', () => {
  const driver = rng();
  driver.start(1);
  driver.post(0, { in: [4] });
  expect(driver.platform.intx).toBe(true);
  expect(driver.read(ISR, 1)).toBe(1);
  expect(driver.platform.intx).toBe(false);
  expect(driver.read(ISR, 1)).toBe(0);
});

test('with MSI-X the line stays low', () => {
  const driver = rng();
  const { function: pci } = driver.device;
  driver.start(1);
  let msix = pci.configRead(0x34, 1);
  while (pci.configRead(msix, 1) !== 0x11) msix = pci.configRead(msix + 1, 1);
  pci.configWrite(msix + 2, 2, 0x8000);
  driver.write(0x1a, 1, 2);
  expect(driver.read(0x1a, 2)).toBe(1);
  driver.post(0, { in: [4] });
  expect(driver.platform.intx).toBe(false);
  expect(driver.read(ISR, 1)).toBe(0);
});

test('a driver that leaves out VERSION_1 is refused', () => {
  const driver = rng();
  driver.write(STATUS, 3, 1);
  driver.write(STATUS, 11, 1);
  expect(driver.read(STATUS, 1) & FEATURES_OK).toBe(0);
});

test.each([
  ['a loop', 0x80000, 4, 3, 0],
  ['a buffer outside memory', 0xffff_0000, 4, 2, 0],
  ['a descriptor beyond the table', 0x80000, 4, 3, 99],
])('%s makes the device ask for a reset and do nothing more', (_, address, length, flags, next) => {
  const driver = rng();
  driver.start(1);
  driver.describe(driver.tableOf(0), 0, address, length, flags, next);
  const { memory } = driver.platform;
  memory.writeU16(driver.tableOf(0) + 0x400 + 2, 1);
  driver.notify(0);
  expect(driver.read(STATUS, 1) & NEEDS_RESET).toBe(NEEDS_RESET);
  expect(driver.used(0)).toEqual([]);
  driver.write(STATUS, 0, 1);
  expect(driver.read(STATUS, 1)).toBe(0);
});

test('a saved device goes on where it stood', () => {
  const one = rng();
  one.start(1);
  one.post(0, { in: [4] });
  one.used(0);
  const other = virtioRng(one.platform, 'rng', (length) => new Uint8Array(length).fill(1));
  other.function.restore(one.device.function.save());
  other.restore(one.device.save());
  Object.assign(one, { device: other });
  one.post(0, { in: [2] });
  expect(one.used(0)).toEqual([Uint8Array.of(1, 1)]);
});
