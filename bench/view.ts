/**
 * The viewer on a large trace, as its user has it: the program on a terminal of its own (util-linux's script), from its
 * start to the first screen, from a key to the screen that shows what it did, and what it has resident after a long walk
 * all over the trace. `node bench/view.ts FILE [SECONDS OF WALKING]` after a build.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

export interface ViewAnswer {
  readonly what: string;
  /** Of all repeats. */
  readonly middle: number;
  readonly longest: number;
  readonly aim: number;
  readonly unit: 'ms' | 'MiB';
}

const CLI = new URL('../bin/trapline.js', import.meta.url).pathname;
const SIZE = { columns: 120, rows: 40 } as const;
const KEY_AIM = 50;
const OPEN_AIM = 1000;
const MEMORY_AIM = 300;
const REPEATS = 40;
const OPENINGS = 5;
/** Milliseconds: for a key, and for all of the trace to be counted. */
const PATIENCE = 20_000;
const COUNTING = 300_000;
const MEBIBYTE_IN_KIB = 1024;

/** The event under the cursor, as the status line has it: it is written when a key has done what it does. */
const STATUS = /#([\d,]+) of ([\d,]+)/g;
const COUNTED = ' of them failed\x1b';
/** What the viewer says where a process has done its last, and nothing moves. */
const LAST_OF_PROCESS = /no event of process \d+ from here to the end/;

/** Characters of a screen's line, colours included: what may come in two pieces. */
const LINE = 2000;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Terminal {
  /** Number of the event under the cursor, and of all; undefined before the first screen. */
  at: string | undefined;
  count = 0;
  pid = 0;
  counted = false;
  readonly #child: ChildProcessWithoutNullStreams;
  #ended = false;
  #tail = '';
  /** What has come since keys were pressed. */
  #answer = '';
  #heard: () => void = () => {};

  constructor(trace: string) {
    const command = `echo "pid $$"; stty cols ${SIZE.columns} rows ${SIZE.rows}; exec "$0" "$@"`;
    const words = ['sh', '-c', command, process.execPath, CLI, 'view', trace];
    const line = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], { env: { ...process.env, TERM: 'xterm-256color' } });
    this.#child.stdout.on('data', (data: Buffer) => this.#read(data.toString('utf8')));
    process.on('exit', () => this.#child.kill());
    this.#child.on('close', () => {
      this.#ended = true;
      this.#heard();
    });
  }

  #read(text: string): void {
    this.pid ||= Number(/pid (\d+)/.exec(text)?.[1] ?? 0);
    this.#tail = (this.#tail + text).slice(-LINE);
    this.#answer = (this.#answer + text).slice(-LINE);
    const status = [...this.#tail.matchAll(STATUS)].at(-1);
    if (status !== undefined) {
      this.at = status[1];
      this.count = Number(status[2]!.replaceAll(',', ''));
    }
    this.counted ||= this.#tail.includes(COUNTED);
    this.#heard();
  }

  press(keys: string): void {
    this.#answer = '';
    this.#child.stdin.write(keys);
  }

  /** Throws when it does not come. */
  async until(come: () => boolean, what: string, patience = PATIENCE): Promise<void> {
    const end = performance.now() + patience;
    while (!come()) {
      if (this.#ended) throw new Error(`the viewer ended before ${what}`);
      if (performance.now() > end) throw new Error(`${what} does not come`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Milliseconds from keys to the screen with another event under the cursor. */
  async moved(keys: string): Promise<number> {
    const before = this.at;
    const since = performance.now();
    this.press(keys);
    await this.until(() => this.at !== before, `what ${JSON.stringify(keys)} does`);
    return performance.now() - since;
  }

  /**
   * From an event to the next of its process, where there is one.
   * Comes after a key that has moved: what is said already is not painted anew.
   */
  async nextOfProcess(): Promise<void> {
    const before = this.at;
    this.press('p');
    await this.until(() => this.at !== before || LAST_OF_PROCESS.test(this.#answer), 'what "p" does');
  }

  /** MiB that the process has resident: now and at most. */
  get resident(): readonly [now: number, most: number] {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const field = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / MEBIBYTE_IN_KIB;
    return [field('VmRSS'), field('VmHWM')];
  }

  async quit(): Promise<void> {
    this.press('q');
    while (!this.#ended) await sleep(10);
  }
}

/** The same numbers at each run. */
function* places(count: number): Generator<number, never> {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield Math.floor((state / 2 ** 32) * count);
  }
}

function answer(what: string, times: number[], aim: number, unit: ViewAnswer['unit'] = 'ms'): ViewAnswer {
  times.sort((a, b) => a - b);
  return { what, middle: times[times.length >> 1]!, longest: times.at(-1)!, aim, unit };
}

async function openings(trace: string): Promise<ViewAnswer> {
  const times: number[] = [];
  for (let i = 0; i < OPENINGS; i++) {
    const since = performance.now();
    const terminal = new Terminal(trace);
    await terminal.until(() => terminal.at !== undefined, 'the first screen');
    times.push(performance.now() - since);
    await terminal.quit();
  }
  return answer('from the command to the first screen', times, OPEN_AIM);
}

const pageDown = '\x1b[6~';

/** Keys, and how often: each leads to another event. */
const KEYS: readonly (readonly [what: string, keys: readonly string[]])[] = [
  ['a line down', ['j']],
  ['a screen down', [pageDown]],
  ['next of this call', ['c']],
  ['next of this process', ['p']],
  ['next call that failed', ['e']],
  ['to the end, and back', ['G', 'g']],
];

async function keysOf(terminal: Terminal): Promise<ViewAnswer[]> {
  const measured = async (what: string, keys: Iterable<string>): Promise<ViewAnswer> => {
    const times: number[] = [];
    for (const key of keys) times.push(await terminal.moved(key));
    return answer(what, times, KEY_AIM);
  };
  const repeated = (keys: readonly string[]): string[] => Array.from({ length: REPEATS }, () => keys).flat();
  terminal.press('3');
  const answers = [await measured('a line down, while the trace is counted', repeated(['j']))];
  terminal.press('1');
  await terminal.until(() => terminal.counted, 'the end of counting', COUNTING);
  terminal.press('3');
  for (const [what, keys] of KEYS) answers.push(await measured(what, repeated(keys)));
  terminal.press('/write\r');
  await sleep(500);
  answers.push(await measured('next that was searched for', repeated(['n'])));
  const targets = places(terminal.count);
  const jumps = Array.from({ length: REPEATS }, () => `:#${targets.next().value}\r`);
  answers.push(await measured('a jump to anywhere', jumps));
  terminal.press('\r');
  await sleep(500);
  answers.push(await measured('details of the next event', repeated(['l'])));
  terminal.press('\x1b');
  await sleep(100);
  return answers;
}

/** Jumps, scrolls and searches all over the trace for so many seconds. */
async function walk(terminal: Terminal, seconds: number): Promise<ViewAnswer> {
  const targets = places(terminal.count);
  const end = performance.now() + seconds * 1000;
  const resident: number[] = [];
  while (performance.now() < end) {
    await terminal.moved(`:#${targets.next().value}\r`);
    for (const key of ['j', pageDown, 'n', 'e']) await terminal.moved(key);
    await terminal.nextOfProcess();
    for (const key of ['G', 'g']) await terminal.moved(key);
    resident.push(terminal.resident[0]);
  }
  const { middle } = answer('', resident, 0);
  return {
    what: `resident, walking for ${seconds} s`,
    middle,
    longest: terminal.resident[1],
    aim: MEMORY_AIM,
    unit: 'MiB',
  };
}

/** Measures the built program on a trace of many events. */
export async function measureView(trace: string, walking = 30): Promise<ViewAnswer[]> {
  const opened = await openings(trace);
  const terminal = new Terminal(trace);
  await terminal.until(() => terminal.at !== undefined, 'the first screen');
  const answers = [opened, ...(await keysOf(terminal)), await walk(terminal, walking)];
  await terminal.quit();
  return answers;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [path, seconds] = process.argv.slice(2);
  if (path === undefined) throw new Error('usage: node bench/view.ts FILE [SECONDS]');
  for (const { what, middle, longest, aim, unit } of await measureView(
    path,
    seconds === undefined ? undefined : Number(seconds),
  )) {
    process.stdout.write(
      `${what.padEnd(44)} ${middle.toFixed(0)} ${unit}, at most ${longest.toFixed(0)} (aim ${aim})\n`,
    );
  }
}
