// By page of RAM the write entries that let writes to it through without a look, whosever they are: so a page that is to be looked
// at from now on, as every new page table of a followed page, needs no walk through all entries there are. Known is what was
// let through while somebody watches writes; who begins to marks all entries.
import { REGION_OPEN_WRITES, REGION_VCPUS, VCPU_SLOT } from "./generated/layout";
import { ramAddress } from "./mmu";
import { letsWritesTo, markEntry, markWritesTo } from "./tlb";

/** Numbers of entries, two u16 a page: one by which the kernel fills the page, one of the program's. */
const NONE: u32 = 0;
/** More than two, which only the walk finds. Like 0 it is the number of an entry of a read table. */
const MORE: u32 = 1;

/** Tables lie in the first half of a virtual CPU's slot. */
const NUMBERS: u32 = VCPU_SLOT >> 5;

function numberOf(entry: usize): u32 {
  const at = <u32>(entry - REGION_VCPUS);
  return (at / VCPU_SLOT) * NUMBERS + ((at % VCPU_SLOT) >> 4);
}

function entryOfNumber(number: u32): usize {
  return REGION_VCPUS + <usize>((number / NUMBERS) * VCPU_SLOT + ((number % NUMBERS) << 4));
}

// @ts-ignore: decorator
@inline function numbersOf(physical: u64): usize { return REGION_OPEN_WRITES + (<usize>(physical >> 12) << 2); }
// @ts-ignore: decorator
@inline function isOpen(number: u32, host: u32): bool { return number != NONE && letsWritesTo(entryOfNumber(number), host); }

/** The entry of a write table lets writes to the page through. To be told whenever one does, while somebody watches writes. */
export function pageOpened(entry: usize, physical: u64): void {
  const numbers = numbersOf(physical), number = numberOf(entry);
  const first: u32 = load<u16>(numbers), second: u32 = load<u16>(numbers, 2);
  if (first == number || second == number || first == MORE) return;
  const host = <u32>ramAddress(physical & ~4095);
  if (!isOpen(first, host)) store<u16>(numbers, <u16>number);
  else if (!isOpen(second, host)) store<u16>(numbers, <u16>number, 2);
  else store<u16>(numbers, <u16>MORE);
}

/** The next write to the page takes the slow path, whose ever it is and by whatever address; the translations stay. */
export function closePage(physical: u64): void {
  const numbers = numbersOf(physical);
  const first: u32 = load<u16>(numbers), second: u32 = load<u16>(numbers, 2);
  const host = <u32>ramAddress(physical & ~4095);
  store<u32>(numbers, 0);
  if (first == MORE) {
    markWritesTo(host);
    return;
  }
  if (isOpen(first, host)) markEntry(entryOfNumber(first));
  if (isOpen(second, host)) markEntry(entryOfNumber(second));
}
