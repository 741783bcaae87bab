import { CAPTURE_KIND, CAPTURE_STATUS } from '../../emu/monitor-layout.ts';
import type { CallCapture } from '../call-captures.ts';
import type { NetlinkSocket } from '../calls.ts';
import { enumName, enumOrHex, flagNames } from './flags.ts';
import { netlinkMessages } from './netlink.ts';
import { interfaceName, socketAddress } from './socket-address.ts';
import { descriptorText, type StructOptions } from './struct-parts.ts';
import { hex64, pointer, quote, quoteBuffer, unsigned64 } from './values.ts';

/** A pointer or size_t, as low and high half. */
const wordAt = (view: DataView, at: number, word: number): readonly [low: number, high: number] => [
  view.getUint32(at, true),
  word === 4 ? 0 : view.getUint32(at + 4, true),
];

/** Whose the data is: the caller's, what the kernel has put there, or nothing since the call failed. */
export type VectorContent = 'given' | 'filled' | 'untouched';

export interface VectorOptions extends StructOptions {
  /** Bytes of a pointer: 8, of a 32-bit program 4. */
  readonly word: 4 | 8;
  /** What is sent and received are messages of this. */
  readonly netlink: NetlinkSocket | undefined;
}

/** iovec captures of one array: `[{iov_base="...", iov_len=5}]`. `count`: how many there are. */
export function vectors(
  captures: readonly CallCapture[],
  count: number,
  content: VectorContent,
  options: VectorOptions,
): string {
  const { stringLimit, verbose, word } = options;
  const head = captures.find((capture) => capture.kind === CAPTURE_KIND.iovec);
  if (head === undefined) return '[]';
  const data = captures.filter((capture) => capture.kind === CAPTURE_KIND.iovecData);
  const view = new DataView(head.bytes.buffer, head.bytes.byteOffset, head.bytes.length);
  const parts: string[] = [];
  const size = 2 * word;
  const whole = Math.floor(head.bytes.length / size);
  const shown = verbose ? whole : Math.min(whole, stringLimit);
  // What was captured follows the vector's order; there is nothing of empty elements.
  let next = 0;
  for (let i = 0; i < shown; i++) {
    const [low, high] = wordAt(view, i * size, word);
    const length = unsigned64(...wordAt(view, i * size + word, word));
    const start = (BigInt(high) << 32n) | BigInt(low);
    const bytes = length !== '0' && data[next]?.address === start ? data[next++] : undefined;
    parts.push(`{iov_base=${base(bytes, low, high, length, content, options)}, iov_len=${length}}`);
  }
  if (count > parts.length) {
    const unread =
      !verbose && parts.length >= stringLimit ? '...' : `... /* ${pointerAfter(head, parts.length * size)} */`;
    parts.push(unread);
  }
  return `[${parts.join(', ')}]`;
}

function base(
  bytes: CallCapture | undefined,
  low: number,
  high: number,
  length: string,
  content: VectorContent,
  { stringLimit, verbose, netlink }: VectorOptions,
): string {
  if (content === 'untouched') return pointer(low, high);
  if (bytes !== undefined && (bytes.bytes.length > 0 || bytes.status !== CAPTURE_STATUS.absent)) {
    if (netlink !== undefined) return netlinkMessages(bytes.bytes, bytes.fullLength, netlink, stringLimit, verbose);
    return quoteBuffer(bytes.bytes, bytes.fullLength, stringLimit);
  }
  if (low === 0 && high === 0) return 'NULL';
  return content === 'filled' || length === '0' ? '""' : pointer(low, high);
}

/** Address of the first element that could not be read. */
function pointerAfter(head: CallCapture, bytes: number): string {
  const at = head.address + BigInt(bytes);
  return pointer(Number(at & 0xffff_ffffn), Number(at >> 32n));
}

/** What is known of a message that was not received: the room for its sender's address. */
export function messageRoom({ bytes }: CallCapture, word: 4 | 8): string {
  return `{msg_namelen=${new DataView(bytes.buffer, bytes.byteOffset).getUint32(word, true)}}`;
}

/** A struct msghdr with what it points to; `before`: as the program gave it, where the kernel has written to it since. */
export function messageHeader(
  captures: readonly CallCapture[],
  before: CallCapture | undefined,
  content: VectorContent,
  options: VectorOptions,
): string {
  const { bytes } = captures[0]!;
  const { word } = options;
  const size = 7 * word;
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  const field = (number: number): readonly [low: number, high: number] => wordAt(view, number * word, word);
  const one = (kind: number): CallCapture | undefined => captures.find((capture) => capture.kind === kind);
  const room =
    before === undefined || before.bytes.length < size
      ? undefined
      : new DataView(before.bytes.buffer, before.bytes.byteOffset).getUint32(word, true);
  const nameLength = view.getUint32(word, true);
  const name = one(CAPTURE_KIND.msgName);
  const nameText =
    name === undefined || name.bytes.length < 2 ? pointer(...field(0)) : socketAddress(name.bytes.subarray(0, room));
  const lengthText = room === undefined || room === nameLength ? String(nameLength) : `${room} => ${nameLength}`;
  const parts = [`msg_name=${nameText}`, `msg_namelen=${lengthText}`];
  const countText = unsigned64(...field(3));
  const vectorAt = pointer(...field(2));
  const vectorText =
    countText === '0' && vectorAt !== 'NULL'
      ? '[]'
      : (one(CAPTURE_KIND.iovec)?.length ?? 0) === 0
        ? vectorAt
        : vectors(captures, Number(countText), content, options);
  parts.push(`msg_iov=${vectorText}`, `msg_iovlen=${countText}`);
  const control = one(CAPTURE_KIND.msgControl);
  const [controlLength] = field(5);
  if (controlLength > 0 && control !== undefined && control.bytes.length >= word + 8) {
    parts.push(`msg_control=${controlMessages(control.bytes, options)}`);
  } else if (controlLength > 0) {
    parts.push(`msg_control=${pointer(...field(4))}`);
  }
  parts.push(
    `msg_controllen=${unsigned64(...field(5))}`,
    `msg_flags=${flagNames('msg', view.getUint32(6 * word, true))}`,
  );
  return `{${parts.join(', ')}}`;
}

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;

/** Control messages: passed descriptors and credentials by name, others as bytes. */
export function controlMessages(bytes: Uint8Array, options: VectorOptions): string {
  const { word } = options;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // struct cmsghdr: a size_t, then level and type.
  const head = word + 8;
  const parts: string[] = [];
  for (let at = 0; at + head <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < head || at + length > bytes.length) break;
    const level = view.getInt32(at + word, true);
    const type = view.getInt32(at + word + 4, true);
    const levelName = enumOrHex('sockLevel', level).replace('SOL_?? */', 'SOL_??? */');
    const typeName = controlType(level, type);
    const data = bytes.subarray(at + head, at + length);
    const dataText = controlData(level, type, data, options);
    parts.push(
      `{cmsg_len=${length}, cmsg_level=${levelName}, cmsg_type=${typeName}${dataText === '' ? '' : `, cmsg_data=${dataText}`}}`,
    );
    at += (length + word - 1) & -word;
  }
  return `[${parts.join(', ')}]`;
}

function controlType(level: number, type: number): string {
  if (level === SOL_SOCKET) return enumName('cmsgSocket', type) ?? hex64(type >>> 0, 0);
  if (level === SOL_IP) return enumName('cmsgIp', type) ?? hex64(type >>> 0, 0);
  return hex64(type >>> 0, 0);
}

const SOL_IP = 0;
const SO_TIMESTAMP = 29;
const SO_TIMESTAMPNS = 35;
const IP_PKTINFO = 8;

function controlData(level: number, type: number, data: Uint8Array, options: StructOptions): string {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (level === SOL_SOCKET && type === SCM_RIGHTS) {
    return `[${Array.from({ length: data.length >> 2 }, (_, i) => descriptorText(view.getInt32(4 * i, true), options)).join(', ')}]`;
  }
  if (level === SOL_SOCKET && type === SCM_CREDENTIALS && data.length >= 12) {
    return `{pid=${view.getInt32(0, true)}, uid=${view.getUint32(4, true)}, gid=${view.getUint32(8, true)}}`;
  }
  if (level === SOL_SOCKET && (type === SO_TIMESTAMP || type === SO_TIMESTAMPNS) && data.length >= 16) {
    const second = type === SO_TIMESTAMP ? 'tv_usec' : 'tv_nsec';
    return `{tv_sec=${view.getBigInt64(0, true)}, ${second}=${view.getBigInt64(8, true)}}`;
  }
  if (level === SOL_IP && type === IP_PKTINFO && data.length >= 12) {
    const address = (at: number): string => `inet_addr("${data.subarray(at, at + 4).join('.')}")`;
    return `{ipi_ifindex=${interfaceName(view.getInt32(0, true))}, ipi_spec_dst=${address(4)}, ipi_addr=${address(8)}}`;
  }
  if (level === SOL_IP && type === 1) return `[${data[0] === 0 ? '0' : hex64(data[0] ?? 0, 0)}]`;
  if (level === SOL_IP && data.length >= 4) {
    return `[${Array.from({ length: data.length >> 2 }, (_, i) => view.getInt32(4 * i, true)).join(', ')}]`;
  }
  return level === SOL_SOCKET || level === SOL_IP ? quote(data) : '';
}
