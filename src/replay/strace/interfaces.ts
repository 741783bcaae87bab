/** Network interfaces as ioctl tells of them: struct ifreq and struct ifconf. */
import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import {
  INTERFACE_ASKED,
  INTERFACE_LIST,
  INTERFACE_SET,
  type InterfaceMember,
} from '../../guest/linux/tables/ioctl-arguments.ts';
import type { CallCapture } from '../call-captures.ts';
import type { Call } from '../calls.ts';
import { enumOrHex, flagNames } from './flags.ts';
import { type ArgumentFormat, address } from './format.ts';
import { socketAddress } from './socket-address.ts';
import { pointer, quoteText } from './values.ts';

/** Length of a name, and where the union behind it begins. */
const NAME = 16;
const ADDRESS = 16;
/** Where sa_data begins; of a hardware address so many bytes are told. */
const HARDWARE = { at: 2, bytes: 6 } as const;

/** Bytes of a struct ifreq. */
const requestSize = (call: Call): number => (call.narrow ? 32 : 40);

/** Whether a command of ioctl is one of these. */
export const tellsInterfaces = (command: number): boolean =>
  command === INTERFACE_LIST || command in INTERFACE_ASKED || command in INTERFACE_SET;

/** Whether it writes what is shown. */
export const answersInterfaces = (command: number): boolean => command === INTERFACE_LIST || command in INTERFACE_ASKED;

function member(request: Uint8Array, name: InterfaceMember): string {
  const bytes = request.subarray(NAME);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (name) {
    case 'flags':
      return `ifr_flags=${flagNames('interface', view.getUint16(0, true))}`;
    case 'hwaddr': {
      const octets = bytes.subarray(HARDWARE.at, HARDWARE.at + HARDWARE.bytes);
      const text = Array.from(octets, (byte) => byte.toString(16).padStart(2, '0')).join(':');
      return `ifr_hwaddr={sa_family=${enumOrHex('hardwareType', view.getUint16(0, true))}, sa_data=${text}}`;
    }
    case 'ifindex':
    case 'metric':
    case 'mtu':
    case 'qlen':
      return `ifr_${name}=${view.getInt32(0, true)}`;
    case 'name':
      return `ifr_name=${quoteText(request.subarray(0, NAME))}`;
    default:
      return `ifr_${name}=${socketAddress(bytes.subarray(0, ADDRESS))}`;
  }
}

/** Third argument of ioctl for commands that tell of interfaces. */
export const interfaceArgument: ArgumentFormat = (out, call, argument, options) => {
  const command = call.low(argument - 1);
  const size = requestSize(call);
  const before = ioctlCapture(call, argument, 'entry');
  if (command === INTERFACE_LIST) {
    if (before === undefined) address(out, call, argument, options);
    else out.text(list(call, argument, before.bytes));
    return;
  }
  if (before === undefined || before.length < size) {
    address(out, call, argument, options);
    return;
  }
  const asked = INTERFACE_ASKED[command];
  const named = command === BY_INDEX ? `ifr_ifindex=${before.view.getInt32(before.start + NAME, true)}` : '';
  const parts = [named === '' ? `ifr_name=${quoteText(before.bytes.subarray(0, NAME))}` : named];
  const after = ioctlCapture(call, argument, 'exit');
  if (asked === undefined) parts.push(member(before.bytes, INTERFACE_SET[command]!));
  else if (!call.failed && after !== undefined && after.length >= size) parts.push(member(after.bytes, asked));
  out.text(`{${parts.join(', ')}}`);
};

/** SIOCGIFNAME, which asks for the name of an interface by its number. */
const BY_INDEX = 0x8910;

function ioctlCapture(call: Call, argument: number, phase: 'entry' | 'exit'): CallCapture | undefined {
  return call.captures(argument, phase).find(({ kind }) => kind === CAPTURE_KIND.ioctl);
}

/** struct ifconf: room in bytes, how much of it was used, and by what; without a buffer, how much would be. */
function list(call: Call, argument: number, before: Uint8Array): string {
  const size = requestSize(call);
  const length = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  const noted = (bytes: number): string =>
    bytes > 0 && bytes % size === 0 ? `${bytes} /* ${bytes / size} * sizeof(struct ifreq) */` : String(bytes);
  const view = new DataView(before.buffer, before.byteOffset, before.length);
  const buffer = call.narrow
    ? pointer(view.getUint32(4, true), 0)
    : pointer(view.getUint32(8, true), view.getUint32(12, true));
  const room = length(before);
  const used = length(ioctlCapture(call, argument, 'exit')?.bytes ?? before);
  const asks = buffer === 'NULL';
  const change = room === used ? noted(room) : `${noted(room)} => ${noted(used)}`;
  const lengths = asks ? noted(used) : change;
  const found = call.captures(argument, 'exit').find(({ kind }) => kind === CAPTURE_KIND.indirect);
  if (asks || call.failed || found === undefined) return `{ifc_len=${lengths}, ifc_buf=${buffer}}`;
  const requests = Array.from({ length: Math.floor(Math.min(used, found.length) / size) }, (_, i) => {
    const request = found.bytes.subarray(i * size, (i + 1) * size);
    return `{ifr_name=${quoteText(request.subarray(0, NAME))}, ${member(request, 'addr')}}`;
  });
  return `{ifc_len=${lengths}, ifc_buf=[${requests.join(', ')}]}`;
}
