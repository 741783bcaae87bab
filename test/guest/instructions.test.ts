// Every access and load that is trapped, each once, on a kernel that makes them in a known order.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { assembledKernel, assembler } from '../support/assembled-kernel.ts';
import { scratch, trapline } from '../support/guest.ts';

it.skipIf(!assembler)('traps see each instruction of a kernel once, with what it did', () => {
  const folder = scratch();
  const [kernel, trace] = [assembledKernel('instructions', folder), join(folder, 'instructions.trap')];
  const traps = 'int,port-io,mmio,control,sensitive,rdtsc,cpuid,page-write,register';
  const watches = ['--watch', 'phys:0x180000+8', '--watch', 'reg:rbx=0xb'];
  const alone = ['--kernel', kernel, '--memory', '64M'];
  trapline(['record', '-q', '-o', trace, ...alone, '--traps', traps, ...watches], { input: null });
  const lines = trapline(['replay', trace]).stdout.trim().split('\n');
  // Code addresses are the assembler's.
  const told = lines.map((line) => line.replace(/^\[\? \?\] (\*\*\* )?/, '').replace(/ at 0x[0-9a-f]+$/, ''));
  expect(told.map((line) => line.replace(/^(rdtsc: rdtsc) .*/, '$1').replace(/r[sd][ipx]=\w+/g, ''))).toEqual(EXPECTED);
});

it.skipIf(!assembler)('accesses to devices are told as they are made, wide, repeated and backwards', () => {
  const folder = scratch();
  const [kernel, trace] = [assembledKernel('wide-accesses', folder), join(folder, 'wide.trap')];
  const alone = ['--kernel', kernel, '--memory', '64M'];
  trapline(['record', '-q', '-o', trace, ...alone, '--traps', 'port-io,mmio'], { input: null });
  const lines = trapline(['replay', trace]).stdout.trim().split('\n');
  const told = lines.map((line) => line.replace(/^\[\? \?\] \*\*\* /, '').replace(/ at 0x[0-9a-f]+$/, ''));
  expect(told).toEqual(WIDE);
});

// biome-ignore format: a list
const EXPECTED = [
  'control: gdtr <- 0x100380, limit 0x3f',
  'sensitive: jmp far <ea340010000800>',
  'sensitive: mov segment <8ed8>',
  'sensitive: mov segment <8ec0>',
  'sensitive: mov segment <8ed0>',
  'sensitive: mov segment <8ee0>',
  'sensitive: mov segment <8ee8>',
  'control: tr <- 0x28',
  'control: ldtr <- 0x30',
  'control: idtr <- 0x1003f0, limit 0x407',
  'control: cr0 <- 0x31',
  'sensitive: smsw <660f01e0>',
  'control: cr0 <- 0x39',
  'control: cr0 <- 0x31',
  'rdtsc: rdtsc',
  'control: msr 0x277 (PAT) <- 0x7040600070406',
  'control: cr4 <- 0x40600',
  'control: xcr0 <- 0x3',
  'sensitive: sgdt <0f010568081000>',
  'sensitive: sidt <0f010d68081000>',
  'sensitive: sldt <0f000568081000>',
  'sensitive: str <0f000d68081000>',
  'port-io: out 0x80 (nobody), 1 byte <- 0x5a',
  'port-io: out 0x81 (nobody), 2 bytes <- 0x1234',
  'port-io: out 0x81 (nobody), 4 bytes <- 0x12345678',
  'port-io: in 0x80 (nobody), 4 bytes -> 0xffffffff',
  'port-io: outs 0x80 (nobody), 1 byte <- 0x61',
  'port-io: outs 0x80 (nobody), 1 byte <- 0x62',
  'port-io: outs 0x80 (nobody), 1 byte <- 0x63',
  'port-io: outs 0x80 (nobody), 2 bytes <- 0x6261',
  'port-io: outs 0x80 (nobody), 2 bytes <- 0x6463',
  'port-io: outs 0x80 (nobody), 4 bytes <- 0x64636261',
  'port-io: ins 0x61 (pit), 1 byte -> 0x0',
  'port-io: ins 0x61 (pit), 1 byte -> 0x0',
  'port-io: ins 0x61 (pit), 1 byte -> 0x0',
  'port-io: in 0x3ff (com1), 2 bytes -> 0xff00',
  'port-io: in 0x3fe (com1), 4 bytes -> 0xffff00b0',
  'mmio: read 0xfee00030 (apic0), 4 bytes -> 0x50014',
  'mmio: write 0xfee000f0 (apic0), 4 bytes <- 0x1ff',
  'mmio: read 0xfee00030 (apic0), 1 byte -> 0x14',
  'mmio: read 0xfee00021 (apic0), 4 bytes -> 0x0',
  'mmio: read 0xfee00030 (apic0), 4 bytes -> 0x50014',
  'mmio: read 0xfec00000 (ioapic), 4 bytes -> 0x0',
  'mmio: write 0xfec00000 (ioapic), 4 bytes <- 0x1',
  'mmio: read 0xfec00010 (ioapic), 4 bytes -> 0x170020',
  'page-write: phys:0x180000+8: 0x180000, 4 bytes, 0x0 -> 0x1',
  'page-write: phys:0x180000+8: 0x180000, 4 bytes, 0x1 -> 0x2',
  'page-write: phys:0x180000+8: 0x180003, 4 bytes, 0x0 -> 0x170020',
  'page-write: phys:0x180000+8: 0x180000, 4 bytes, 0x20000002 -> 0x20000002',
  'sensitive: call far <9ac40210000800>',
  'page-write: phys:0x180000+8: 0x180000, 4 bytes, 0x20000002 -> 0x77',
  'sensitive: call far <9ada0210000800>',
  'page-write: phys:0x180000+8: 0x180004, 4 bytes, 0x1700 -> 0x8',
  'page-write: phys:0x180000+8: 0x180000, 4 bytes, 0x77 -> 0x1002da',
  'sensitive: mov segment <8ed8>',
  'sensitive: mov segment <8ec0>',
  'register: reg:rbx=0xb: rbx, 0xfee00000 -> 0xb',
  'sensitive: int n <cd30>',
  'syscall_0x100(rbx=0xb, rcx=0, , , , rbp=0) = 0x101',
  'sensitive: int n <cd40>',
  'syscall_0x101(rbx=0xb, rcx=0, , , , rbp=0) = 0x103',
  'sensitive: int n <cd80>',
  'syscall_0x103(rbx=0xb, rcx=0, , , , rbp=0) = 0x106',
  'sensitive: int n <cd2e>',
  'syscall_0x106(rbx=0xb, rcx=0, , , , rbp=0) = 0x10a',
  'sensitive: call far <9a000000003b00>',
  'syscall_0x10a(rbx=0xb, rcx=0, , , , rbp=0 <unfinished ...>',
  'sensitive: ret far <ca0800>',
  '<... syscall_0x10a resumed>)            = 0x10f',
  'sensitive: int n <66cd30>',
  'syscall_0x10f(rbx=0xb, rcx=0, , , , rbp=0) = 0x110',
  'sensitive: pushf <9c>',
  'sensitive: popf <9d>',
  'sensitive: sgdt <0f010568081000>',
  'sensitive: mov segment <668cd8>',
  'sensitive: mov segment <8ec0>',
  'sensitive: push segment <1e>',
  'sensitive: pop segment <0fa1>',
  'sensitive: lar <0f02c8>',
  'sensitive: lsl <0f03c8>',
  'sensitive: verr <0f00e0>',
  'sensitive: verw <0f00e8>',
  'sensitive: call far <9a640310001b00>',
  'sensitive: jmp far <ea6b0310001b00>',
  'cpuid: leaf 0x23 -> eax=0x0 ebx=0x0 ecx=0x0 edx=0x0',
  'sensitive: int n <cd80>',
  'syscall_0x200(rbx=0, rcx=0, , , , rbp=0) = 0x203',
  'port-io: out 0xf4 (test-device), 1 byte <- 0x0',
];

// biome-ignore format: a list
const WIDE = [
  'mmio: read 0xfee00020 (apic0), 4 bytes -> 0x0',
  'mmio: read 0xfee00024 (apic0), 4 bytes -> 0x0',
  'mmio: read 0xfee00028 (apic0), 4 bytes -> 0x0',
  'mmio: write 0xfee000f0 (apic0), 4 bytes <- 0x1ff',
  'mmio: write 0xfee000f4 (apic0), 4 bytes <- 0x1ff',
  'mmio: read 0xfee00030 (apic0), 8 bytes -> 0x50014',
  'mmio: write 0xfee000f0 (apic0), 8 bytes <- 0x50014',
  'mmio: read 0xfee00020 (apic0), 8 bytes -> 0x0',
  'mmio: read 0xfee00028 (apic0), 8 bytes -> 0x0',
  'mmio: write 0xfee000f0 (apic0), 8 bytes <- 0x0',
  'mmio: write 0xfee000f8 (apic0), 8 bytes <- 0x0',
  'mmio: read 0xfee000f0 (apic0), 4 bytes -> 0x0',
  'mmio: write 0xfee000f0 (apic0), 4 bytes <- 0x100',
  'mmio: read 0xfee000f0 (apic0), 4 bytes -> 0x100',
  'mmio: write 0xfee000f0 (apic0), 4 bytes <- 0x1ff',
  'mmio: read 0xfee00030 (apic0), 4 bytes -> 0x50014',
  'mmio: write 0xfee000f0 (apic0), 4 bytes <- 0x50014',
  'mmio: read 0xfee00030 (apic0), 8 bytes -> 0x50014',
  'mmio: read 0xfee00038 (apic0), 2 bytes -> 0x0',
  'mmio: write 0xfee000f3 (apic0), 2 bytes <- 0x1234',
  'port-io: ins 0x80 (nobody), 4 bytes -> 0xffffffff',
  'port-io: ins 0x80 (nobody), 4 bytes -> 0xffffffff',
  'port-io: outs 0x80 (nobody), 4 bytes <- 0xffffffff',
  'port-io: outs 0x80 (nobody), 4 bytes <- 0xffffffff',
  'mmio: read 0xfee00030 (apic0), 4 bytes -> 0x50014',
  'port-io: outs 0x80 (nobody), 4 bytes <- 0x50014',
  'port-io: ins 0x80 (nobody), 4 bytes -> 0xffffffff',
  'mmio: write 0xfee000f0 (apic0), 4 bytes <- 0xffffffff',
  'port-io: outs 0x80 (nobody), 4 bytes <- 0xffffffff',
  'port-io: outs 0x80 (nobody), 4 bytes <- 0xffffffff',
  'port-io: out 0xf4 (test-device), 1 byte <- 0x0',
];
