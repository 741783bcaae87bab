import { show } from './app.tsx';
import { grown, watchGrowth } from './growth.ts';
import type { KeptMarks } from './marks.ts';
import { keepMemoryLow } from './memory.ts';
import { Session } from './session.ts';
import type { TraceSource } from './source/trace-source.ts';
import { Painter } from './terminal.ts';

/** Signals that end the program: the terminal is given back first. */
const ENDINGS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
const SIGNAL_STATUS = 128;
const SIGNAL_NUMBERS: Readonly<Record<(typeof ENDINGS)[number], number>> = { SIGTERM: 15, SIGHUP: 1, SIGINT: 2 };

/** Shows a trace until its user leaves. The terminal is given back however it ends. Gives the trace as it was read last. */
export async function runView(first: TraceSource, kept: KeptMarks): Promise<TraceSource> {
  const { stdin, stdout } = process;
  const painter = new Painter(stdout);
  const restore = (): void => {
    if (stdin.isTTY) stdin.setRawMode(false);
    painter.leave();
  };
  process.once('exit', restore);
  let session: Session | undefined;
  try {
    painter.enter();
    await new Promise<void>((resolve, reject) => {
      const begin = (source: TraceSource, before?: Session): Session => {
        const { columns, rows } = stdout;
        const options = { kept, onQuit: () => end(resolve), onRedraw: () => painter.forget(), onReload: reload };
        return new Session(source, { columns, rows, ...options }, before);
      };
      let shown = begin(first);
      session = shown;
      const resized = (): void => {
        painter.forget();
        shown.resize(stdout.columns, stdout.rows);
      };
      const failed = (error: unknown): void => end(() => reject(error));
      const ended = (signal: (typeof ENDINGS)[number]): void => {
        process.exitCode = SIGNAL_STATUS + SIGNAL_NUMBERS[signal];
        end(resolve);
      };
      stdout.on('resize', resized);
      process.on('uncaughtException', failed);
      for (const signal of ENDINGS) process.on(signal, ended);
      const screen = show(shown, painter, stdin);
      let stopWatching = watch(shown);

      function watch(each: Session): () => void {
        const [letMemoryGo, look] = [keepMemoryLow(each.runner), watchGrowth(each)];
        return () => {
          letMemoryGo();
          look();
        };
      }

      function reload(): void {
        const before = shown;
        const source = grown(before.source);
        before.runner.stop();
        stopWatching();
        shown = begin(source, before);
        session = shown;
        screen.replace(shown);
        stopWatching = watch(shown);
        before.source.close();
      }

      function end(then: () => void): void {
        stdout.off('resize', resized);
        process.off('uncaughtException', failed);
        for (const signal of ENDINGS) process.off(signal, ended);
        shown.runner.stop();
        stopWatching();
        screen.hide();
        then();
      }
    });
  } finally {
    restore();
    process.off('exit', restore);
    stdin.unref();
  }
  return session?.source ?? first;
}
