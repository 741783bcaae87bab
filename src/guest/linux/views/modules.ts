import { type KernelStructures, NotKnown, orNote } from './kernel.ts';

/** Ways in which a module is found. `scan`: something in module memory has the shape of one. */
export type ModuleSource = 'list' | 'addresses' | 'sysfs' | 'scan';

export interface KernelModule {
  /** Its struct module. */
  readonly address: bigint;
  readonly name: string;
  /** Bytes, as lsmod counts them. */
  readonly size: number;
  /** How many use it. */
  readonly references: number;
  readonly state: string;
  /** Where its code is. */
  readonly text: { readonly start: bigint; readonly end: bigint };
  readonly foundBy: readonly ModuleSource[];
  /** Sources that should have it and don't: not empty means that it hides. */
  readonly hiddenFrom: readonly ModuleSource[];
}

export interface ModuleList {
  readonly modules: readonly KernelModule[];
  readonly notes: readonly string[];
}

/** Every module that any of the kernel's structures, or its memory, knows of. */
export function readModules(kernel: KernelStructures): ModuleList {
  const notes: string[] = [];
  const sources: readonly (readonly [ModuleSource, () => Iterable<bigint>])[] = [
    ['list', () => kernel.list(kernel.symbol('modules'), 'module', 'list')],
    ['addresses', () => modulesByAddress(kernel)],
    ['sysfs', () => modulesInSysfs(kernel)],
    ['scan', () => modulesInMemory(kernel)],
  ];
  const found = new Map<bigint, Set<ModuleSource>>();
  const complete = new Set<ModuleSource>();
  for (const [source, read] of sources) {
    const all = orNote(notes, `modules by ${source}`, () => [...read()]);
    if (all === undefined) continue;
    complete.add(source);
    for (const address of all) found.set(address, (found.get(address) ?? new Set()).add(source));
  }
  const modules = [...found].flatMap(
    ([address, by]) =>
      orNote(notes, `module at 0x${address.toString(16)}`, () => readModule(kernel, address, [...by], complete)) ?? [],
  );
  return { modules, notes };
}

/** The tree in which the kernel looks up whose code an address is. */
function* modulesByAddress(kernel: KernelStructures): Generator<bigint> {
  const latch = kernel.at(kernel.symbol('mod_tree'), 'mod_tree_root', 'root');
  const tree = kernel.at(latch, 'latch_tree_root', 'tree');
  for (const node of kernel.tree(tree, 'latch_tree_node', 'node')) {
    const inModule = kernel.container(node, 'mod_tree_node', 'node');
    const owner = kernel.value(inModule, 'mod_tree_node', 'mod');
    // The code of initialisation has a node of its own.
    yield owner;
  }
}

/** /sys/module; what is built in is there too, without a struct module. */
function* modulesInSysfs(kernel: KernelStructures): Generator<bigint> {
  const set = kernel.word(kernel.symbol('module_kset'));
  for (const object of kernel.list(kernel.at(set, 'kset', 'list'), 'kobject', 'entry')) {
    const inModule = kernel.container(object, 'module_kobject', 'kobj');
    const module = kernel.value(inModule, 'module_kobject', 'mod');
    if (module !== 0n) yield module;
  }
}

/** Modules live in the last 1.5 GiB below the fixed mappings (Documentation/x86/x86_64/mm.rst), behind the kernel. */
const MODULES = { start: 0xffff_ffff_a000_0000n, end: 0xffff_ffff_ff00_0000n } as const;
const PAGE = 4096;
/** A struct module is aligned to a cache line. */
const ALIGNMENT = 64;

/** What has a module's name and claims memory in which it itself lies. */
function* modulesInMemory(kernel: KernelStructures): Generator<bigint> {
  const name = kernel.member('module', 'name');
  const size = kernel.size('module');
  const image = kernel.symbols.address('_end') ?? 0n;
  for (const page of kernel.memory.pages(MODULES.start, MODULES.end)) {
    if (page < image) continue;
    const bytes = kernel.bytes(page, PAGE);
    for (let at = 0; at < PAGE; at += ALIGNMENT) {
      const inPage = at + name.offset + name.size <= PAGE;
      if (inPage && !isName(bytes, at + name.offset, name.size)) continue;
      const address = page + BigInt(at);
      const whole = kernel.memory.read(address, size);
      if (whole === undefined || !isName(whole, name.offset, name.size)) continue;
      if (STATES[kernel.number(address, 'module', 'state')] === undefined) continue;
      if (sections(kernel, address).some((section) => isModuleMemory(section) && holds(section, address)))
        yield address;
    }
  }
}

function isName(bytes: Uint8Array, start: number, size: number): boolean {
  let length = 0;
  while (length < size && isNameByte(bytes[start + length]!)) length++;
  return length > 0 && length < size && bytes[start + length] === 0;
}

function isNameByte(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f
  );
}

const holds = ({ start, end }: Section, address: bigint): boolean => start <= address && address < end;

/** Whole pages, where modules are loaded. */
function isModuleMemory({ start, end }: Section): boolean {
  return start >= MODULES.start && end <= MODULES.end && start % BigInt(PAGE) === 0n && end % BigInt(PAGE) === 0n;
}

interface Section {
  readonly start: bigint;
  readonly end: bigint;
}

/** Memory of a module: one piece (two while it starts) up to 6.3, an array of kinds from 6.4; text first. */
function sections(kernel: KernelStructures, module: bigint): Section[] {
  const layout = (address: bigint, struct: string): Section => {
    const start = kernel.value(address, struct, 'base');
    return { start, end: start + BigInt(kernel.number(address, struct, 'size')) };
  };
  if (kernel.has('module', 'core_layout')) {
    return ['core_layout', 'init_layout'].map((path) => layout(kernel.at(module, 'module', path), 'module_layout'));
  }
  const { offset, elements } = kernel.member('module', 'mem');
  return Array.from({ length: elements!.count }, (_, i) =>
    layout(module + BigInt(offset + i * elements!.size), 'module_memory'),
  );
}

/** enum module_state, in its order. */
const STATES = ['Live', 'Loading', 'Unloading', 'Unformed'];

function readModule(
  kernel: KernelStructures,
  address: bigint,
  foundBy: ModuleSource[],
  complete: ReadonlySet<ModuleSource>,
): KernelModule {
  const all = sections(kernel, address);
  const [text] = all;
  if (text === undefined) throw new NotKnown('no memory');
  const state = kernel.number(address, 'module', 'state');
  return {
    address,
    name: kernel.text(address, 'module', 'name'),
    size: all.reduce((sum, { start, end }) => sum + Number(end - start), 0),
    // One reference is the module's own.
    references: kernel.has('module', 'refcnt') ? (kernel.number(address, 'module', 'refcnt.counter') | 0) - 1 : 0,
    state: STATES[state] ?? String(state),
    text,
    foundBy,
    hiddenFrom: (['list', 'addresses', 'sysfs'] as const).filter(
      (source) => complete.has(source) && !foundBy.includes(source),
    ),
  };
}
