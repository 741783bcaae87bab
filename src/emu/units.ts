/** Address in the guest's physical address space. */
export type GuestPhys = number;

/** Address in a guest's linear (virtual) address space. */
export type GuestVirt = bigint;

/** Instructions retired since reset. Exact as a number up to 2^53 (104 days of guest time). */
export type Icount = number;

/** Virtual nanoseconds since reset: instructions retired plus time skipped while halted. */
export type Nanoseconds = number;
