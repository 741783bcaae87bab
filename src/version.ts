import { readFileSync } from 'node:fs';
import { packageFile } from './package-file.ts';

const manifest = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };

/** Version of this program, from its package. */
export const VERSION = manifest.version;
