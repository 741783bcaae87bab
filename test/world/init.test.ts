import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { buildInitramfs } from '../../src/world/initramfs.ts';
import { moduleInfo, selectModules } from '../../src/world/modules.ts';

const INIT = fileURLToPath(new URL('../../guest/init/', import.meta.url));
const KERNELS = existsSync('/lib/modules')
  ? execFileSync('ls', ['/lib/modules'], { encoding: 'utf8' }).trim().split('\n')
  : [];
const [version] = KERNELS.filter((name) => existsSync(join('/lib/modules', name, 'kernel')));

function compiler(): string | undefined {
  try {
    return execFileSync('gcc', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  } catch {
    return undefined;
  }
}

test.runIf(compiler() === readFileSync(join(INIT, 'init.built-with'), 'utf8').trim())(
  'the committed init is what its source gives',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'init-'));
    execFileSync('sh', [join(INIT, 'build.sh'), join(folder, 'init')]);
    for (const name of ['init', 'init32'])
      expect(readFileSync(join(folder, name)).equals(readFileSync(join(INIT, name))), name).toBe(true);
    rmSync(folder, { recursive: true });
  },
);

test('init is static and small', () => {
  const bytes = readFileSync(join(INIT, 'init'));
  expect(bytes.length).toBeLessThan(32768);
  expect(bytes.includes('ld-linux')).toBe(false);
});

test.runIf(version !== undefined)('modules come with what they need, in an order that works', () => {
  const { modules, missing } = selectModules(join('/lib/modules', version!), [
    'virtio_pci',
    'virtiofs',
    'no-such-module',
  ]);
  const loaded = new Set<string>();
  for (const { file, bytes } of modules) {
    for (const needed of moduleInfo(bytes, 'depends').flatMap((list) => list.split(','))) {
      if (needed !== '') expect(loaded).toContain(needed.replaceAll('-', '_'));
    }
    loaded.add(file.replace('.ko', '').replaceAll('-', '_'));
  }
  expect(missing).toEqual(['no-such-module']);
  expect(loaded).toContain('virtiofs');
});

test('the archive starts with what the kernel needs', () => {
  const archive = Buffer.from(buildInitramfs({ modules: [] }));
  expect(archive.toString('latin1', 0, 6)).toBe('070701');
  for (const name of ['dev/console', 'init', 'modules/order', 'TRAILER!!!'])
    expect(archive.includes(`${name}\0`)).toBe(true);
});
