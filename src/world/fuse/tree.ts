import { type BigIntStats, closeSync, constants, lstatSync, readdirSync } from 'node:fs';
import { openUntouched } from '../open-untouched.ts';
import type { Attributes } from './wire.ts';

/** A host folder or file and where the guest sees it. */
export interface Share {
  /** Absolute; what lies there is shown as it is, a symbolic link as a symbolic link. */
  readonly host: string;
  /** Absolute, without a slash at its end; `/` is the whole tree. */
  readonly guest: string;
}

/**
 * File names are bytes. Inside the tree they are strings of one character a byte, so that names in any coding, or in
 * none, stay what they are.
 */
function binary(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function hostPath(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

function below(folder: string, name: string): string {
  return `${folder === '/' ? '' : folder}/${name}`;
}

/** Where shares are attached: a tree of names. */
interface Graft {
  host: string | undefined;
  readonly children: Map<string, Graft>;
}

/** A file, folder or link that the guest knows by number. */
export interface Node {
  readonly id: number;
  /** Path in the shared tree, for folders; files may have more than one. */
  readonly path: string;
  /** Absent for folders that only lead to shares. */
  readonly host: string | undefined;
  readonly attributes: Attributes;
  readonly graft: Graft | undefined;
  /** Names in it, once they were asked for. */
  names: readonly Buffer[] | undefined;
  descriptor: number | undefined;
}

const TYPE_MASK = 0o170000;
const TYPE_DIRECTORY = 0o040000;
const TYPE_REGULAR = 0o100000;
/** Each host device after the first gets inode numbers of its own. */
const DEVICE_SHIFT = 48n;
/** Host files kept open at a time. */
const OPEN_FILES = 128;

export function isDirectory({ attributes }: Node): boolean {
  return (attributes.mode & TYPE_MASK) === TYPE_DIRECTORY;
}

export function isRegular({ attributes }: Node): boolean {
  return (attributes.mode & TYPE_MASK) === TYPE_REGULAR;
}

/**
 * The tree that a guest sees: shares attached to each other and to folders that lead to them. The guest names nodes
 * by number and children by one name, symbolic links are its own business, so nothing outside the shares can be
 * named. The host is taken to stand still: what was read once of names and attributes stays.
 */
export class ShareTree {
  private readonly root: Graft = { host: undefined, children: new Map() };
  private readonly nodes = new Map<number, Node>();
  private readonly known = new Map<string, Node>();
  private readonly devices = new Map<bigint, bigint>();
  private readonly open: Node[] = [];

  constructor(shares: readonly Share[]) {
    for (const { host, guest } of shares) this.attach(host, guest);
    this.make('/', this.root.host, this.root);
  }

  /** Undefined if the guest was never told that number. */
  node(id: number): Node | undefined {
    return this.nodes.get(id);
  }

  /** The child of that name, or undefined if there is none. Throws what lstat throws. */
  child(parent: Node, name: Buffer): Node | undefined {
    const text = name.toString('latin1');
    const graft = parent.graft?.children.get(text);
    const path = below(parent.path, text);
    if (graft?.host !== undefined) return this.make(path, graft.host, graft);
    const host = parent.host === undefined ? undefined : below(parent.host, text);
    const there =
      host !== undefined && lstatSync(hostPath(host), { bigint: true, throwIfNoEntry: false }) !== undefined;
    if (graft !== undefined) return this.make(path, there ? host : undefined, graft);
    return there ? this.make(path, host, undefined) : undefined;
  }

  /** Names in a folder, sorted: the host's order may differ from run to run. */
  names(node: Node): readonly Buffer[] {
    if (node.names === undefined) {
      const names = node.host === undefined ? [] : readdirSync(hostPath(node.host), { encoding: 'buffer' });
      const grafted = [...(node.graft?.children.keys() ?? [])].map(hostPath);
      const all = new Map([...names, ...grafted].map((name) => [name.toString('latin1'), name]));
      node.names = [...all.values()].sort(Buffer.compare);
    }
    return node.names;
  }

  /** An open descriptor of a regular file. It stays the tree's; few are kept at a time. */
  descriptor(node: Node): number {
    if (node.descriptor === undefined) {
      node.descriptor = openUntouched(hostPath(node.host ?? ''), constants.O_NOFOLLOW | constants.O_NONBLOCK);
      this.open.push(node);
      if (this.open.length > OPEN_FILES) this.closeOldest();
    }
    return node.descriptor;
  }

  close(): void {
    while (this.open.length > 0) this.closeOldest();
  }

  private closeOldest(): void {
    const oldest = this.open.shift();
    if (oldest?.descriptor !== undefined) closeSync(oldest.descriptor);
    if (oldest !== undefined) oldest.descriptor = undefined;
  }

  private attach(host: string, guest: string): void {
    let graft = this.root;
    for (const name of binary(guest)
      .split('/')
      .filter((part) => part !== '')) {
      let next = graft.children.get(name);
      if (next === undefined) {
        next = { host: undefined, children: new Map() };
        graft.children.set(name, next);
      }
      graft = next;
    }
    graft.host = binary(host);
  }

  private make(path: string, host: string | undefined, graft: Graft | undefined): Node {
    const stat = host === undefined ? undefined : lstatSync(hostPath(host), { bigint: true });
    // A folder has one place in the tree, so that it has one parent; a file is one file under all its names.
    const byPath = stat === undefined || stat.isDirectory() || graft !== undefined;
    const key = byPath ? path : `${stat.dev}:${stat.ino}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const id = this.nodes.size + 1;
    const attributes = stat === undefined ? this.passage(path, id) : this.attributesOf(stat);
    const node: Node = { id, path, host, attributes, graft, names: undefined, descriptor: undefined };
    this.nodes.set(id, node);
    this.known.set(key, node);
    return node;
  }

  /** A folder that only leads to shares looks like the host's folder of that name, if there is one. */
  private passage(path: string, id: number): Attributes {
    const stat = lstatSync(hostPath(path), { bigint: true, throwIfNoEntry: false });
    if (stat?.isDirectory() === true) return this.attributesOf(stat);
    return {
      ...{ inode: BigInt(id) | (0xffffn << DEVICE_SHIFT), size: 0n, blocks: 0n },
      ...{ accessed: 0n, modified: 0n, changed: 0n },
      ...{ mode: TYPE_DIRECTORY | 0o755, links: 2, uid: 0, gid: 0, device: 0, blockSize: 4096 },
    };
  }

  private attributesOf(stat: BigIntStats): Attributes {
    let device = this.devices.get(stat.dev);
    if (device === undefined) {
      device = BigInt(this.devices.size);
      this.devices.set(stat.dev, device);
    }
    return {
      inode: stat.ino ^ (device << DEVICE_SHIFT),
      size: stat.size,
      blocks: stat.blocks,
      accessed: stat.atimeNs,
      modified: stat.mtimeNs,
      changed: stat.ctimeNs,
      mode: Number(stat.mode),
      links: Number(stat.nlink),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      device: Number(stat.rdev),
      blockSize: Number(stat.blksize),
    };
  }
}
