/** The trace that the viewer's tests look at: a shell writes a file, another removes it, names are hostile. */
import { StoryTrace } from '../support/story-trace.ts';

export const HOSTILE = '\x1b]0;owned\x07\x1b[2Jnotes\u202e.txt';
export const PAGE = 0x7f55_0000_3000n;
const AT_FDCWD = 0xffff_ff9cn;
const ENOENT = -2n;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** System calls' numbers. */
const NR = { read: 0, write: 1, close: 3, getpid: 39, execve: 59, exitGroup: 231, openat: 257, unlinkat: 263 };

export function writeStory(path: string): void {
  const story = new StoryTrace(path);
  story.named(1, 0, 'init');
  story.named(80, 1, 'shell');
  story.call(80, { number: NR.openat, arguments: [AT_FDCWD, 0n, 0x241n], given: { 1: '/tmp/notes' }, result: 3n });
  story.call(80, { number: NR.write, arguments: [3n, 0x5000n, 6n], given: { 1: text('hello\n') }, result: 6n });
  story.call(80, { number: NR.close, arguments: [3n], result: 0n });
  story.call(80, { number: NR.openat, arguments: [AT_FDCWD, 0n, 0n], given: { 1: HOSTILE }, result: ENOENT });
  story.pageWrite(80, PAGE + 0x10n, text('AAAA'), text('ABCA'));
  story.cut();
  story.named(81, 80, 'wide 漢字');
  story.call(81, { number: NR.openat, arguments: [AT_FDCWD, 0n, 0x441n], given: { 1: '/tmp/notes' }, result: 3n });
  story.call(81, { number: NR.write, arguments: [3n, 0x6000n, 5n], given: { 1: text('more\n') }, result: 5n });
  story.pageWrite(81, PAGE + 0x11n, text('BC'), text('XY'));
  for (let i = 0; i < 40; i++) story.call(81, { number: NR.getpid, arguments: [], result: 81n });
  story.call(81, { number: NR.exitGroup, arguments: [0n] });
  story.named(82, 80, 'rm');
  story.call(82, { number: NR.unlinkat, arguments: [AT_FDCWD, 0n, 0n], given: { 1: '/tmp/notes' }, result: 0n });
  story.call(82, { number: NR.openat, arguments: [AT_FDCWD, 0n, 0n], given: { 1: '/nowhere' }, result: ENOENT });
  story.call(82, { number: NR.exitGroup, arguments: [1n] });
  story.close();
}
