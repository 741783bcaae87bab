import { CAPTURE_KIND } from '../../emu/monitor-layout.ts';
import type { CallCapture } from '../calls.ts';
import { enumName, flagNames } from './flags.ts';
import { socketAddress } from './socket-address.ts';
import { hex64, pointer, quote, quoteBuffer, unsigned64 } from './values.ts';

const IOVEC_BYTES = 16;

/** iovec captures of one array: `[{iov_base="...", iov_len=5}]`. */
export function vectors(captures: readonly CallCapture[], stringLimit: number): string {
  const head = captures.find((capture) => capture.kind === CAPTURE_KIND.iovec);
  if (head === undefined) return '[]';
  const data = captures.filter((capture) => capture.kind === CAPTURE_KIND.iovecData);
  const view = new DataView(head.bytes.buffer, head.bytes.byteOffset, head.bytes.length);
  const parts: string[] = [];
  for (let i = 0; (i + 1) * IOVEC_BYTES <= head.bytes.length; i++) {
    const at = i * IOVEC_BYTES;
    const low = view.getUint32(at, true);
    const high = view.getUint32(at + 4, true);
    const length = unsigned64(view.getUint32(at + 8, true), view.getUint32(at + 12, true));
    const bytes = data.find((capture) => capture.argument >> 4 === i + 1);
    const base =
      bytes !== undefined
        ? quoteBuffer(bytes.bytes, bytes.fullLength, stringLimit)
        : data.length > 0 && low + high > 0
          ? '""'
          : pointer(low, high);
    parts.push(`{iov_base=${base}, iov_len=${length}}`);
  }
  if (head.fullLength > head.bytes.length) parts.push('...');
  return `[${parts.join(', ')}]`;
}

/** A struct msghdr with what it points to; `before`: as the program gave it, where the kernel has written to it since. */
export function messageHeader(
  captures: readonly CallCapture[],
  before: CallCapture | undefined,
  stringLimit: number,
): string {
  const head = captures.find((capture) => capture.kind === CAPTURE_KIND.msghdr);
  if (head === undefined || head.bytes.length < 56) return 'NULL';
  const view = new DataView(head.bytes.buffer, head.bytes.byteOffset, 56);
  const one = (kind: number): CallCapture | undefined => captures.find((capture) => capture.kind === kind);
  const nameLow = view.getUint32(0, true);
  const nameHigh = view.getUint32(4, true);
  const name = one(CAPTURE_KIND.msgName);
  const nameText = name === undefined ? pointer(nameLow, nameHigh) : socketAddress(name.bytes);
  const count = unsigned64(view.getUint32(24, true), view.getUint32(28, true));
  const control = one(CAPTURE_KIND.msgControl);
  const controlLength = view.getUint32(40, true);
  const room =
    before === undefined || before.bytes.length < 56
      ? undefined
      : new DataView(before.bytes.buffer, before.bytes.byteOffset).getUint32(8, true);
  const nameLength = view.getUint32(8, true);
  const lengthText = room === undefined || room === nameLength ? String(nameLength) : `${room} => ${nameLength}`;
  const parts = [`msg_name=${nameText}`, `msg_namelen=${lengthText}`];
  parts.push(`msg_iov=${vectors(captures, stringLimit)}`, `msg_iovlen=${count}`);
  if (control !== undefined && control.bytes.length > 0) parts.push(`msg_control=${controlMessages(control.bytes)}`);
  parts.push(`msg_controllen=${controlLength}`);
  const flags = view.getUint32(48, true);
  parts.push(`msg_flags=${flagNames('msg', flags)}`);
  return `{${parts.join(', ')}}`;
}

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;

/** Control messages: passed descriptors and credentials by name, others as bytes. */
export function controlMessages(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: string[] = [];
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < 16 || at + length > bytes.length) break;
    const level = view.getInt32(at + 8, true);
    const type = view.getInt32(at + 12, true);
    const levelName = level === SOL_SOCKET ? 'SOL_SOCKET' : (enumName('sockLevel', level) ?? hex64(level >>> 0, 0));
    const typeName =
      level === SOL_SOCKET ? (enumName('cmsgSocket', type) ?? hex64(type >>> 0, 0)) : hex64(type >>> 0, 0);
    const data = bytes.subarray(at + 16, at + length);
    parts.push(
      `{cmsg_len=${length}, cmsg_level=${levelName}, cmsg_type=${typeName}, cmsg_data=${controlData(level, type, data)}}`,
    );
    at += (length + 7) & ~7;
  }
  return `[${parts.join(', ')}]`;
}

function controlData(level: number, type: number, data: Uint8Array): string {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (level === SOL_SOCKET && type === SCM_RIGHTS) {
    return `[${Array.from({ length: data.length >> 2 }, (_, i) => view.getInt32(4 * i, true)).join(', ')}]`;
  }
  if (level === SOL_SOCKET && type === SCM_CREDENTIALS && data.length >= 12) {
    return `{pid=${view.getInt32(0, true)}, uid=${view.getUint32(4, true)}, gid=${view.getUint32(8, true)}}`;
  }
  return quote(data);
}
