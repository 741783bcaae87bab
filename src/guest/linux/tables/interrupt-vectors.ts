// Source: arch/x86/include/asm/irq_vectors.h of Linux 6.1 (facts of the interface between processor and kernel). The names
// are those of /proc/interrupts. Vectors below are given to devices as they come.

export const INTERRUPT_VECTORS: ReadonlyMap<number, string> = new Map([
  [0xec, 'local timer'],
  [0xed, 'Hyper-V stimer0'],
  [0xee, 'Hyper-V reenlightenment'],
  [0xf0, 'nested posted interrupt'],
  [0xf1, 'posted interrupt wakeup'],
  [0xf2, 'posted interrupt notification'],
  [0xf3, 'hypervisor callback'],
  [0xf4, 'deferred error'],
  [0xf6, 'IRQ work'],
  [0xf7, 'platform'],
  [0xf8, 'reboot'],
  [0xf9, 'threshold APIC'],
  [0xfa, 'thermal event'],
  [0xfb, 'single function call'],
  [0xfc, 'function call'],
  [0xfd, 'rescheduling'],
  [0xfe, 'APIC error'],
  [0xff, 'spurious'],
]);
