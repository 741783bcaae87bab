// npm run demo: records `ls -la /` in a guest, then shows the trace: its calls, their sum, what it holds, whether it is whole.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';

const TRAPLINE = 'bin/trapline.js';
const TRACE = 'build/demo.trap';

/** Runs one command as a user would, and stops the demo where it fails. */
function trapline(...args: string[]): void {
  process.stdout.write(`\n$ trapline ${args.join(' ')}\n`);
  const { status } = spawnSync(process.execPath, [TRAPLINE, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

mkdirSync('build', { recursive: true });
rmSync(TRACE, { force: true });
trapline('record', '-o', TRACE, '--', 'ls', '-la', '/');
trapline('replay', TRACE);
trapline('replay', '-c', TRACE);
trapline('info', TRACE);
trapline('verify', TRACE);
