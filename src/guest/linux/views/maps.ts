import { type KernelStructures, NotKnown, orNote } from './kernel.ts';
import { filePath } from './paths.ts';

/** A mapping of a process, as a line of /proc/PID/maps. */
export interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  /** `rwxp` or `rwxs`. */
  readonly permissions: string;
  /** Bytes into the file. */
  readonly offset: bigint;
  readonly inode: bigint;
  /** Path, `[heap]`, `[stack]`, `[vdso]`, or empty. */
  readonly name: string;
}

export interface MappingList {
  readonly mappings: readonly Mapping[];
  readonly notes: readonly string[];
}

/** Mappings of a task (address of its task_struct), ascending. Kernel threads have none. */
export function readMaps(kernel: KernelStructures, task: bigint): MappingList {
  const notes: string[] = [];
  const mm = orNote(notes, 'maps', () => kernel.value(task, 'task_struct', 'mm')) ?? 0n;
  if (mm === 0n) return { mappings: [], notes };
  const areas = orNote(notes, 'maps', () => [...areasOf(kernel, mm)]) ?? [];
  const mappings = areas.flatMap((area) => {
    const mapping = orNote(notes, `area at 0x${area.toString(16)}`, () => readArea(kernel, mm, area));
    return mapping === undefined ? [] : [mapping];
  });
  return { mappings, notes };
}

/** From 6.1 in a maple tree, before on a list. */
function areasOf(kernel: KernelStructures, mm: bigint): Iterable<bigint> {
  if (kernel.has('mm_struct', 'mm_mt')) return mapleEntries(kernel, kernel.at(mm, 'mm_struct', 'mm_mt'));
  return listedAreas(kernel, mm);
}

function* listedAreas(kernel: KernelStructures, mm: bigint): Generator<bigint> {
  for (let area = kernel.value(mm, 'mm_struct', 'mmap'); area !== 0n; ) {
    yield area;
    area = kernel.value(area, 'vm_area_struct', 'vm_next');
  }
}

const NODE_MASK = 0xffn;

/** Entries of a maple tree that are not empty (include/linux/maple_tree.h): a node's pointer carries its type in bits 3 to 6. */
function* mapleEntries(kernel: KernelStructures, tree: bigint): Generator<bigint> {
  const root = kernel.value(tree, 'maple_tree', 'ma_root');
  if ((root & 3n) === 2n && root > 4096n)
    yield* mapleNode(kernel, root, (1n << BigInt(8 * kernel.memory.pointerBytes)) - 1n);
  else if (root !== 0n) yield root;
}

function* mapleNode(kernel: KernelStructures, encoded: bigint, max: bigint): Generator<bigint> {
  const node = encoded & ~NODE_MASK;
  const type = Number((encoded >> 3n) & 0xfn);
  const leaf = type === kernel.enumerator('maple_leaf_64');
  const struct = type === kernel.enumerator('maple_arange_64') ? 'maple_arange_64' : 'maple_range_64';
  if (type < kernel.enumerator('maple_leaf_64')) throw new NotKnown('a maple node of a kind that mappings do not use');
  const pivots = kernel.member(struct, 'pivot');
  const slots = kernel.member(struct, 'slot');
  const { pointerBytes } = kernel.memory;
  for (let i = 0; i < slots.elements!.count; i++) {
    const pivot = i < pivots.elements!.count ? kernel.word(node + BigInt(pivots.offset + pointerBytes * i)) : max;
    // A pivot of 0 behind the first is the end of what the node holds.
    const end = (pivot === 0n && i > 0) || pivot > max ? max : pivot;
    const slot = kernel.word(node + BigInt(slots.offset + pointerBytes * i));
    if (slot !== 0n) {
      if (!leaf) yield* mapleNode(kernel, slot, end);
      else if ((slot & 3n) === 0n) yield slot;
    }
    if (end === max) return;
  }
}

/** VM_READ, VM_WRITE, VM_EXEC, VM_SHARED (include/linux/mm.h): the same in every version. */
const FLAG = { read: 1n, write: 2n, execute: 4n, shared: 8n } as const;

function readArea(kernel: KernelStructures, mm: bigint, area: bigint): Mapping {
  const value = (path: string): bigint => kernel.value(area, 'vm_area_struct', path);
  const flags = value('vm_flags');
  const letter = (flag: bigint, yes: string, no = '-'): string => ((flags & flag) === 0n ? no : yes);
  const file = value('vm_file');
  const [start, end] = [value('vm_start'), value('vm_end')];
  return {
    start,
    end,
    permissions: `${letter(FLAG.read, 'r')}${letter(FLAG.write, 'w')}${letter(FLAG.execute, 'x')}${letter(FLAG.shared, 's', 'p')}`,
    offset: file === 0n ? 0n : value('vm_pgoff') * 4096n,
    inode: file === 0n ? 0n : kernel.value(kernel.value(file, 'file', 'f_inode'), 'inode', 'i_ino'),
    name: file === 0n ? areaName(kernel, mm, area, start, end) : filePath(kernel, file),
  };
}

function areaName(kernel: KernelStructures, mm: bigint, area: bigint, start: bigint, end: bigint): string {
  const operations = kernel.value(area, 'vm_area_struct', 'vm_ops');
  if (operations !== 0n && operations === kernel.symbols.address('special_mapping_vmops'))
    return kernel.text(kernel.value(area, 'vm_area_struct', 'vm_private_data'), 'vm_special_mapping', 'name');
  const place = (path: string): bigint => kernel.value(mm, 'mm_struct', path);
  if (start <= place('brk') && end >= place('start_brk')) return '[heap]';
  const stack = place('start_stack');
  return start <= stack && stack < end ? '[stack]' : '';
}
