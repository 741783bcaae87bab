// Boots a Linux kernel on the bare machine and shows its console: the shortest way to see whether the core works.
//   npm run boot-kernel -- [--kernel F] [--initrd F | --busybox SCRIPT] [--append S] [--memory MIB] [--protected] [--limit N]
//                          [--cpus N] [--legacy] [--trace FROM:TO] [--symbols SYSTEM.MAP] [--quiet] [--hash]
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bootKernel } from '../src/emu/boot/boot.ts';
import { cpio } from '../src/emu/boot/cpio.ts';
import { encodeStartTime } from '../src/emu/devices/rtc.ts';
import { RecordingInputs } from '../src/emu/input-log.ts';
import { Machine } from '../src/emu/machine.ts';
import { stateHash } from '../src/emu/state-hash.ts';

const KERNEL = '/boot/vmlinuz-6.1.0-56-cloud-amd64';
const LEGACY = 'acpi=off nolapic noapic';

const { values: options } = parseArgs({
  options: {
    kernel: { type: 'string', default: KERNEL },
    initrd: { type: 'string' },
    busybox: { type: 'string' },
    append: { type: 'string', default: 'console=ttyS0 earlyprintk=ttyS0 cryptomgr.notests' },
    memory: { type: 'string', default: '256' },
    cpus: { type: 'string', default: '1' },
    protected: { type: 'boolean', default: false },
    legacy: { type: 'boolean', default: false },
    limit: { type: 'string', default: '20000000000' },
    trace: { type: 'string' },
    symbols: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    hash: { type: 'boolean', default: false },
    seed: { type: 'boolean', default: false },
    slice: { type: 'string', default: '200000000' },
  },
});

/** An initramfs that runs `script` in busybox and powers off. */
function busyboxRamdisk(script: string): Uint8Array {
  const init = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /tmp /dev
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
${script}
echo "[init: done]"
poweroff -f
`;
  return cpio([
    { kind: 'directory', path: 'dev' },
    { kind: 'character', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'directory', path: 'bin' },
    { kind: 'file', path: 'bin/busybox', mode: 0o755, bytes: readFileSync('/bin/busybox') },
    { kind: 'file', path: 'init', mode: 0o755, bytes: new TextEncoder().encode(init) },
  ]);
}

interface Symbol {
  readonly address: bigint;
  readonly name: string;
}

function readSymbols(path: string): readonly Symbol[] {
  return readFileSync(path, 'latin1')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ address: BigInt(`0x${line.slice(0, 16)}`), name: line.slice(19) }));
}

function nameOf(symbols: readonly Symbol[], address: bigint): string {
  let low = 0;
  let high = symbols.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (symbols[middle]!.address <= address) low = middle + 1;
    else high = middle;
  }
  const symbol = symbols[low - 1];
  return symbol === undefined ? '' : ` ${symbol.name}+0x${(address - symbol.address).toString(16)}`;
}

const seed = options.seed ? () => new Uint8Array(randomBytes(32)) : () => new Uint8Array(32).fill(7);
const machine = new Machine({
  memory: Number(options.memory) << 20,
  vendor: 'AuthenticAMD',
  processors: Number(options.cpus),
  inputs: new RecordingInputs(),
  startTime: () => encodeStartTime(1_700_000_000),
  entropy: () => seed().slice(0, 8),
});
machine.listen('com1', (bytes) => {
  if (!options.quiet) process.stdout.write(bytes);
});
const initrd =
  options.busybox !== undefined
    ? busyboxRamdisk(options.busybox)
    : options.initrd === undefined
      ? undefined
      : readFileSync(options.initrd);
const protocol = bootKernel(
  { core: machine.core, memory: machine.memory, seed },
  {
    kernel: readFileSync(options.kernel),
    initrd,
    commandLine: options.legacy ? `${options.append} ${LEGACY}` : options.append,
    ...(options.protected ? { entry: 'protected' as const } : {}),
  },
);

const symbols = options.symbols === undefined ? [] : readSymbols(options.symbols);
const REGISTERS = [
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsp',
  'rbp',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];

function describe(): string {
  const { core } = machine;
  const rip = core.get64('rip');
  const registers = REGISTERS.map((name, i) => `${name}=${core.get64('gpr', i).toString(16)}`).join(' ');
  return `${machine.icount} rip=${rip.toString(16)}${nameOf(symbols, rip)} cpl=${core.get('cpl')} fl=${core.rflags.toString(16)} ${registers}`;
}

const limit = Number(options.limit);
const [traceFrom, traceTo] = (options.trace ?? 'Infinity:0').split(':').map(Number) as [number, number];
const began = performance.now();
let outcome = machine.run({ icount: Math.min(limit, traceFrom, Number(options.slice)) });
while (outcome.kind === 'limit' && machine.icount < limit) {
  if (machine.icount >= traceFrom && machine.icount < traceTo) {
    process.stderr.write(`${describe()}\n`);
    outcome = machine.run({ icount: machine.icount + 1 });
  } else {
    const next = machine.icount < traceFrom ? traceFrom : limit;
    outcome = machine.run({ icount: Math.min(next, limit, machine.icount + Number(options.slice)) });
  }
}
const seconds = (performance.now() - began) / 1000;
const mips = machine.icount / seconds / 1e6;
process.stderr.write(`${describe()}\n`);
process.stderr.write(
  `${protocol}: ${JSON.stringify(outcome)} after ${machine.icount} instructions, ${seconds.toFixed(1)} s, ${mips.toFixed(0)} MIPS\n`,
);
if (options.hash) process.stderr.write(`state ${stateHash(machine)}\n`);
