// Services of NT from a trace: of 64-bit programs, and where the version is not known.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ABI, CAPTURE_KIND, CAPTURE_STATUS, MECHANISM, RECORD_KIND } from '../../src/emu/monitor-layout.ts';
import { NT_FACT, type NtSystem } from '../../src/guest/nt/system.ts';
import { RingReader } from '../../src/record/ring.ts';
import { TraceFile } from '../../src/record/trace-file.ts';
import { FRAME_KIND } from '../../src/trace/frame.ts';
import { encodeProfile } from '../../src/trace/messages.ts';
import { trapline } from '../support/guest.ts';
import { RingProducer } from '../support/ring-load.ts';
import { END, HEADER } from '../support/trace-ends.ts';
import { temporaryFolder } from '../support/trace-files.ts';

describe('services of NT in a trace', () => {
  const folder = temporaryFolder();

  /** A trace of one call of a 64-bit program. `registers`: rcx rdx r8 r9 r10; `stack`: its words behind the four. */
  function trace(name: string, number: number, stack: readonly bigint[], result: bigint, system?: NtSystem): string {
    const path = join(folder, name);
    const producer = new RingProducer(1 << 20);
    const ring = new RingReader(producer.memory, producer.region);
    const file = new TraceFile(path, { ...HEADER, command: [] });
    if (system !== undefined) {
      file.add(
        FRAME_KIND.profile,
        encodeProfile([{ name: NT_FACT, json: JSON.stringify(system), data: new Uint8Array(0) }]),
      );
    }
    const gpr = new Array<bigint>(16).fill(0xbadn);
    gpr[2] = 0x22n;
    gpr[8] = 0x33n;
    gpr[9] = 0x44n;
    gpr[10] = 0x1_0000_0011n;
    const words = Buffer.alloc(8 * stack.length);
    for (const [i, word] of stack.entries()) words.writeBigUInt64LE(word, 8 * i);
    const common = { abi: ABI.nt64, task: 0xffff_fa80_0000_0000n, cpl: 3, detail: number, rip: 0x7ff0n };
    const capture = {
      argument: 0,
      kind: CAPTURE_KIND.words,
      address: 0x1000n,
      fullLength: 104,
      status: CAPTURE_STATUS.absent,
      bytes: words,
    };
    producer.push({
      ...common,
      kind: RECORD_KIND.callEntry,
      mechanism: MECHANISM.syscall,
      gpr,
      captures: [capture],
      icount: 1n,
    });
    const back = [...gpr];
    back[0] = result;
    producer.push({ ...common, kind: RECORD_KIND.callReturn, mechanism: MECHANISM.sysret, gpr: back, icount: 9n });
    ring.drain(Infinity, file);
    file.writeChunk();
    file.close(END, ring.lost);
    return path;
  }

  const ten: NtSystem = { processor: 'x64', major: 10, minor: 0, build: 19045, version: '10', evidence: [] };

  it('have four arguments in registers and the others on the stack', () => {
    const path = trace('ten.trap', 0x55, [5n, 6n, 7n, 8n, 9n, 10n], 0xc000_0034n, ten);
    // The eleventh could not be read.
    const shown = '0x100000011, 0x22, 0x33, 0x44, 0x5, 0x6, 0x7, 0x8, 0x9, 0xa, ?';
    expect(trapline(['replay', path]).stdout).toBe(
      `[? ?] NtCreateFile(${shown}) = 0xc0000034 (STATUS_OBJECT_NAME_NOT_FOUND)\n`,
    );
    expect(JSON.parse(trapline(['replay', '--format', 'jsonl', path]).stdout)).toMatchObject({
      name: 'NtCreateFile',
      ret: '0xc0000034',
      errno: 'STATUS_OBJECT_NAME_NOT_FOUND',
    });
    expect(trapline(['replay', '-e', 'trace=NtCreateFile', '-e', 'status=failed', path]).stdout).not.toBe('');
    expect(trapline(['replay', '-e', 'trace=NtClose', path]).stdout).toBe('');
  });

  it('are told by number, with what it may be, where the version is not known', () => {
    const unknown = { ...ten, build: 22631, version: null };
    for (const system of [undefined, unknown]) {
      const path = trace(`${system?.build}.trap`, 0x55, [5n], 0n, system);
      expect(trapline(['replay', path]).stdout).toMatch(
        /^\[\? \?\] service_0x55\(0x100000011, 0x22, 0x33, 0x44, \.\.\. \/\* .*NtCreateFile in 10.* \*\/\) = 0x0 \(STATUS_SUCCESS\)\n$/,
      );
    }
  });
});
