import { chmodSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ShareServer } from '../../src/world/fuse/server.ts';
import { ENTRY_BYTES, ERRNO, OPCODE } from '../../src/world/fuse/wire.ts';

const ROOT = 1;
let host: string;
let outside: string;

beforeEach(() => {
  host = mkdtempSync(join(tmpdir(), 'share-'));
  outside = mkdtempSync(join(tmpdir(), 'outside-'));
  writeFileSync(join(outside, 'secret'), 'secret');
  mkdirSync(join(host, 'folder'));
  writeFileSync(join(host, 'folder', 'file'), 'contents');
  chmodSync(join(host, 'folder', 'file'), 0o640);
  linkSync(join(host, 'folder', 'file'), join(host, 'twin'));
  symlinkSync(outside, join(host, 'escape'));
});

afterEach(() => {
  rmSync(host, { recursive: true });
  rmSync(outside, { recursive: true });
});

/** A kernel's side: requests with headers, replies taken apart. */
class Client {
  readonly server: ShareServer;
  private unique = 1n;

  constructor(guest = '/') {
    this.server = new ShareServer([{ host, guest }]);
  }

  call(opcode: number, node: number, body: Uint8Array = new Uint8Array(0)): { errno: number; body: Buffer } {
    const request = new Uint8Array(40 + body.length);
    const view = new DataView(request.buffer);
    this.unique += 2n;
    view.setUint32(0, request.length, true);
    view.setUint32(4, opcode, true);
    view.setBigUint64(8, this.unique, true);
    view.setBigUint64(16, BigInt(node), true);
    request.set(body, 40);
    const reply = Buffer.from(this.server.handle(request) ?? []);
    expect(reply.readUInt32LE(0)).toBe(reply.length);
    expect(reply.readBigUInt64LE(8)).toBe(this.unique);
    return { errno: Math.abs(reply.readInt32LE(4)), body: reply.subarray(16) };
  }

  /** Node number of a path below the root; 0 if there is none. */
  walk(path: string): number {
    let node = ROOT;
    for (const name of path.split('/')) {
      const { errno, body } = this.call(OPCODE.lookup, node, Buffer.from(`${name}\0`));
      if (errno !== 0) throw new Error(`errno ${errno}`);
      node = Number(body.readBigUInt64LE(0));
    }
    return node;
  }

  read(node: number, offset: number, size: number): { errno: number; body: Buffer } {
    const body = Buffer.alloc(40);
    body.writeBigUInt64LE(BigInt(offset), 8);
    body.writeUInt32LE(size, 16);
    return this.call(OPCODE.read, node, body);
  }

  names(node: number, plus = false, size = 4096): string[] {
    const names: string[] = [];
    for (let offset = 0n; ; ) {
      const body = Buffer.alloc(40);
      body.writeBigUInt64LE(offset, 8);
      body.writeUInt32LE(size, 16);
      const listing = this.call(plus ? OPCODE.readdirplus : OPCODE.readdir, node, body).body;
      if (listing.length === 0) return names;
      for (let at = 0; at < listing.length; ) {
        const entry = at + (plus ? ENTRY_BYTES : 0);
        const length = listing.readUInt32LE(entry + 16);
        offset = listing.readBigUInt64LE(entry + 8);
        names.push(listing.toString('utf8', entry + 24, entry + 24 + length));
        at = entry + ((24 + length + 7) & ~7);
      }
    }
  }
}

test('INIT settles version, flags and sizes', () => {
  const hello = Buffer.alloc(16);
  hello.writeUInt32LE(7, 0);
  hello.writeUInt32LE(37, 4);
  hello.writeUInt32LE(1 << 17, 8);
  hello.writeUInt32LE(0xffff_ffff, 12);
  const { errno, body } = new Client().call(OPCODE.init, 0, hello);
  expect([errno, body.readUInt32LE(0), body.readUInt32LE(4), body.length]).toEqual([0, 7, 31, 64]);
  expect(body.readUInt32LE(8)).toBe(1 << 17);
});

test('a file is found, described and read', () => {
  const client = new Client();
  const node = client.walk('folder/file');
  const { body } = client.call(OPCODE.getattr, node, Buffer.alloc(16));
  expect([body.readBigUInt64LE(16 + 8), body.readUInt32LE(16 + 60)]).toEqual([8n, 0o100640]);
  expect(client.call(OPCODE.open, node, Buffer.alloc(8)).errno).toBe(0);
  expect(client.read(node, 0, 100).body.toString()).toBe('contents');
  expect(client.read(node, 3, 2).body.toString()).toBe('te');
  expect(client.read(node, 100, 2).body.length).toBe(0);
});

test('two names of one file are one node', () => {
  const client = new Client();
  expect(client.walk('twin')).toBe(client.walk('folder/file'));
});

test('a name that is not there may be remembered as such', () => {
  const { errno, body } = new Client().call(OPCODE.lookup, ROOT, Buffer.from('nothing\0'));
  expect([errno, body.readBigUInt64LE(0)]).toEqual([0, 0n]);
  expect(Number(body.readBigUInt64LE(16))).toBeGreaterThan(1000);
});

test.each([[false], [true]])('folders are listed whole in pieces of any size (plus: %s)', (plus) => {
  for (let i = 0; i < 300; i++) writeFileSync(join(host, 'folder', `name${i}`), '');
  const client = new Client();
  const names = client.names(client.walk('folder'), plus, 512);
  expect(names.length).toBe(303);
  expect(new Set(names)).toContain('name299');
});

test('nothing outside can be named', () => {
  const client = new Client();
  const link = client.walk('escape');
  expect(client.call(OPCODE.readlink, link).body.toString()).toBe(outside);
  expect(client.call(OPCODE.lookup, link, Buffer.from('secret\0')).errno).toBe(ERRNO.ENOTDIR);
  expect(client.names(ROOT)).not.toContain('secret');
  for (const name of ['..', '.', '', '../outside', `folder/../../${outside}/secret`]) {
    expect(client.call(OPCODE.lookup, ROOT, Buffer.from(`${name}\0`)).errno).toBe(ERRNO.EINVAL);
  }
  expect(client.call(OPCODE.open, link, Buffer.alloc(8)).errno).toBe(ERRNO.EACCES);
  expect(client.call(OPCODE.getattr, 9999, Buffer.alloc(16)).errno).toBe(ERRNO.ESTALE);
});

test('nothing can be changed', () => {
  const client = new Client();
  const node = client.walk('folder/file');
  const writing = [
    OPCODE.write,
    OPCODE.setattr,
    OPCODE.create,
    OPCODE.unlink,
    OPCODE.rename2,
    OPCODE.mkdir,
    OPCODE.link,
  ];
  for (const opcode of writing) expect(client.call(opcode, node, Buffer.alloc(64)).errno).toBe(ERRNO.EROFS);
  const writable = Buffer.alloc(8);
  writable.writeUInt32LE(1);
  expect(client.call(OPCODE.open, node, writable).errno).toBe(ERRNO.EROFS);
  expect(readFileSync(join(host, 'twin'), 'utf8')).toBe('contents');
});

test('what is not served is refused for good, and cut requests harm nobody', () => {
  const client = new Client();
  expect(client.call(OPCODE.getxattr, ROOT, Buffer.alloc(8)).errno).toBe(ERRNO.ENOSYS);
  expect(client.call(4095, ROOT).errno).toBe(ERRNO.ENOSYS);
  expect(client.call(OPCODE.read, client.walk('twin'), Buffer.alloc(3)).errno).toBe(ERRNO.EINVAL);
  expect(client.server.handle(new Uint8Array(7))).toBeUndefined();
});

test('shares hang in folders that lead to them', () => {
  const client = new Client('/far/away');
  expect(client.names(ROOT)).toEqual(['.', '..', 'far']);
  expect(client.read(client.walk('far/away/folder/file'), 0, 8).body.toString()).toBe('contents');
});

test('a share inside a share covers what was there', () => {
  const server = new ShareServer([
    { host, guest: '/' },
    { host: outside, guest: '/folder/more' },
  ]);
  const client = new Client();
  Object.assign(client, { server });
  expect(client.names(client.walk('folder'))).toEqual(['.', '..', 'file', 'more']);
  expect(client.read(client.walk('folder/more/secret'), 0, 9).body.toString()).toBe('secret');
});
