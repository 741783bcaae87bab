import { expect, test } from 'vitest';
import { virtioBlk } from '../../../../src/emu/devices/virtio/blk.ts';
import { Driver, FakePlatform } from './driver.ts';

const SECTORS = 64;
const READ = 0;
const WRITE = 1;

function disk(): { driver: Driver; image: Uint8Array } {
  const image = Uint8Array.from({ length: SECTORS * 512 }, (_, i) => i >> 9);
  const platform = new FakePlatform();
  const source = {
    sectors: SECTORS,
    read: (sector: number, count: number) => image.slice(sector * 512, (sector + count) * 512),
  };
  const driver = new Driver(platform, virtioBlk(platform, 'disk', source));
  driver.start(1);
  return { driver, image };
}

function head(type: number, sector: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return bytes;
}

test('the disk says its size', () => {
  expect(disk().driver.read(0x2000)).toBe(SECTORS);
});

test('reads come from the image and go through the input log', () => {
  const { driver } = disk();
  driver.post(0, { out: [head(READ, 7)], in: [1024, 1] });
  const [bytes] = driver.used(0);
  expect([bytes!.length, bytes![0], bytes![512], bytes![1024]]).toEqual([1025, 7, 8, 0]);
  expect(driver.platform.taken.map(({ kind }) => kind)).toEqual(['disk.read']);
});

test('what was written is read back, the image stays as it was, and snapshots keep it', () => {
  const { driver, image } = disk();
  const before = image.slice();
  driver.post(0, { out: [head(WRITE, 8), new Uint8Array(512).fill(0xee)], in: [1] });
  expect(driver.used(0)).toEqual([Uint8Array.of(0)]);
  const saved = driver.device.save();
  driver.device.restore(saved);
  driver.post(0, { out: [head(READ, 7)], in: [1536, 1] });
  const [bytes] = driver.used(0);
  expect([bytes![0], bytes![512], bytes![1023], bytes![1024]]).toEqual([7, 0xee, 0xee, 9]);
  expect(image).toEqual(before);
});

test.each([
  ['beyond the end', READ, SECTORS, 512],
  ['not whole sectors', READ, 0, 100],
])('a read %s fails', (_, type, sector, length) => {
  const { driver } = disk();
  driver.post(0, { out: [head(type, sector)], in: [length, 1] });
  expect(driver.used(0)[0]!.at(-1)).toBe(1);
});

test('an unknown request is unsupported', () => {
  const { driver } = disk();
  driver.post(0, { out: [head(77, 0)], in: [1] });
  expect(driver.used(0)).toEqual([Uint8Array.of(2)]);
});
