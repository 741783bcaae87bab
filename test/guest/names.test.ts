// Names of addresses against what the guest itself calls them: /proc/kallsyms, and /proc/self/maps of a program.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { missingForGuest, scratch, trapline } from '../support/guest.ts';

const missing = missingForGuest('/usr/bin/gcc');
if (missing !== undefined) console.warn(`tests of names of addresses skipped: ${missing}`);

interface NamedTrap {
  readonly policy?: string;
  readonly pid: number;
  readonly cpl: number;
  readonly instruction: string | null;
  readonly symbol: string | null;
}

function traps(file: string, ...args: readonly string[]): NamedTrap[] {
  const { stdout, stderr } = trapline(['replay', file, '--format', 'jsonl', '-e', 'trace=none', ...args]);
  expect(stderr).toBe('');
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as NamedTrap]));
}

/** What the program says: of each of its places, by process and address, in order. */
function places(printed: string): { key: string; name: string; offset: string }[] {
  return printed.split('\n').flatMap((line) => {
    const [pid, address, name, offset] = line.split(' ');
    return offset === undefined ? [] : [{ key: `${pid} ${address}`, name: name!, offset }];
  });
}

function shown(name: string, offset: string): string {
  if (name === '-') return '[anon]';
  return name === '[stack]' ? name : `${name}+0x${offset}`;
}

const FORMS = [
  ['a dynamic program', ['-DBX="rbx"', '-DLIBRARY'], true],
  ['a static program', ['-DBX="rbx"', '-static', '-no-pie'], false],
  ['a static program that can be moved', ['-DBX="rbx"', '-static-pie'], false],
  ['a 32-bit program', ['-DBX="ebx"', '-m32'], false],
] as const;

describe.skipIf(missing !== undefined)('names of user addresses', () => {
  const folder = scratch();
  const record = (trace: string, ...command: readonly string[]): string => {
    const args = ['record', '-q', '-o', trace, '--traps', 'syscall,int,sysenter,cpuid', '--share', folder, '--'];
    const { status, stdout, stderr } = trapline([...args, ...command], { input: null });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };
  const build = (program: string, flags: readonly string[]): string => {
    const source = new URL('programs/names.c', import.meta.url).pathname;
    const args = ['-O1', '-w', '-z', 'execstack', '-o', join(folder, program), source, ...flags];
    execFileSync('gcc', args, { stdio: 'pipe' });
    return join(folder, program);
  };

  it.each(FORMS)('%s: as in /proc/self/maps, through fork and exec', (_what, flags, library) => {
    const name = `p${FORMS.findIndex(([, each]) => each === flags)}`;
    if (library) {
      const source = join(folder, 'lib.c');
      writeFileSync(
        source,
        '__asm__(".text\\n.globl library_blob\\n.type library_blob,@function\\nlibrary_blob: push %rbx\\n cpuid\\n pop %rbx\\n ret\\n");',
      );
      execFileSync('gcc', ['-shared', '-o', join(folder, 'libblob.so'), source]);
    }
    const linked = library ? [join(folder, 'libblob.so'), `-Wl,-rpath,${folder}`] : [];
    const program = build(name, [...flags, ...linked]);
    const trace = `${program}.trap`;
    const said = places(record(trace, program));
    expect(said.length).toBeGreaterThan(25);
    const own = new Set(said.map(({ key }) => key));
    const found = traps(trace, '-e', 'trap=cpuid').filter((trap) => own.has(`${trap.pid} ${trap.instruction}`));
    expect(found.map(({ pid, instruction, symbol }) => [`${pid} ${instruction}`, symbol])).toEqual(
      said.map(({ key, name: file, offset }) => [key, shown(file, offset)]),
    );
  });

  it('a program that a script names is not called like the script', () => {
    const program = build('interpreter', ['-DBX="rbx"']);
    const script = join(folder, 'script');
    writeFileSync(script, `#!${program} child\n`);
    chmodSync(script, 0o755);
    const said = places(record(`${script}.trap`, script));
    const [first] = traps(`${script}.trap`, '-e', 'trap=cpuid').filter(
      ({ pid, instruction }) => `${pid} ${instruction}` === said[0]!.key,
    );
    expect(said[0]!.name).toBe('interpreter');
    expect(first!.symbol).toBe(`[program]+0x${said[0]!.offset}`);
  });
});

describe.skipIf(missing !== undefined)('names of kernel addresses', () => {
  const folder = scratch();
  const trace = join(folder, 'kernel.trap');
  const symbols: { address: bigint; name: string; module: string | undefined }[] = [];

  beforeAll(() => {
    const list = join(folder, 'kallsyms');
    const args = ['-q', '-o', trace, '--traps', 'syscall,interrupt,control,port-io,mmio,rdtsc', '--watch', 'jiffies'];
    const command = ['sh', '-c', 'cat /proc/kallsyms > /tmp/kallsyms; ls -la /usr > /dev/null'];
    const run = trapline(['record', ...args, '--collect', `/tmp/kallsyms:${list}`, '--', ...command], { input: null });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    for (const line of readFileSync(list, 'utf8').split('\n')) {
      const [, address, name, module] = /^([0-9a-f]+) . (\S+)(?:\t\[(\w+)\])?$/.exec(line) ?? [];
      if (address !== undefined) symbols.push({ address: BigInt(`0x${address}`), name: name!, module });
    }
    symbols.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  });

  it('are those of /proc/kallsyms', () => {
    const found = traps(trace, '--all').filter(({ cpl, instruction }) => cpl === 0 && instruction !== null);
    const distinct = new Map(found.map(({ instruction, symbol }) => [instruction!, symbol]));
    expect(distinct.size).toBeGreaterThan(50);
    for (const [instruction, symbol] of distinct) {
      const address = BigInt(instruction);
      const start = symbols.findLast((each) => each.address <= address)!.address;
      const aliases = symbols.filter((each) => each.address === start);
      const offset = address === start ? '' : `+0x${(address - start).toString(16)}`;
      const names = aliases.map(({ name, module }) => `${name}${offset}${module === undefined ? '' : ` [${module}]`}`);
      expect(names, instruction).toContain(symbol);
    }
  });

  it('of what is loaded into registers, and of what is written to', () => {
    const { stdout } = trapline([
      'query',
      trace,
      '--format',
      'jsonl',
      'SELECT DISTINCT symbol, address_symbol FROM page_writes',
    ]);
    expect(stdout).toContain('"address_symbol":"jiffies');
    const lines = trapline(['writes', '--symbol', 'jiffies', trace]).stdout.split('\n');
    expect(lines.length).toBeGreaterThan(5);
    expect(lines[1]).toMatch(/do_timer|tick_/);
  });

  it('take little room, and none where only programs were trapped', () => {
    const before = join(folder, 'calls.trap');
    trapline(['record', '-q', '-o', before, '--', 'ls', '/'], { input: null });
    expect(trapline(['info', before]).stdout).not.toContain('kernel symbols');
    expect(trapline(['info', trace]).stdout).toMatch(/^names +\d+ kernel symbols$/m);
  });
});
