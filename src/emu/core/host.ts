// What the core calls. Imports of module "host"; every one is called with the instruction count up to date
// (state.icount), from an instruction that ends its block or through the slow memory path.

/** IN: size is 1, 2 or 4 bytes. */
@external("host", "portIn")
export declare function portIn(port: u32, size: u32): u32;

@external("host", "portOut")
export declare function portOut(port: u32, size: u32, value: u32): void;

/** Physical address outside RAM, size 1, 2 or 4, never across a 4-byte boundary. */
@external("host", "mmioRead")
export declare function mmioRead(address: u32, size: u32): u32;

@external("host", "mmioWrite")
export declare function mmioWrite(address: u32, size: u32, value: u32): void;

/** Vector of the interrupt that INTR announces, -1 if it has gone. */
@external("host", "acknowledgeInterrupt")
export declare function acknowledgeInterrupt(): i32;

/** RDMSR of an index the core does not hold: 1 and the value in state.hostValue, or 0 for #GP. */
@external("host", "msrRead")
export declare function msrRead(index: u32): i32;

/** WRMSR of an index the core does not hold, value in state.hostValue: 1, or 0 for #GP. */
@external("host", "msrWrite")
export declare function msrWrite(index: u32): i32;

/** CR8 was written: the local APIC's task priority class is now `value`. */
@external("host", "tprChanged")
export declare function tprChanged(value: u32): void;
