// The entries and returns of each task of a chunk, put together: call-pairs.ts is its other end.

// What the events of a site mean here: PAIR_ACTION in call-pairs.ts.
const ENTERS: u32 = 1;
const RETURNS: u32 = 2;
const ENTERS_ALONE: u32 = 3;
const BEGINS: u32 = 4;

// Of a call: PAIR_MARK in call-pairs.ts.
const WANTED: u32 = 1;
const NEVER_RETURNS: u32 = 2;

/** In no call; has done nothing here so far; what its task did next tells that it did not return. */
const NONE: i32 = -1;
const UNTOUCHED: i32 = -2;
const LEFT: i32 = -3;

/**
 * Lays two rows a call, that of its entry and that of its return, in the order of what comes last: UNTOUCHED for the entry of a
 * return that is the first thing a task does here, NONE for the return of a call that has none, LEFT for that of one in which its
 * task was when another began under its pointer, or when it entered the next. `pending` has a word a task: where it entered what it
 * is in. `actions` has a byte a site, `bases` a word: where in `marks` those of its calls begin, `width` of them. `numbers` has two words a row. Gives how many calls there are.
 */
export function pairs(
  task: usize, site: usize, count: u32, actions: usize, bases: usize, marks: usize, width: u32, numbers: usize, blocked: usize,
  pending: usize, to: usize,
): u32 {
  const first = to;
  for (let row: u32 = 0; row < count; row++) {
    const own = load<u32>(site + (row << 2));
    const action = u32(load<u8>(actions + own));
    if (action == 0) continue;
    const whose = load<u32>(task + (row << 2));
    if (load<u8>(blocked + whose) != 0) continue;
    const state = pending + (whose << 2);
    if (action == RETURNS) {
      const entry = load<i32>(state);
      if (entry == NONE) continue;
      store<i32>(state, NONE);
      store<i32>(to, entry);
      store<i32>(to, row, 4);
      to += 8;
      continue;
    }
    if (action != ENTERS_ALONE) {
      const entry = load<i32>(state);
      store<i32>(state, NONE);
      if (entry >= 0) {
        store<i32>(to, entry);
        store<i32>(to, LEFT, 4);
        to += 8;
      }
      if (action == BEGINS) continue;
    }
    const number = load<u32>(numbers + (row << 3));
    const mark = u32(load<u8>(marks + load<u32>(bases + (own << 2)) + (number < width ? number : width - 1)));
    const wanted = (mark & WANTED) != 0;
    const alone = action == ENTERS_ALONE;
    if (!alone && wanted && (mark & NEVER_RETURNS) == 0) store<i32>(state, <i32>row);
    if (wanted && (alone || (mark & NEVER_RETURNS) != 0)) {
      store<i32>(to, row);
      store<i32>(to, NONE, 4);
      to += 8;
    }
  }
  return u32((to - first) >> 3);
}
