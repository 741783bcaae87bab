/** What a processor's own registers say of the system that runs on it: all as the guest set them. */
export interface ProcessorFacts {
  readonly longMode: boolean;
  readonly paging: boolean;
  readonly gdt: { readonly base: bigint; readonly limit: number };
  readonly idt: { readonly base: bigint; readonly limit: number };
  /** 64-bit and compatibility-mode SYSCALL entry, and SYSENTER's. */
  readonly lstar: bigint;
  readonly cstar: bigint;
  readonly sysenterEip: bigint;
  /** Base of page-table walks of the kernel. */
  readonly cr3: bigint;
}
