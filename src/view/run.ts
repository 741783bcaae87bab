import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { show } from './app.tsx';
import type { Marks } from './marks.ts';
import { Session } from './session.ts';
import type { TraceSource } from './source/trace-source.ts';
import { Painter } from './terminal.ts';

/** Signals that end the program: the terminal is given back first. */
const ENDINGS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
const SIGNAL_STATUS = 128;
const SIGNAL_NUMBERS: Readonly<Record<(typeof ENDINGS)[number], number>> = { SIGTERM: 15, SIGHUP: 1, SIGINT: 2 };

/** Milliseconds from one look at the memory in use to the next, and the bytes from which on something is done about it. */
const TIDY = 500;
const MUCH = 180e6;

/** Large pieces of the trace pass through memory, and V8 would let what is left of them pile up far beyond what is in use. */
function tidy({ runner }: Session): void {
  if (!runner.busy && process.memoryUsage.rss() > MUCH) collectGarbage?.();
}

setFlagsFromString('--expose-gc');
setFlagsFromString('--max-semi-space-size=2');
const collectGarbage = runInNewContext('gc') as (() => void) | undefined;

/** Shows a trace until its user leaves. The terminal is given back however it ends. */
export async function runView(source: TraceSource, marks: Marks): Promise<void> {
  const { stdin, stdout } = process;
  const painter = new Painter(stdout);
  const restore = (): void => {
    if (stdin.isTTY) stdin.setRawMode(false);
    painter.leave();
  };
  process.once('exit', restore);
  try {
    painter.enter();
    await new Promise<void>((resolve, reject) => {
      const session = new Session(source, {
        columns: stdout.columns,
        rows: stdout.rows,
        marks,
        onQuit: () => end(resolve),
        onRedraw: () => painter.forget(),
      });
      const resized = (): void => {
        painter.forget();
        session.resize(stdout.columns, stdout.rows);
      };
      const failed = (error: unknown): void => end(() => reject(error));
      const ended = (signal: (typeof ENDINGS)[number]): void => {
        process.exitCode = SIGNAL_STATUS + SIGNAL_NUMBERS[signal];
        end(resolve);
      };
      stdout.on('resize', resized);
      process.on('uncaughtException', failed);
      for (const signal of ENDINGS) process.on(signal, ended);
      const hide = show(session, painter, stdin);
      const tidying = setInterval(() => tidy(session), TIDY);

      function end(then: () => void): void {
        stdout.off('resize', resized);
        process.off('uncaughtException', failed);
        for (const signal of ENDINGS) process.off(signal, ended);
        session.runner.stop();
        clearInterval(tidying);
        hide();
        then();
      }
    });
  } finally {
    restore();
    process.off('exit', restore);
    stdin.unref();
  }
}
