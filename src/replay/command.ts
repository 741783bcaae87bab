/** Verbs that look at a trace as a file. */
import { Command } from 'commander';
import { describeTrace } from './info.ts';
import { TraceReader } from './reader.ts';
import { verifyTrace } from './verify.ts';

/** `info FILE`: what a trace is. Throws UserError. */
export function infoCommand(): Command {
  return new Command('info')
    .description('show what a trace holds and whether it is whole')
    .argument('<file>', 'the trace')
    .action((file: string) => {
      const reader = TraceReader.open(file);
      try {
        process.stdout.write(`${describeTrace(reader).join('\n')}\n`);
      } finally {
        reader.close();
      }
    });
}

/** `verify FILE`: exit status 0 when all of it is whole and unaltered, else 1 and a line for each finding. Throws UserError. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('check every frame, checksum, hash and count of a trace')
    .argument('<file>', 'the trace')
    .action((file: string) => {
      const { findings, frames, events, seal } = verifyTrace(file);
      for (const { message } of findings) process.stdout.write(`${file}: ${message}\n`);
      if (findings.length > 0) process.exitCode = 1;
      else process.stdout.write(`${file}: whole and unaltered: ${frames} frames, ${events} events, seal ${seal}\n`);
    });
}
