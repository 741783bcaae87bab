// Where everything lies in the encoder's memory. Each place is as large as it can ever have to be, so nothing is checked
// or moved while a chunk fills; pages that are never touched cost nothing.
import { REGION_RAM_SIZE } from "../../emu/core/generated/layout";
import { GIVEN_SLOTS, RECORD_LIMIT } from "../../emu/core/generated/monitor-layout";

/**
 * A chunk is full at so many events, captures, bytes of dirtied pages, or other captured bytes; the last record may exceed all but
 * the first. Pages have more: the more often one comes in a chunk, the more often a few of its lines tell it.
 */
export const CHUNK_EVENTS: u32 = 0x1_0000;
export const CHUNK_CAPTURES: u32 = 0x2_0000;
export const CHUNK_PAGE_BYTES: u32 = 0x80_0000;
export const CHUNK_CAPTURE_BYTES: u32 = 0x40_0000;
/** A record has no room for more captures than that. */
const CAPTURES: u32 = CHUNK_CAPTURES + 0x3000;

/** Raw records to be encoded: room for the longest one. */
export const INPUT: usize = 0x1_0000;
export const INPUT_BYTES: u32 = RECORD_LIMIT;

// Hash tables of row numbers plus one, 0 being free; at least twice as many slots as rows.
export const SLOTS: u32 = 2 * CHUNK_EVENTS;
export const SHAPE_SLOTS: u32 = 0x8_0000;
export const TASK_TABLE: usize = INPUT + INPUT_BYTES;
export const SITE_TABLE: usize = TASK_TABLE + 4 * SLOTS;
export const PATTERN_TABLE: usize = SITE_TABLE + 4 * SLOTS;
export const SHAPE_TABLE: usize = PATTERN_TABLE + 4 * SLOTS;

// What of a record is compared with the one before: everything from rflags on, registers in the record's own order.
export const STATE_FROM: usize = 40;

/** A task: its pointer, the site of its last event plus one, what its last record said. */
export const TASK_site: usize = 8;
export const TASK_state: usize = 16;
export const TASK_BYTES: u32 = 192;
/** A site: RIP, what else tells it from others, the site that followed it plus one, ... */
export const SITE_key: usize = 8;
export const SITE_next: usize = 16;
/** ... its events, its last call plus one and the row of that, its last pattern, what its last record said. */
export const SITE_events: usize = 20;
export const SITE_call: usize = 24;
export const SITE_callRow: usize = 28;
export const SITE_pattern: usize = 32;
export const SITE_state: usize = 40;
export const SITE_BYTES: u32 = 208;
export const SHAPE_BYTES: u32 = 16;
export const TASKS: usize = SHAPE_TABLE + 4 * SHAPE_SLOTS;
export const SITES: usize = TASKS + TASK_BYTES * CHUNK_EVENTS;
export const PATTERNS: usize = SITES + SITE_BYTES * CHUNK_EVENTS;
export const SHAPES: usize = PATTERNS + 8 * CHUNK_EVENTS;
/** A call as summaries name it: its name, calls that are put down and others, the first and the last of those that are, ... */
export const CALL_count: usize = 4;
export const CALL_others: usize = 8;
export const CALL_first: usize = 12;
export const CALL_last: usize = 16;
/** ... and its place in the table. */
export const CALL_place: usize = 20;
export const CALL_BYTES: u32 = 24;
export const CALLS: usize = SHAPES + SHAPE_BYTES * CAPTURES;
export const CALL_TABLE: usize = CALLS + CALL_BYTES * CHUNK_EVENTS;
/** What a task is in: nothing so far, none, or 2 + the row of its call; the event by which it entered it, and when. */
export const IN_call: usize = 0;
export const IN_entry: usize = 4;
export const IN_time: usize = 8;
export const IN_BYTES: u32 = 16;
export const IN: usize = CALL_TABLE + 4 * SLOTS;
/** A call that is put down: the next of its kind plus one, rows of its events and of its task, its error, how long it took. */
export const ENDED_next: usize = 0;
export const ENDED_entry: usize = 4;
export const ENDED_exit: usize = 8;
export const ENDED_task: usize = 12;
export const ENDED_error: usize = 16;
export const ENDED_duration: usize = 24;
export const ENDED_BYTES: u32 = 32;
export const ENDED: usize = IN + IN_BYTES * CHUNK_EVENTS;

/** Kernel addresses that events tell as values: a hash table of them, 0 being free. */
export const MOST_KERNEL_VALUES: u32 = 0x4000;
export const KERNEL_VALUE_SLOTS: u32 = 2 * MOST_KERNEL_VALUES;
export const KERNEL_VALUES: usize = ENDED + ENDED_BYTES * (CHUNK_EVENTS / 2);

/** Contents of pages that were given last, and whose they are: page number plus one, and the chunk that holds all of it. */
export const GIVEN_PAGES: usize = (KERNEL_VALUES + 8 * KERNEL_VALUE_SLOTS + 4095) & ~4095;
export const GIVEN_OWNERS: usize = GIVEN_PAGES + 4096 * GIVEN_SLOTS;
export const GIVEN_owner: usize = 0;
export const GIVEN_chunk: usize = 4;
export const GIVEN_BYTES: u32 = 8;

export const MOST_PAGES: u64 = REGION_RAM_SIZE >> 12;

// Columns, in the order in which chunk-encoder.ts names them; the registers' follow.
export const COLUMN_siteDictionary: u32 = 0;
export const COLUMN_site: u32 = 1;
export const COLUMN_taskDictionary: u32 = 2;
export const COLUMN_task: u32 = 3;
export const COLUMN_icount: u32 = 4;
export const COLUMN_time: u32 = 5;
export const COLUMN_patternDictionary: u32 = 6;
export const COLUMN_pattern: u32 = 7;
export const COLUMN_captureCount: u32 = 8;
export const COLUMN_captureShapeDictionary: u32 = 9;
export const COLUMN_captureShape: u32 = 10;
export const COLUMN_captureAddressSource: u32 = 11;
export const COLUMN_captureAddress: u32 = 12;
export const COLUMN_captureLength: u32 = 13;
export const COLUMN_captureMissing: u32 = 14;
export const COLUMN_captureBytes: u32 = 15;
export const COLUMN_registers: u32 = 16;
export const REGISTERS: u32 = 21;
/** What task events say: of the summary. */
export const COLUMN_namings: u32 = COLUMN_registers + REGISTERS;
/** Calls that are put down, of one kind after the other: of the frame behind that of the events. */
export const COLUMN_calls: u32 = COLUMN_namings + 1;
export const COLUMNS: u32 = COLUMN_calls + 1;

/** Bytes of the longest varint of 64 bits. */
const LONGEST: u32 = 10;
/** Ends of columns that grow alike shall not compete for the same lines of a cache. */
const STAGGER: u32 = 320;
const COLUMN_AREA: usize = GIVEN_OWNERS + GIVEN_BYTES * GIVEN_SLOTS;

function mostBytes(column: u32): u32 {
  if (column == COLUMN_captureBytes) return CHUNK_CAPTURE_BYTES + CHUNK_PAGE_BYTES + 2 * RECORD_LIMIT;
  if (column == COLUMN_namings) return CHUNK_CAPTURE_BYTES + RECORD_LIMIT + CHUNK_EVENTS * 5 * LONGEST;
  if (column == COLUMN_calls) return (CHUNK_EVENTS / 2) * 6 * LONGEST;
  if (column == COLUMN_siteDictionary) return CHUNK_EVENTS * 20;
  if (column >= COLUMN_captureShapeDictionary && column < COLUMN_captureBytes) return CAPTURES * (LONGEST + 3);
  return CHUNK_EVENTS * LONGEST;
}

/** Where each column begins, and behind its last byte. */
export const BEGINS: usize = memory.data(4 * 39);
export const ENDS: usize = memory.data(4 * 39);

/** Lays out the columns. */
export function placeColumns(): void {
  let at: usize = COLUMN_AREA;
  for (let column: u32 = 0; column < COLUMNS; column++) {
    store<u32>(BEGINS + (column << 2), <u32>at);
    store<u32>(ENDS + (column << 2), <u32>at);
    at += mostBytes(column) + STAGGER;
  }
  const pages = <i32>((at + 0xffff) >> 16);
  if (pages > memory.size()) memory.grow(pages - memory.size());
}

/** Empties them. */
export function clearColumns(): void { memory.copy(ENDS, BEGINS, 4 * COLUMNS); }
