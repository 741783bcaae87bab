// Which NT runs, by a page as each version would have it, through the tables of both ways of 32-bit paging.
import { describe, expect, it } from 'vitest';
import { type KernelMemory, PagedMemory } from '../../src/guest/memory.ts';
import { NtCalls } from '../../src/guest/nt/calls.ts';
import { readNtSystem } from '../../src/guest/nt/system.ts';

/** KUSER_SHARED_DATA with what is read of it. */
function sharedPage(major: number, minor: number, build = 0, root = 'C:\\Windows'): Uint8Array {
  const page = new Uint8Array(0x1000);
  const view = new DataView(page.buffer);
  page.set(Buffer.from(root, 'utf16le'), 0x30);
  view.setUint32(0x260, build | 0xf000_0000, true);
  view.setUint32(0x26c, major, true);
  view.setUint32(0x270, minor, true);
  return page;
}

const process = (page: Uint8Array): KernelMemory => ({
  pointerBytes: 4,
  read: (address, length) =>
    address >= 0x7ffe_0000n && address + BigInt(length) <= 0x7ffe_1000n
      ? page.subarray(Number(address - 0x7ffe_0000n), Number(address - 0x7ffe_0000n) + length)
      : undefined,
});

describe('an NT guest', () => {
  it.each([
    ['x86', 4, 0, 0, 'NT 4.0'],
    ['x86', 5, 1, 0, 'XP'],
    ['x86', 6, 1, 0, '7'],
    ['x64', 5, 2, 0, '2003'],
    ['x64', 10, 0, 19045, '10'],
    // Other builds of 10, 11 and 8 have other numbers.
    ['x64', 10, 0, 17763, null],
    ['x64', 10, 0, 22631, null],
    ['x86', 6, 2, 0, null],
  ] as const)('%s %i.%i build %i has the services of %s', (processor, major, minor, build, version) => {
    expect(readNtSystem(process(sharedPage(major, minor, build)), processor)).toMatchObject({ major, minor, version });
  });

  it('is none where the page does not say so', () => {
    expect(readNtSystem({ pointerBytes: 4, read: () => undefined }, 'x86')).toBeUndefined();
    expect(readNtSystem(process(new Uint8Array(0x1000)), 'x86')).toBeUndefined();
    expect(readNtSystem(process(sharedPage(2, 6)), 'x86')).toBeUndefined();
    expect(readNtSystem(process(sharedPage(5, 1, 0, 'root')), 'x86')).toBeUndefined();
  });

  it('is found through tables of 32-bit paging and of PAE', () => {
    const memory = new Uint8Array(0x9000);
    const view = new DataView(memory.buffer);
    const physical = (address: number, length: number): Uint8Array | undefined =>
      address + length <= memory.length ? memory.subarray(address, address + length) : undefined;
    memory.set(sharedPage(5, 1), 0x8000);
    view.setUint32(0x1000 + 4 * 0x1ff, 0x2007, true);
    view.setUint32(0x2000 + 4 * 0x3e0, 0x8005, true);
    expect(readNtSystem(new PagedMemory(physical, 0x1000n, '32-bit'), 'x86')?.version).toBe('XP');
    view.setBigUint64(0x3020 + 8 * 1, 0x4001n, true);
    view.setBigUint64(0x4000 + 8 * 0x1ff, 0x5007n, true);
    view.setBigUint64(0x5000 + 8 * 0x1e0, 0x8000_0000_0000_8005n, true);
    const extended = new PagedMemory(physical, 0x3020n, 'pae');
    expect(readNtSystem(extended, 'x86')?.version).toBe('XP');
    expect(extended.read(0x1000n, 4)).toBeUndefined();
    // A page of 2 MiB.
    view.setBigUint64(0x4000, 0x0000_0087n, true);
    expect(extended.read(0x4000_8026cn & 0x401f_ffffn, 4)).toBeUndefined();
    expect(extended.read(0x4000_826cn, 4)).toEqual(Uint8Array.of(5, 0, 0, 0));
  });

  it('tells what a number may be where its version is not known', () => {
    const call = new NtCalls('x86', undefined).at(0x25);
    expect(call).toMatchObject({ name: 'service_0x25', note: expect.stringContaining('NtCreateFile in XP') });
    const xp = readNtSystem(process(sharedPage(5, 1)), 'x86')!;
    expect(new NtCalls('x86', xp).at(0x25)).toMatchObject({ name: 'NtCreateFile', arguments: { length: 11 } });
    expect(new NtCalls('x86', xp).at(0x1034)).toMatchObject({ name: 'win32k_0x34', result: 'hex' });
  });
});
