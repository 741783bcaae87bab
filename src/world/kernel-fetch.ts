import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { UserError } from '../emu/errors.ts';
import { sha256, writeWhole } from './cache.ts';
import { cacheFolder } from './cache-folder.ts';
import { makeFolders } from './folders.ts';
import { type Kernel, readKernel } from './kernel.ts';

/** Debian's package that stands for the newest kernel made for virtual machines. */
const PACKAGE = 'linux-image-cloud-amd64';
/** Name of the file that records what was fetched. */
const RECORD = 'fetched.json';

const WHAT_TO_DO = `run apt-get update if that never happened, give one with --kernel FILE (its modules in ../lib/modules), or install the package ${PACKAGE}`;

interface Fetched {
  /** Package and version, `linux-image-6.1.0-18-cloud-amd64 6.1.76-1`. */
  readonly package: string;
  /** The image, relative to the folder. */
  readonly kernel: string;
  /** SHA-256 of every file, by path relative to the folder. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * The kernel that was fetched before, or else fetches one from the distribution's own archive with its own tools,
 * which check its signature. `note` is told what takes long. Throws a UserError if that can't be done here.
 */
export function fetchedKernel(note: (line: string) => void, folder = join(cacheFolder(), 'kernel')): Kernel {
  if (!existsSync(join(folder, RECORD))) fetchInto(folder, note);
  const fetched = readRecord(folder);
  checkFile(folder, fetched, fetched.kernel);
  return readKernel(join(folder, fetched.kernel));
}

/** Ends with a clear line if a file of a fetched kernel is not what was fetched. Files from elsewhere pass. */
export function checkFetched(paths: readonly string[], folder = join(cacheFolder(), 'kernel')): void {
  const inside = paths.map((path) => relative(folder, path)).filter((path) => !path.startsWith('..'));
  if (inside.length === 0) return;
  const fetched = readRecord(folder);
  for (const path of inside) checkFile(folder, fetched, path);
}

function readRecord(folder: string): Fetched {
  try {
    return JSON.parse(readFileSync(join(folder, RECORD), 'utf8')) as Fetched;
  } catch {
    throw new UserError(`${join(folder, RECORD)}: damaged; remove ${folder} and the kernel is fetched again`);
  }
}

function checkFile(folder: string, { files }: Fetched, path: string): void {
  const whole = join(folder, path);
  const intact = existsSync(whole) && sha256(readFileSync(whole)) === files[path];
  if (!intact) throw new UserError(`${whole}: not what was fetched (SHA-256); remove ${folder} to fetch it again`);
}

function fetchInto(folder: string, note: (line: string) => void): void {
  const work = workFolder(join(folder, '..'));
  try {
    const name = imagePackage(work);
    note(`fetching ${name} from the distribution's archive`);
    const archive = download(work, name);
    note(`unpacking ${name}`);
    const tree = join(work, 'tree');
    run('dpkg-deb', ['-x', archive, tree], work);
    const version = run('dpkg-deb', ['-f', archive, 'Version'], work).trim();
    const files: Record<string, string> = {};
    for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files[relative(tree, path)] = sha256(readFileSync(path));
    }
    const kernel = Object.keys(files).find((path) => path.startsWith('boot/vmlinuz-'));
    if (kernel === undefined) throw new UserError(`the package ${name} holds no kernel; ${WHAT_TO_DO}`);
    const fetched: Fetched = { package: `${name} ${version}`, kernel, files };
    writeWhole(join(tree, RECORD), JSON.stringify(fetched, undefined, 1));
    rmSync(folder, { recursive: true, force: true });
    renameSync(tree, folder);
  } catch (error) {
    throw error instanceof UserError ? error : unwritable(join(folder, '..'), error);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function workFolder(parent: string): string {
  try {
    makeFolders(parent);
    return mkdtempSync(join(parent, 'fetching-'));
  } catch (error) {
    throw unwritable(parent, error);
  }
}

function unwritable(folder: string, error: unknown): UserError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new UserError(
    `${folder}: a fetched kernel can't be kept there (${reason}); XDG_CACHE_HOME names another place`,
  );
}

/** The package that the standing one depends on at present. */
function imagePackage(work: string): string {
  const shown = run('apt-cache', ['show', '--no-all-versions', PACKAGE], work);
  const depends = /^Depends:.*?(linux-image-[0-9][^\s,(]*)/m.exec(shown)?.[1];
  if (depends === undefined)
    throw new UserError(`${PACKAGE}: this system's archive names no kernel for it; ${WHAT_TO_DO}`);
  return depends;
}

function download(work: string, name: string): string {
  run('apt-get', ['download', name], work);
  const archive = readdirSync(work).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new UserError(`${name}: apt-get downloaded nothing; ${WHAT_TO_DO}`);
  return join(work, archive);
}

function run(program: string, parameters: readonly string[], directory: string): string {
  try {
    return execFileSync(program, parameters, {
      cwd: directory,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : '';
    const reason = missing ? `${program} is not here` : `${program} failed${said === '' ? '' : ` (${said})`}`;
    throw new UserError(`no kernel in /boot, and none can be fetched: ${reason}; ${WHAT_TO_DO}`);
  }
}
