// The program on a real terminal, by tmux: what a user sees, and that the terminal is given back.
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TraceReader } from '../../src/replay/reader.ts';
import { temporaryFolder } from '../support/trace-files.ts';
import { writeStory } from './story.ts';

const folder = temporaryFolder();
const whole = join(folder, 'story.trap');
const cut = join(folder, 'cut.trap');
const TRAPLINE = `${process.execPath} ${join(import.meta.dirname, '../../bin/trapline.js')}`;
const SOCKET = `trapline-${process.pid}`;
const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const PATIENCE = 30_000;

beforeAll(() => {
  writeStory(whole);
  const bytes = readFileSync(whole);
  writeFileSync(cut, bytes.subarray(0, bytes.length - 100));
});
afterAll(() => spawnSync('tmux', ['-L', SOCKET, 'kill-server']));

const tmux = (...args: readonly string[]): string =>
  spawnSync('tmux', ['-L', SOCKET, '-f', '/dev/null', ...args], { encoding: 'utf8' }).stdout;

class Pane {
  readonly #name: string;

  constructor(name: string, columns: number, rows: number) {
    this.#name = name;
    tmux('new-session', '-d', '-s', name, '-x', String(columns), '-y', String(rows), 'env', 'PS1=$ ', 'sh');
  }

  keys(...keys: readonly string[]): void {
    tmux('send-keys', '-t', this.#name, ...keys);
  }

  get screen(): string {
    return tmux('capture-pane', '-p', '-t', this.#name);
  }

  /** The screen once it shows something. */
  async shows(what: string | RegExp): Promise<string> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const { screen } = this;
      if (typeof what === 'string' ? screen.includes(what) : what.test(screen)) return screen;
      if (Date.now() > end) throw new Error(`${what} does not come; the screen is\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  resize(columns: number, rows: number): void {
    tmux('resize-window', '-t', this.#name, '-x', String(columns), '-y', String(rows));
  }

  get pid(): string {
    return tmux('display-message', '-p', '-t', this.#name, '#{pane_pid}').trim();
  }
}

describe.skipIf(!hasTmux)('on a terminal (tmux is wanted: apt-get install tmux)', () => {
  test('a session: look, search, resize, leave; the terminal is as it was', async () => {
    const pane = new Pane('session', 100, 30);
    pane.keys('echo be""fore', 'Enter');
    await pane.shows('before');
    pane.keys(`${TRAPLINE} view ${whole}; echo status $?`, 'Enter');
    expect(await pane.shows('a kernel alone')).not.toContain('before');
    pane.keys('3');
    const list = await pane.shows('openat(AT_FDCWD, "\\33]0;owned\\7');
    expect(list).toContain('wide 漢字');
    pane.keys('/', 'unlink');
    expect(await pane.shows(/^>.*unlinkat/m)).toContain('/unlink');
    pane.keys('Enter', 'Enter');
    await pane.shows('unlinkat, system call 263');
    pane.resize(80, 24);
    expect((await pane.shows('unlinkat, system call 263')).trimEnd().split('\n')).toHaveLength(24);
    pane.keys('q');
    await pane.shows(/^>.*unlinkat/m);
    pane.keys('q');
    expect(await pane.shows('status 0')).toContain('before');
    pane.keys('stty -a', 'Enter');
    expect(await pane.shows('icanon')).toMatch(/(?<!-)icanon[\s\S]*(?<!-)echo /);
  });

  test('a signal ends it, and the terminal is as it was', async () => {
    const pane = new Pane('signal', 100, 30);
    pane.keys(`${TRAPLINE} view ${whole}; echo status $?`, 'Enter');
    await pane.shows('a kernel alone');
    const children = spawnSync('ps', ['--ppid', pane.pid, '-o', 'pid='], { encoding: 'utf8' }).stdout.trim();
    process.kill(Number(children), 'SIGTERM');
    await pane.shows('status 143');
    pane.keys('stty -a', 'Enter');
    await pane.shows(/(?<!-)icanon/);
  });

  test('a trace that was cut off is shown, and what is missing is said at the end', async () => {
    const pane = new Pane('cut', 100, 30);
    pane.keys(`${TRAPLINE} view ${cut}; echo status $?`, 'Enter');
    await pane.shows('no end: it was cut off');
    pane.keys('q');
    expect(await pane.shows('status 1')).toMatch(/trapline: .*cut\.trap: /);
  });

  test('what is recorded meanwhile is read with a key; marks that cannot be read are left as they are', async () => {
    const bytes = readFileSync(whole);
    const reader = TraceReader.open(whole);
    const { offset } = reader.index[1]!;
    reader.close();
    const growing = join(folder, 'growing.trap');
    writeFileSync(growing, bytes.subarray(0, offset));
    writeFileSync(`${growing}.marks.json`, '{"marks":');
    const pane = new Pane('growing', 80, 24);
    pane.keys(`${TRAPLINE} view ${growing}; echo status $?`, 'Enter');
    expect(await pane.shows('not kept')).toMatch(/growing.trap.marks.json holds no marks of a trace: it stays as it/);
    pane.keys('3', 'j', 'm', 'k');
    await pane.shows('the mark is not kept');
    pane.keys('R');
    await pane.shows('no more events are in the file yet');
    appendFileSync(growing, bytes.subarray(offset));
    await pane.shows('R reads more');
    pane.keys('R');
    expect(await pane.shows(/\d+ more events; the recording has ended/)).toMatch(/^>k.*process 80 is shell/m);
    pane.keys('G');
    await pane.shows(/^>.*exit_group\(1/m);
    pane.keys('R');
    await pane.shows('this is all of it');
    pane.keys('q');
    await pane.shows('status 0');
    expect(readFileSync(`${growing}.marks.json`, 'utf8')).toBe('{"marks":');
  });

  test('a terminal that is too small is told in a line', async () => {
    const pane = new Pane('small', 70, 20);
    pane.keys('-l', `${TRAPLINE} view ${whole}; echo status $?`);
    pane.keys('Enter');
    expect((await pane.shows('status 1')).replaceAll('\n', '')).toContain('the terminal has 70x20; view wants 80x24');
  });

  test('a terminal that can not be drawn on is told in a line', async () => {
    const pane = new Pane('dumb', 100, 30);
    pane.keys(`TERM=dumb ${TRAPLINE} view ${whole}; echo status $?`, 'Enter');
    expect((await pane.shows('status 1')).replaceAll('\n', '')).toContain('view wants a terminal that can be drawn on');
  });

  test('NO_COLOR leaves colours away, and the cursor in sight', async () => {
    const pane = new Pane('plain', 100, 30);
    pane.keys(`NO_COLOR=1 ${TRAPLINE} view ${whole}`, 'Enter');
    await pane.shows('a kernel alone');
    pane.keys('3');
    await pane.shows(/^>/m);
    const coloured = tmux('capture-pane', '-p', '-e', '-t', 'plain');
    const attributes = [...coloured.matchAll(/\[([\d;]*)m/g)].flatMap(([, numbers]) => numbers!.split(';'));
    expect(attributes.filter((number) => /^(?:[39][0-7]|38)$/.test(number))).toEqual([]);
    pane.keys('q');
  });
});

test('without a terminal it says so in a line', () => {
  const [node, script] = TRAPLINE.split(' ');
  const { status, stdout, stderr } = spawnSync(node!, [script!, 'view', whole], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toBe('trapline: view wants a terminal; replay and query write to pipes and files\n');
});
