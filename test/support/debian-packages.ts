import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('../../build/debian', import.meta.url).pathname;

export interface Wanted {
  readonly codename: 'bullseye' | 'bookworm';
  readonly architecture: 'amd64' | 'i386';
  /** The newest package whose name suits. */
  readonly name: RegExp;
}

export interface Unpacked {
  /** Folder of what is in the package; undefined if it can't be had. */
  readonly folder: string | undefined;
  readonly reason: string;
}

/**
 * A package of Debian's, unpacked under build/debian and kept there: fetched with apt from the mirrors that this system
 * uses, whatever release it asks them for, without changing anything of the system's own.
 */
export function debianPackage(wanted: Wanted): Unpacked {
  const release = join(ROOT, `${wanted.codename}-${wanted.architecture}`);
  const kept = join(release, wanted.name.source.replace(/[^a-z0-9.]+/g, '_'));
  try {
    if (!existsSync(kept)) unpack(wanted, release, kept);
    return { folder: kept, reason: '' };
  } catch (error) {
    const said = error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
    return { folder: undefined, reason: `no Debian package ${wanted.name.source} (${said})` };
  }
}

function unpack({ name }: Wanted, release: string, kept: string): void {
  const apt = aptOf(release);
  const names = apt('apt-cache', 'pkgnames').split('\n');
  const newest = names
    .filter((each) => name.test(each))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .at(-1);
  if (newest === undefined) throw new Error('the archive has none');
  const work = `${kept}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    apt('apt-get', 'download', newest);
    execFileSync('sh', ['-c', 'mv ./*.deb "$0/package.deb"', work], { cwd: release, stdio: 'pipe' });
    execFileSync('dpkg-deb', ['-x', join(work, 'package.deb'), work], { stdio: 'pipe' });
    rmSync(join(work, 'package.deb'));
    renameSync(work, kept);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Runs a tool of apt's with lists of its own for one release and architecture, which it fetches the first time. */
function aptOf(release: string): (program: string, ...parameters: string[]) => string {
  const configuration = join(release, 'apt.conf');
  const run = (program: string, ...parameters: string[]): string =>
    execFileSync(program, parameters, {
      cwd: release,
      encoding: 'utf8',
      env: { ...process.env, APT_CONFIG: configuration, LC_ALL: 'C' },
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  if (existsSync(join(release, 'updated'))) return run;
  const [codename, architecture] = release.split('/').at(-1)!.split('-') as [string, string];
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(release, folder), { recursive: true });
  writeFileSync(join(release, 'status'), '');
  writeFileSync(join(release, 'sources.list'), sources(codename, architecture));
  writeFileSync(
    configuration,
    [
      `Dir::State "${release}"; Dir::State::Lists "${release}/lists"; Dir::State::status "${release}/status";`,
      `Dir::Cache "${release}/cache"; Dir::Etc::sourcelist "${release}/sources.list"; Dir::Etc::sourceparts "-";`,
      `APT::Architecture "${architecture}"; APT::Architectures {"${architecture}";}; Acquire::Languages "none"; APT::Sandbox::User "root";`,
    ].join('\n'),
  );
  run('apt-get', 'update', '--error-on=any');
  writeFileSync(join(release, 'updated'), '');
  return run;
}

/** This system's own mirrors, asked for another release. Of i386 only the release itself, without its updates. */
function sources(codename: string, architecture: string): string {
  const own = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const format = '$(ORIGIN) $(REPO_URI) $(RELEASE)';
  const known = execFileSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const lines = known.split('\n').flatMap((line) => {
    const [origin, uri, release] = line.split(' ');
    const suits = release === own || (release === `${own}-security` && architecture === 'amd64');
    return origin === 'Debian' && suits
      ? [`deb [arch=${architecture}] ${uri} ${release!.replace(own!, codename)} main`]
      : [];
  });
  if (lines.length === 0) throw new Error('this system uses no mirror of Debian');
  return [...new Set(lines)].join('\n');
}
