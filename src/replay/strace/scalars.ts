/** Arguments that are shown by their value, by the words of the table. */

import { errnoOf } from '../../guest/linux/tables/errno.ts';
import { USER_REGISTERS } from '../../guest/linux/tables/user-offsets.ts';
import type { Call } from '../calls.ts';
import type { TextBuffer } from '../text-buffer.ts';
import {
  enumName,
  enumOrHex,
  fileMode,
  flagNames,
  ioctlName,
  mapFlags,
  openFlags,
  priorityText,
  signalName,
  signalSet,
  socketType,
  statxFlags,
} from './flags.ts';
import { type ArgumentFormat, address, type FormatOptions } from './format.ts';
import { remembered } from './remembered.ts';
import { socketProtocol } from './socket-address.ts';
import {
  capability,
  fcntlArgument,
  futexOperation,
  ioctlArgument,
  optionName,
  personality,
  prctlArgument,
} from './special.ts';
import { deviceNumber } from './struct-parts.ts';
import { oneStruct } from './structs.ts';
import { octal } from './values.ts';

const AT_FDCWD = -100;

const MEMPOLICY_FLAGS = 0xe000;

/** Bits of fanotify_init's flags that are a number. */
const FAN_CLASSES = 12;

const int: ArgumentFormat = (out, call, argument) => out.decimal(call.low(argument) | 0);
const signed: ArgumentFormat = (out, call, argument) => out.signed64(call.low(argument), call.high(argument));
const unsigned: ArgumentFormat = (out, call, argument) => out.unsigned64(call.low(argument), call.high(argument));
const hex: ArgumentFormat = (out, call, argument) => out.hexOrZero(call.low(argument), call.high(argument));

const descriptor: ArgumentFormat = (out, call, argument, options) => options.descriptor(out, call.low(argument) | 0);

function workingFolder(out: TextBuffer, call: Call, options: FormatOptions): void {
  out.text('AT_FDCWD');
  options.folder?.(out, call);
}

/** A value whose text depends on its low half alone. */
const named =
  (name: (low: number) => string): ArgumentFormat =>
  (out, call, argument) =>
    out.text(name(call.low(argument)));

/** The mode of an open-like call counts only when a file may be created. */
const creationMode: ArgumentFormat = (out, call, argument) => {
  const flags = call.low(argument - 1);
  const creates = (flags & 0o100) !== 0 || (flags & 0o20200000) === 0o20200000;
  if (creates) out.octal(call.low(argument) & 0xffff);
};

const cloneFlags = remembered((low) => {
  const signal = low & 0xff;
  const flags = flagNames('clone', (low & ~0xff) >>> 0, 0, '');
  return [flags, signal === 0 ? '' : signalName(signal)].filter((text) => text !== '').join('|') || '0';
});

const shmFlags = remembered((low) => permissions(flagNames('ipc', low & ~0o777, 0, ''), low));
const permissions = (flags: string, low: number): string =>
  flags === '' ? octal(low & 0o777) : `${flags}|${octal(low & 0o777)}`;

/** Bits of shmget's flags that tell the size of its pages. */
const HUGE = { shift: 26, mask: 0xfc00_0000 } as const;

const segmentFlags = remembered((low) => {
  const flags = flagNames('shmCreation', low & ~0o777 & ~HUGE.mask, 0, '');
  const huge = low >>> HUGE.shift;
  const sized = huge === 0 ? flags : [flags, `${huge}<<SHM_HUGE_SHIFT`].filter((text) => text !== '').join('|');
  return permissions(sized, low);
});

const SWAP_PRIORITY = 0x7fff;

/** Flags and a priority. */
const swapFlags = remembered((low) => {
  const flags = flagNames('swapon', low & ~SWAP_PRIORITY, 0, '');
  return flags === '' ? String(low & SWAP_PRIORITY) : `${flags}|${low & SWAP_PRIORITY}`;
});

const pointerWord = oneStruct('ptr');

export const SCALARS: Readonly<Record<string, ArgumentFormat>> = {
  fd: descriptor,
  at: (out, call, argument, options) => {
    if ((call.low(argument) | 0) === AT_FDCWD) workingFolder(out, call, options);
    else descriptor(out, call, argument, options);
  },
  int,
  pid: int,
  uint: (out, call, argument) => out.decimal(call.low(argument)),
  uid: (out, call, argument) => {
    const low = call.low(argument);
    out.decimal(low === 0xffff_ffff ? -1 : low);
  },
  long: signed,
  off: signed,
  hexoff: hex,
  ulong: unsigned,
  size: unsigned,
  hex,
  ptr: address,
  /** In pages of 4096 bytes. */
  pageoff: (out, call, argument) => {
    const pages = call.low(argument);
    out.hexOrZero((pages << 12) >>> 0, pages >>> 20);
  },
  uid16: (out, call, argument) => {
    const id = call.low(argument) & 0xffff;
    out.decimal(id === 0xffff ? -1 : id);
  },
  oldsigmask: named((low) => signalSet(low, 0)),
  mode: (out, call, argument) => out.octal(call.low(argument) & 0xffff),
  mknodmode: named((low) => fileMode(low & 0xffff)),
  // A device number says something only of a device.
  dev: (out, call, argument) => {
    const type = call.name.startsWith('mknod') ? call.low(argument - 1) & 0o170000 : 0o020000;
    if (type === 0o020000 || type === 0o060000) out.text(deviceNumber(call.low(argument)));
  },
  sig: named(signalName),
  swapflags: named(swapFlags),
  segmentflags: named(segmentFlags),
  openbits: named((low) => flagNames('open', low)),
  open: named(openFlags),
  creatmode: creationMode,
  keyring: (out, call, argument, options) => {
    const name = enumName('keyring', call.low(argument));
    if (name === undefined) int(out, call, argument, options);
    else out.text(name);
  },
  mountflags: (out, call, argument) => {
    const [low, magic] = [call.low(argument), 0xc0ed_0000];
    if ((low & 0xffff_0000) >>> 0 !== magic) out.text(flagNames('mount', low, call.high(argument)));
    else out.text(`MS_MGC_VAL${low === magic ? '' : `|${flagNames('mount', low & 0xffff)}`}`);
  },
  quota: named((low) => `QCMD(${enumOrHex('quota', low >>> 8)}, ${enumOrHex('quotaType', low & 0xff)})`),
  fanotify: named((low) => {
    const flags = flagNames('fanInit', low & ~FAN_CLASSES, 0, '');
    return `${enumOrHex('fanClass', low & FAN_CLASSES)}${flags === '' ? '' : `|${flags}`}`;
  }),
  fanat: (out, call, argument, options) => {
    const fd = call.low(argument) | 0;
    if (fd === -1) out.text('FAN_NOFD');
    else if (fd === AT_FDCWD) workingFolder(out, call, options);
    else descriptor(out, call, argument, options);
  },
  errno: named((low) => errnoOf(low)?.name ?? String(low)),
  map: named(mapFlags),
  access: named((low) => (low === 0 ? 'F_OK' : flagNames('access', low))),
  statxflags: named(statxFlags),
  socktype: named(socketType),
  protocol: (out, call, argument) => out.text(socketProtocol(call.low(0), call.low(argument), call.high(argument))),
  ioctl: named(ioctlName),
  ioctlarg: ioctlArgument,
  fcntlarg: fcntlArgument,
  sockopt: (out, call, argument) => out.text(optionName(call.low(1), call.low(argument))),
  cloneflags: named(cloneFlags),
  futexop: named(futexOperation),
  futexarg: (out, call, argument, options) => {
    const capture = call.capture(argument, 'entry');
    if (capture === undefined) address(out, call, argument, options);
    else oneStruct(call.syscall!.conditional[0]!.struct)(out, capture, options);
  },
  prctl: named((low) => enumOrHex('prctl', low)),
  prctlarg: prctlArgument,
  capability: named(capability),
  ioprio: named(priorityText),
  mempolicy: named((low) => {
    const mode = enumOrHex('mempolicy', low & ~MEMPOLICY_FLAGS);
    const flags = flagNames('mempolicyMode', low & MEMPOLICY_FLAGS, 0, '');
    return flags === '' ? mode : `${mode}|${flags}`;
  }),
  user: (out, call, argument) => {
    const at = call.low(argument);
    const name = call.narrow || at % 8 !== 0 ? undefined : USER_REGISTERS[at / 8];
    if (name === undefined) out.hexOrZero(at, call.high(argument));
    else out.text(`8*${name}`);
  },
  archarg: (out, call, argument, options) => {
    const capture = call.capture(argument, 'exit');
    if (capture === undefined) out.hex64(call.low(argument), call.high(argument));
    else pointerWord(out, capture, options);
  },
  ipckey: (out, call, argument) => {
    const low = call.low(argument);
    if (low === 0) out.text('IPC_PRIVATE');
    else out.hex64(low, 0);
  },
  shmflags: named(shmFlags),
  mountdata: address,
  personality: named(personality),
  // The upper half of an offset, which has come whole in the argument before.
  zero: () => {},
  skip: () => {},
};
