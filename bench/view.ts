/**
 * The viewer on a large trace: `node bench/view.ts FILE` (after a build). Time from a key to the frame that shows what it
 * did, in this process; memory of all of it.
 */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import type * as App from '../src/view/app.tsx';
import type * as SessionModule from '../src/view/session.ts';
import type * as Source from '../src/view/source/trace-source.ts';

export interface ViewResults {
  readonly events: number;
  /** Milliseconds from the start of this process's view to its first screen, what draws being loaded already. */
  readonly opened: number;
  /** Milliseconds from a key to its frame: by what was done, each the middle and the longest. */
  readonly keys: Readonly<Record<string, readonly [middle: number, longest: number]>>;
  /** Bytes of the process at most. */
  readonly memory: number;
}

const COLUMNS = 120;
const ROWS = 40;
const REPEATS = 60;

class Screen extends EventEmitter {
  readonly isTTY = true;
  readonly columns = COLUMNS;
  readonly rows = ROWS;
  frames = 0;

  write(): boolean {
    this.frames++;
    return true;
  }
}

class Keyboard extends PassThrough {
  readonly isTTY = true;
  readonly setRawMode = (): this => this;
  readonly ref = (): this => this;
  readonly unref = (): this => this;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Measures with the built viewer: components are not run from their sources. */
export async function measureView(path: string): Promise<ViewResults> {
  process.env.NODE_ENV ??= 'production';
  const { show } = (await import(new URL('../dist/view/app.js', import.meta.url).href)) as typeof App;
  const { Session } = (await import(new URL('../dist/view/session.js', import.meta.url).href)) as typeof SessionModule;
  const { TraceSource } = (await import(
    new URL('../dist/view/source/trace-source.js', import.meta.url).href
  )) as typeof Source;
  const begun = performance.now();
  const source = TraceSource.open(path);
  const screen = new Screen();
  const session = new Session(source, {
    ...{ columns: COLUMNS, rows: ROWS, marks: {}, onQuit: () => {}, onRedraw: () => {} },
  });
  const hide = show(session, screen, new Keyboard() as unknown as NodeJS.ReadStream);
  while (screen.frames === 0) await turn();
  const opened = performance.now() - begun;
  const keys: Record<string, [number, number]> = {};
  await measure('a line down, while the trace is being counted', 'j', REPEATS);
  while (!session.runner.idle) await turn();
  session.press('3');
  await measure('a line down', 'j', REPEATS);
  await measure('a screen down', 'pageDown', REPEATS);
  await measure('to the end and back', ['G', 'g'], REPEATS / 6);
  await measure('next of this call', 'c', REPEATS);
  await measure('details of the next event', ['enter', 'l', 'escape'], REPEATS / 3);
  await places();
  hide();
  session.close();
  return { events: source.count, opened, keys, memory: process.resourceUsage().maxRSS * 1024 };

  async function pressed(...names: readonly string[]): Promise<number> {
    const from = performance.now();
    for (const name of names) session.press(name);
    const { frames } = screen;
    while (session.runner.busy || screen.frames === frames) {
      await turn();
      // A key that changes nothing draws nothing.
      if (!session.runner.busy && performance.now() - from > 200) break;
    }
    return performance.now() - from;
  }

  async function measure(name: string, each: string | readonly string[], count: number): Promise<void> {
    const times: number[] = [];
    for (let i = 0; i < count; i++) for (const key of [each].flat()) times.push(await pressed(key));
    note(name, times);
  }

  /** All over the trace: each in a chunk that was not looked at before. */
  async function places(): Promise<void> {
    const times: number[] = [];
    for (let i = 1; i <= REPEATS / 3; i++) {
      await pressed(':');
      for (const key of `#${Math.floor((source.count * ((i * 7) % 20)) / 20) + i}`) await pressed(key);
      times.push(await pressed('enter'));
    }
    note('a jump to anywhere', times);
  }

  function note(name: string, times: number[]): void {
    times.sort((a, b) => a - b);
    keys[name] = [times[times.length >> 1]!, times.at(-1)!];
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [path] = process.argv.slice(2);
  if (path === undefined) throw new Error('usage: node bench/view.ts FILE');
  process.stdout.write(`${JSON.stringify(await measureView(path), null, 1)}\n`);
  process.exit();
}
