// The viewer by its keys and what is then on the screen.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import stringWidth from 'string-width';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { TraceReader } from '../../src/replay/reader.ts';
import { readMarks, saveMarks } from '../../src/view/marks.ts';
import { temporaryFolder } from '../support/trace-files.ts';
import { PAGE, writeStory } from './story.ts';
import { Viewer } from './viewer.ts';

const path = join(temporaryFolder(), 'story.trap');
let viewer: Viewer;

beforeAll(() => writeStory(path));
afterEach(() => viewer.close());

async function opened(columns = 80, rows = 24): Promise<Viewer> {
  viewer = new Viewer(path, columns, rows);
  await viewer.settled();
  return viewer;
}

const listed = (): string[] => viewer.lines.slice(2, -2).filter((line) => line.trim() !== '');
const numberOf = (line: string): string => viewer.lines.at(-2)!.match(/#([\d,]+)/)?.[1] ?? line;

test('the overview says what ran, how busy it was, and lists its processes as a tree', async () => {
  await opened(120, 30);
  const screen = viewer.lines.join('\n');
  expect(screen).toContain('ran           a kernel alone');
  expect(screen).toContain('50 calls, 2 of them failed');
  expect(screen).toMatch(/init +1 /);
  expect(screen).toMatch(/└─ shell +80 /);
  expect(screen).toMatch(/ {3}├─ wide 漢字 +81 .* exit 0 /);
  expect(screen).toMatch(/ {3}└─ rm +82 .* exit 1 /);
  expect(screen).toMatch(/calls +[▁▂▃▄▅▆▇█]/);
});

test.each([
  [80, 24],
  [100, 30],
  [200, 60],
])('every screen fills %i by %i exactly, wide characters and hostile names included', async (columns, rows) => {
  await opened(columns, rows);
  for (const key of ['1', '2', '3', 'enter', 'escape', '4', '5', '6', '?']) {
    await viewer.press(key);
    expect(viewer.lines.length, `screen ${key}`).toBe(rows);
    for (const line of viewer.lines) expect(stringWidth(line), line).toBeLessThanOrEqual(columns);
  }
});

test('details name the strings of a list by their places', async () => {
  viewer = new Viewer(join(import.meta.dirname, '../../traces/suspect.trap'), 100, 60);
  await viewer.settled();
  await viewer.press('3', '/');
  await viewer.type('execve');
  await viewer.press('enter', 'enter');
  const screen = viewer.lines.join('\n');
  expect(screen).toMatch(/argv, strings, given {2}1 string at 0x/);
  expect(screen).toMatch(/argv\[0\], string, given {2}\d+ bytes at 0x/);
});

test('bytes of the guest do not reach the terminal as they are', async () => {
  await opened(200, 60);
  for (const key of ['3', 'enter', 'escape', '/', 'o', 'w', 'n', 'enter', 'enter']) {
    await viewer.press(key);
    expect(viewer.raw).not.toContain('\x07');
    expect(viewer.raw).not.toContain('\x1b]');
    expect(viewer.raw).not.toContain('\x1b[2J');
    expect(viewer.raw).not.toContain('\u202e');
  }
  expect(viewer.lines.join('\n')).toContain('\\e]0;owned');
});

test('who removed a file, and who wrote to it before: a search, a filter on the path, and the descriptor', async () => {
  await opened();
  await viewer.press('3');
  await viewer.press('/');
  await viewer.type('unlink');
  expect(viewer.cursor).toMatch(/82 +rm +unlinkat\(AT_FDCWD, "\/tmp\/notes", 0\) += 0/);
  await viewer.press('enter', '|');
  await viewer.type('path=/tmp/notes');
  await viewer.press('enter');
  const listed = viewer.lines.filter((line) => line.includes('/tmp/notes"'));
  expect(listed.map((line) => line.match(/\d+ +(\w+) /)?.[1])).toEqual(['80', '81', '82']);
  await viewer.press('g', 'd');
  const followed = viewer.lines.slice(2, 5).map((line) => line.match(/(\w+)\(3?/)?.[1]);
  expect(followed).toEqual(['openat', 'write', 'close']);
  expect(viewer.lines[3]).toContain('write(3</tmp/notes>, "hello\\n", 6)');
});

test('next and previous failure, call, process, file and kind; back and forward again', async () => {
  await opened(140, 30);
  await viewer.press('3', 'g', 'e');
  expect(viewer.cursor).toContain('-1 ENOENT');
  await viewer.press('e');
  expect(viewer.cursor).toContain('"/nowhe');
  await viewer.press('e');
  expect(viewer.said).toContain('no call that failed from here to the end');
  await viewer.press('E', 'C');
  expect(viewer.cursor).toContain('"/tmp/notes", O_WRONLY|O_CREAT|O_TRUNC');
  await viewer.press('f');
  expect(viewer.cursor).toContain('write(3</tmp/notes>, "hello');
  await viewer.press('f', 'f');
  expect(viewer.cursor).toContain('wide 漢');
  const here = numberOf(viewer.cursor);
  await viewer.press('p');
  expect(viewer.cursor).toContain('write(3</tmp/notes>, "more\\n", 5)');
  await viewer.press('[');
  expect(numberOf(viewer.cursor)).toBe(here);
  await viewer.press(']');
  expect(viewer.cursor).toContain('"more\\n"');
  await viewer.press('T', 't');
  expect(viewer.cursor).toContain('"more\\n"');
});

test('a search goes on from the other end, and says so; what is nowhere is said', async () => {
  await opened();
  await viewer.press('3', 'G', '/');
  await viewer.type('hello');
  expect(viewer.cursor).toContain('"hello\\n"');
  expect(viewer.said).toContain('went on from the beginning');
  await viewer.press('enter');
  expect(viewer.said).toContain('went on from the beginning');
  await viewer.press('n');
  expect(viewer.said).toContain('this is the only one with "hello"');
  await viewer.press('g', '\\');
  await viewer.type('unlink');
  await viewer.press('enter');
  expect(viewer.cursor).toContain('unlinkat');
  expect(viewer.said).toContain('went on from the end');
  await viewer.press('/');
  await viewer.type('sendmsg');
  await viewer.press('enter');
  expect(viewer.said).toContain('"sendmsg" is nowhere in what is shown');
});

test('filters: who wrote to a file, by what descriptors mean; names of two words; as they are shown', async () => {
  await opened(120, 30);
  const shown = async (filter: string): Promise<string[]> => {
    await viewer.press('3', '|', 'ctrl+u');
    await viewer.type(filter);
    await viewer.press('enter');
    return listed();
  };
  expect((await shown('path=/tmp/notes write')).map((line) => line.match(/"\w+/)?.[0])).toEqual(['"hello', '"more']);
  expect(await shown('comm="wide 漢字" exit_group')).toHaveLength(1);
  expect(await shown('path=\\e]0;owned')).toHaveLength(1);
});

test('details fold what is too long for the screen', async () => {
  await opened();
  await viewer.press('3', '/');
  await viewer.type('owned');
  await viewer.press('enter', 'enter');
  const screen = viewer.lines.map((line) => line.trimEnd());
  expect(screen.join('\n')).not.toContain('…');
  expect(screen.map((line) => line.trim()).join('')).toContain('notes\\u{202e}.txt');
});

test('details: fields, whole buffers as text and hex, changed registers, and the instruction', async () => {
  await opened(100, 60);
  await viewer.press('3', '/');
  await viewer.type('hello');
  await viewer.press('enter', 'enter');
  await viewer.settled();
  const screen = viewer.lines.join('\n');
  expect(screen).toContain('write, system call 1');
  expect(screen).toContain('argument 3');
  expect(screen).toContain('000000005000  68 65 6c 6c 6f 0a');
  expect(screen).toMatch(/ rax 0000000000000001\*/);
  expect(screen).toMatch(/ rsp 00007ffe00000000 /);
  expect(screen).toContain('0f 05  syscall');
  await viewer.press('right');
  expect(viewer.lines.join('\n')).toContain('close, system call 3');
});

test('a page: who wrote to it, and what it held, back and forth', async () => {
  await opened(120, 30);
  await viewer.press('3', '/');
  await viewer.type('page-write');
  await viewer.press('enter', '4');
  expect(viewer.lines[1]).toContain(`page virt:80:0x${PAGE.toString(16)}  write 1 of 1`);
  await viewer.press('v');
  expect(viewer.lines[1]).toContain('page phys:0x5000  write 1 of 2');
  await viewer.press('a');
  await viewer.type(`0x${PAGE.toString(16)}`);
  await viewer.press('enter');
  expect(viewer.lines[1]).toContain(`page 0x${PAGE.toString(16)}  write 1 of 2`);
  const at = (): string => viewer.lines.find((line) => line.includes(`${(PAGE + 0x10n).toString(16)}  `)) ?? '';
  expect(at()).toContain('41 42 43 41');
  await viewer.press('l');
  expect(viewer.lines[1]).toContain('write 2 of 2');
  expect(at()).toContain('41 58 59 41');
  expect(viewer.lines[2]).toContain('wide 漢');
  await viewer.press('h');
  expect(at()).toContain('41 42 43 41');
  await viewer.press('l', 'enter');
  expect(viewer.cursor).toContain('page-write');
});

test('marks are kept beside the trace, and gone to', async () => {
  await opened();
  await viewer.press('3', 'j', 'j', 'm', 'b', 'G', "'", 'b');
  expect(viewer.cursor).toContain('>b');
  const kept = JSON.parse(readFileSync(`${path}.marks.json`, 'utf8')) as { marks: Record<string, number> };
  expect(Object.keys(kept.marks)).toEqual(['b']);
  await viewer.press('6');
  expect(viewer.lines[2]).toMatch(/^b +#\d+/);
  await viewer.press('3', "'", 'z');
  expect(viewer.said).toContain('there is no mark z');
});

test('marks of another trace of that name are not taken for its own', async () => {
  const mine = '1f'.repeat(32);
  saveMarks(path, mine, { q: 3 });
  expect(readMarks(path, mine)).toEqual({ marks: { q: 3 }, foreign: false });
  const kept = readMarks(path, '2e'.repeat(32));
  expect(kept.foreign).toBe(true);
  viewer = new Viewer(path, 80, 24, kept);
  expect(viewer.session.state.message?.text).toContain('story.trap.marks.json is of another trace');
  await viewer.settled();
  await viewer.press('6');
  expect(viewer.lines.join('\n')).toContain('No marks yet');
});

test('a narrow screen has room for what matters: command lines, and arguments before explanations', async () => {
  await opened(80, 24);
  await viewer.press('2');
  expect(viewer.lines[1]).toMatch(/ errors {2}program/);
  await viewer.press('3', '/');
  await viewer.type('nowhere');
  await viewer.press('enter');
  expect(viewer.cursor).toMatch(/openat\(AT_FDCWD, "\/nowhere", .*… = -1 ENOENT$/);
  expect(viewer.lines.join('\n')).not.toContain('No such');
  viewer.resize(140, 30);
  await viewer.settled();
  expect(viewer.lines.join('\n')).toContain('= -1 ENOENT (No such file or directory)');
  await viewer.press('2');
  expect(viewer.lines[1]).toMatch(/ activity +program/);
});

test('filters that are wrong are told in a line, and the one before stays', async () => {
  await opened();
  await viewer.press('3', '|');
  await viewer.type('status=failed');
  await viewer.press('enter');
  const before = viewer.lines.slice(1, 6);
  await viewer.press('|');
  for (const [filter, told] of [
    ['nonsense', 'no system call named nonsense'],
    ['pid=x', 'a whole number is wanted'],
    ['colour=red', 'colour=red: a filter has'],
    ['addr=zz', 'zz is no address'],
    ['status=maybe', 'use trace=NAMES'],
    ['path= read', 'path= wants something behind it'],
    ['pid=8x sql: ret < 0', 'a whole number is wanted'],
  ] as const) {
    await viewer.press('ctrl+u');
    await viewer.type(filter);
    await viewer.press('enter');
    expect(viewer.told).toContain(told);
    // It stands there again, to be mended.
    expect(viewer.said).toContain(`show only: ${filter}`);
    expect(viewer.lines.slice(1, 6)).toEqual(before);
  }
  await viewer.press('ctrl+u');
  await viewer.type('pid=8x');
  await viewer.press('enter', 'backspace', '2', 'enter');
  expect(viewer.lines.at(-2)).toContain('showing only: pid=82');
  await viewer.press(':');
  await viewer.type('soon');
  await viewer.press('enter');
  expect(viewer.said).toContain('jump to: soon');
  await viewer.press('escape', '|', 'ctrl+u');
  await viewer.type('mkdir');
  await viewer.press('enter');
  expect(viewer.said).toContain('no event passes the filter');
  await viewer.press('x');
  expect(viewer.cursor).not.toBe('');
});

test('a condition in SQL, on calls and on other tables; one that is wrong is told', async () => {
  await opened(140, 30);
  const ask = async (condition: string): Promise<void> => {
    await viewer.press('|', 'ctrl+u');
    await viewer.type(condition);
    await viewer.press('enter');
    for (let i = 0; i < 500 && viewer.said.includes('asking'); i++) await viewer.settled();
  };
  await viewer.press('3');
  await ask("sql: name = 'write' and ret = 5");
  expect(viewer.lines.filter((line) => line.includes('write('))).toHaveLength(1);
  expect(viewer.cursor).toContain('"more\\n"');
  await ask('sql: page_writes where pid = 81');
  expect(viewer.cursor).toContain('page-write');
  await ask("pid=80 read,write sql: name = 'write' or name = 'close'");
  expect(listed()).toHaveLength(1);
  expect(viewer.cursor).toContain('"hello\\n"');
  await ask('sql: no_such_column > 1');
  expect(viewer.told).toMatch(/no_such_column/);
  expect(viewer.cursor).toContain('"hello');
  await ask('sql: nothing where x');
  expect(viewer.told).toContain('no table of events named nothing');
});

test('jumps by event, time and instruction count', async () => {
  await opened();
  for (const [target, shown] of [
    ['#3', '#4 of'],
    ['1005us', '#4 of'],
    ['1005000', '#4 of'],
  ] as const) {
    await viewer.press('3', 'G', ':');
    await viewer.type(target);
    await viewer.press('enter');
    expect(viewer.lines.at(-2)).toContain(shown);
  }
  await viewer.press(':');
  await viewer.type('99s');
  await viewer.press('enter');
  expect(viewer.told).toContain('the trace ends before 99s');
  await viewer.press('ctrl+u');
  await viewer.type('soon');
  await viewer.press('enter');
  expect(viewer.told).toContain('use an instruction count');
});

test('what is said is said whole, on as many lines as it takes', async () => {
  await opened();
  const words = `${'a word '.repeat(30)}and the last one`;
  viewer.session.say(words);
  await viewer.settled();
  const said = viewer.lines.slice(-3).map((line) => line.trim());
  expect(said.join(' ')).toBe(words);
  expect(viewer.lines).toHaveLength(24);
  await viewer.press('j', '|');
  await viewer.type('sql: 1');
  viewer.session.say(words, true);
  await viewer.settled();
  expect(
    viewer.lines
      .slice(-4, -1)
      .map((line) => line.trim())
      .join(' '),
  ).toBe(words);
  expect(viewer.lines.at(-1)).toContain('show only: sql: 1');
});

test('a trace of which no event is left says so, and not that a filter hides them', async () => {
  const reader = TraceReader.open(path);
  const [first] = reader.index;
  reader.close();
  const cut = join(dirname(path), 'cut.trap');
  writeFileSync(cut, readFileSync(path).subarray(0, first!.offset + 100));
  viewer = new Viewer(cut, 100, 24);
  await viewer.settled();
  expect(viewer.said).toContain('no event can be read: the trace is damaged, cut off, or still being recorded');
  await viewer.press('3', 'j', 'G', 'enter', 'escape', 'e', '4', '5', '6');
  expect(viewer.lines).toHaveLength(24);
});

test('a terminal that becomes too small says so, and comes back', async () => {
  await opened();
  viewer.resize(60, 20);
  await viewer.settled();
  expect(viewer.lines[0]).toContain('60x20 is too small: 80x24 is needed');
  viewer.resize(100, 30);
  await viewer.settled();
  expect(viewer.lines).toHaveLength(30);
});

test('keys come from the terminal, several in one piece too; q ends', async () => {
  await opened();
  viewer.keyboard.write('3');
  await viewer.settled();
  viewer.keyboard.write('jj\x1b[B');
  await viewer.settled();
  const before = viewer.lines.at(-2);
  viewer.keyboard.write('k');
  await viewer.settled();
  expect(viewer.lines.at(-2)).not.toBe(before);
  expect(viewer.quit).toBe(false);
  viewer.keyboard.write('?q');
  await viewer.settled();
  expect(viewer.quit).toBe(false);
  viewer.keyboard.write('q');
  await viewer.settled();
  expect(viewer.quit).toBe(true);
});

test('the help has a line for every key that does something', async () => {
  await opened(80, 80);
  await viewer.press('?');
  expect(viewer.lines.join('')).not.toContain('…');
  const screen = viewer.lines.join('\n');
  for (const key of ['/ ', '^D', 'PgDn', 'next call that failed', 'follow an address']) expect(screen).toContain(key);
});
