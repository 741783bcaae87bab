/** What the commands of userfaultfd's ioctl are given and answer. Source: include/uapi/linux/userfaultfd.h of Linux 6.1. */
import { flagNames } from './flags.ts';
import { hexOrZero, high, low } from './struct-parts.ts';
import { hex64, signed64 } from './values.ts';

/** `before`: as it was given; `after`: as the kernel left it, where the call succeeded. */
type CommandText = (before: DataView, after: DataView | undefined) => string;

const wide = (view: DataView, at: number): string =>
  high(view, at) === 0 ? hexOrZero(low(view, at)) : hex64(low(view, at), high(view, at));
const bits = (set: string, view: DataView, at: number): string => flagNames(set, low(view, at), high(view, at));
const range = (view: DataView): string => `{start=${wide(view, 0)}, len=${wide(view, 8)}}`;

const api: CommandText = (before, after) => {
  const asked = `api=${wide(before, 0)}, features=${bits('uffdFeatures', before, 8)}`;
  if (after === undefined) return asked;
  return `${asked} => features=${bits('uffdFeatures', after, 8)}, ioctls=${bits('uffdOperations', after, 16)}`;
};

const ranged =
  (set: string, answer: (after: DataView) => string): CommandText =>
  (before, after) =>
    `range=${range(before)}, mode=${bits(set, before, 16)}${after === undefined ? '' : answer(after)}`;

const copied: CommandText = (before, after) => {
  const asked = `dst=${wide(before, 0)}, src=${wide(before, 8)}, len=${wide(before, 16)}, mode=${bits('uffdCopy', before, 24)}`;
  return after === undefined ? asked : `${asked}, copy=${wide(after, 32)}`;
};

const COMMANDS: ReadonlyMap<number, { readonly size: number; readonly text: CommandText }> = new Map([
  [0xc018aa3f, { size: 24, text: api }],
  [0xc020aa00, { size: 32, text: ranged('uffdRegister', (after) => `, ioctls=${bits('uffdOperations', after, 24)}`) }],
  [0xc028aa03, { size: 40, text: copied }],
  [0xc020aa04, { size: 32, text: ranged('uffdZero', (after) => `, zeropage=${wide(after, 24)}`) }],
  [0xc018aa06, { size: 24, text: ranged('uffdProtect', () => '') }],
  [
    0xc020aa07,
    { size: 32, text: ranged('uffdContinue', (after) => `, mapped=${signed64(low(after, 24), high(after, 24))}`) },
  ],
]);

export function handlesUserFaults(command: number): boolean {
  return COMMANDS.has(command);
}

/** undefined: too little of it was read. */
export function userFaultText(command: number, before: DataView, after: DataView | undefined): string | undefined {
  const form = COMMANDS.get(command);
  if (form === undefined || before.byteLength < form.size) return undefined;
  return `{${form.text(before, after !== undefined && after.byteLength >= form.size ? after : undefined)}}`;
}
