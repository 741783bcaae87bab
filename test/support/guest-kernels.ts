import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackage, type Wanted } from './debian-packages.ts';

export interface GuestKernel {
  readonly name: string;
  /** Its image, in an unpacked package with its modules; undefined if it can't be had. */
  readonly image: string | undefined;
  /** Why not. */
  readonly reason: string;
}

/** What else than the installed kernel is recorded: other versions, and other builds of the same. */
// biome-ignore format: a table
const KERNELS: readonly { name: string; full: boolean; wanted: Wanted }[] = [
  { name: '6.12 cloud',        full: false, wanted: { codename: 'bookworm', architecture: 'amd64', name: /^linux-image-6\.12\.\d+\+deb12-cloud-amd64$/ } },
  { name: '5.10 cloud',        full: true,  wanted: { codename: 'bullseye', architecture: 'amd64', name: /^linux-image-5\.10\.0-\d+-cloud-amd64$/ } },
  { name: '6.1 for all PCs',   full: true,  wanted: { codename: 'bookworm', architecture: 'amd64', name: /^linux-image-6\.1\.0-\d+-amd64$/ } },
];

// biome-ignore format: a table
const KERNELS_32: readonly { name: string; full: boolean; wanted: Wanted }[] = [
  { name: '686-pae, PAE paging',  full: false, wanted: { codename: 'bookworm', architecture: 'i386', name: /^linux-image-6\.1\.0-\d+-686-pae$/ } },
  { name: '686, 2-level paging',  full: true,  wanted: { codename: 'bookworm', architecture: 'i386', name: /^linux-image-6\.1\.0-\d+-686$/ } },
];

const FULL = process.env.TRAPLINE_FULL !== undefined;

/** Fetched where they are not here yet; those that take long only with `npm run test:full`. */
export function otherKernels(kernels: 'amd64' | 'i386'): GuestKernel[] {
  const rows = kernels === 'amd64' ? KERNELS : KERNELS_32;
  return rows
    .filter(({ full }) => FULL || !full)
    .map(({ name, wanted }) => {
      const { folder, reason } = debianPackage(wanted);
      return { name, image: folder && imageIn(folder), reason };
    });
}

function imageIn(folder: string): string {
  const boot = join(folder, 'boot');
  const image = readdirSync(boot).find((name) => name.startsWith('vmlinuz-'))!;
  return statSync(join(boot, image)).isFile() ? join(boot, image) : boot;
}
