import type { KernelStructures } from './kernel.ts';

/** Deeper paths are damaged. */
const MOST_COMPONENTS = 4096;

/** A place in the tree of mounts: `struct path`. */
interface Place {
  readonly mount: bigint;
  readonly dentry: bigint;
}

/**
 * Path of an open file as /proc/PID/fd shows it to who has not changed his root: from the top of the mounts that it lies
 * under. Files outside every tree have the kernel's names for them (`socket:[12]`, `pipe:[34]`, `anon_inode:[eventpoll]`).
 */
export function filePath(kernel: KernelStructures, file: bigint): string {
  const path = kernel.at(file, 'file', 'f_path');
  const place = readPlace(kernel, path);
  const inode = kernel.value(file, 'file', 'f_inode');
  return pseudoName(kernel, place, inode) ?? pathOf(kernel, place);
}

function readPlace(kernel: KernelStructures, path: bigint): Place {
  return { mount: kernel.value(path, 'path', 'mnt'), dentry: kernel.value(path, 'path', 'dentry') };
}

/** Name of a filesystem's type, `ext4`. */
export function filesystemOf(kernel: KernelStructures, inode: bigint): string {
  const type = kernel.value(kernel.value(inode, 'inode', 'i_sb'), 'super_block', 's_type');
  return kernel.text(type, 'file_system_type', 'name');
}

/** Filesystems that nobody mounts, and how the kernel names what is in them. */
const NUMBERED: Readonly<Record<string, string>> = { sockfs: 'socket', pipefs: 'pipe' };

function pseudoName(kernel: KernelStructures, { dentry }: Place, inode: bigint): string | undefined {
  const type = filesystemOf(kernel, inode);
  const numbered = NUMBERED[type];
  if (numbered !== undefined) return `${numbered}:[${kernel.value(inode, 'inode', 'i_ino')}]`;
  const name = dentryName(kernel, dentry);
  if (type === 'anon_inodefs') return `anon_inode:${name}`;
  if (type === 'nsfs') return `${name}:[${kernel.value(inode, 'inode', 'i_ino')}]`;
  const alone = kernel.value(dentry, 'dentry', 'd_parent') === dentry;
  return alone && name !== '/' ? `/${name} (deleted)` : undefined;
}

function dentryName(kernel: KernelStructures, dentry: bigint): string {
  return Buffer.from(kernel.text(dentry, 'dentry', 'd_name.name'), 'latin1').toString('utf8');
}

/** Upwards from dentry to dentry, over mounts, to the end. */
function pathOf(kernel: KernelStructures, { mount: start, dentry: leaf }: Place): string {
  const parts: string[] = [];
  let mount = kernel.container(start, 'mount', 'mnt');
  let dentry = leaf;
  for (let steps = 0; steps < MOST_COMPONENTS; steps++) {
    const vfsMount = kernel.at(mount, 'mount', 'mnt');
    if (dentry !== kernel.value(vfsMount, 'vfsmount', 'mnt_root')) {
      const parent = kernel.value(dentry, 'dentry', 'd_parent');
      if (parent === dentry) break;
      parts.unshift(dentryName(kernel, dentry));
      dentry = parent;
      continue;
    }
    const parent = kernel.value(mount, 'mount', 'mnt_parent');
    if (parent === mount) break;
    dentry = kernel.value(mount, 'mount', 'mnt_mountpoint');
    mount = parent;
  }
  return `/${parts.join('/')}${isUnlinked(kernel, leaf) ? ' (deleted)' : ''}`;
}

/** Not in the name cache any more, and no root. */
function isUnlinked(kernel: KernelStructures, dentry: bigint): boolean {
  return kernel.value(dentry, 'dentry', 'd_hash.pprev') === 0n && kernel.value(dentry, 'dentry', 'd_parent') !== dentry;
}
