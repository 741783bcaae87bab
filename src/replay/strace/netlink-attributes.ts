/** Attributes and structs of netlink messages, by the tables of guest/linux/tables/netlink.ts. */
import {
  type FieldTable,
  type IndexTable,
  NETLINK_ATTRIBUTES,
  NETLINK_BITS,
  NETLINK_INDEXES,
  NETLINK_STRUCTS,
} from '../../guest/linux/tables/netlink.ts';
import type { NetlinkSocket } from '../calls.ts';
import { enumOrHex, flagNames } from './flags.ts';
import { hardwareAddress, hexQuote } from './netlink-values.ts';
import { inet6, interfaceName } from './socket-address.ts';
import { deviceNumber, hexOrZero } from './struct-parts.ts';
import { quote, quoteBuffer, unsigned64 } from './values.ts';

/** So many bytes of a message, of which the first were read. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly length: number;
  from(start: number): Part;
  to(end: number): Part;
}

export function partOf(bytes: Uint8Array, length: number): Part {
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    length,
    from: (start) => partOf(bytes.subarray(start), Math.max(0, length - start)),
    to: (end) => partOf(bytes.subarray(0, end), Math.min(length, end)),
  };
}

export interface NetlinkContext {
  readonly socket: NetlinkSocket;
  readonly stringLimit: number;
  readonly verbose: boolean;
  /** Of the addresses in the attributes. */
  readonly family: number;
}

const HEADER = 4;
const NESTED = 0x8000;
const NET_ORDER = 0x4000;
const AF = { inet: 2, inet6: 10 } as const;
const FIXED: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, u64: 8, s32: 4 };
const SOCKET_ID = { peer: 2, from: 4, to: 20, interface: 36, cookie: 40 } as const;

/** One attribute, or several in brackets. */
export function attributeList(table: string, part: Part, context: NetlinkContext): string {
  const texts: string[] = [];
  let rest = part;
  for (;;) {
    if (rest.length < HEADER || rest.bytes.length < HEADER) {
      texts.push(rest.length > rest.bytes.length ? '...' : hexQuote(rest, context.stringLimit));
      break;
    }
    if (!context.verbose && texts.length === context.stringLimit) {
      texts.push('...');
      break;
    }
    const size = rest.view.getUint16(0, true);
    texts.push(attribute(table, size, rest, context));
    const step = (size + 3) & ~3;
    if (size < HEADER || rest.length <= step) break;
    rest = rest.from(step);
  }
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
}

function attribute(table: string, size: number, rest: Part, context: NetlinkContext): string {
  const { prefix, attributes } = NETLINK_ATTRIBUTES[table]!;
  const type = rest.view.getUint16(2, true);
  const number = type & ~(NESTED | NET_ORDER);
  const [name, format] = attributes[number] ?? ['', undefined];
  const known = name === '' ? `${hexOrZero(number)} /* ${prefix}??? */` : name;
  const marks = `${(type & NESTED) === 0 ? '' : 'NLA_F_NESTED|'}${(type & NET_ORDER) === 0 ? '' : 'NLA_F_NET_BYTEORDER|'}`;
  const head = `{nla_len=${size}, nla_type=${marks}${known}}`;
  const length = Math.min(size, rest.length);
  if (length <= HEADER) return head;
  const data = rest.to(length).from(HEADER);
  return `[${head}, ${(format === undefined ? undefined : value(format, data, context)) ?? hexQuote(data, context.stringLimit)}]`;
}

/** An attribute's value; undefined where it has not the size that its format asks for. */
function value(format: string, data: Part, context: NetlinkContext): string | undefined {
  const [kind, name] = format.split('=') as [string, string | undefined];
  if (data.length > data.bytes.length && kind !== 'nest' && kind !== 'index') return '...';
  switch (kind) {
    case 'nest':
      return attributeList(name!, data, context);
    case 'struct': {
      const struct = NETLINK_STRUCTS[name!]!;
      return data.bytes.length < Math.min(struct.size, LEAST[name!] ?? struct.size)
        ? undefined
        : structFields(struct, data, context);
    }
    case 'index':
      return indexed(NETLINK_INDEXES[name!]!, data, context);
    case 'bits':
      return bits(NETLINK_BITS[name!]!, data.bytes);
    case 'str':
      return text(data, context.stringLimit);
    case 'mac':
      return hardwareAddress(data.bytes);
    case 'ip':
      return ipAddress(data.bytes, context.family);
    case 'ip6':
      return ipAddress(data.bytes, AF.inet6);
    case 'words':
      return `[${Array.from({ length: data.bytes.length >> 2 }, (_, i) => data.view.getUint32(4 * i, true)).join(', ')}]`;
    case 'ifindex':
      return data.bytes.length < 4 ? undefined : field('ifindex', 4, data.view, 0, context);
    case 'port':
      return data.bytes.length < 2 ? undefined : `htons(${data.view.getUint16(0)})`;
  }
  if (/^[EF]\d/.test(kind)) {
    const size = Number(kind.slice(1)) / 8;
    return data.bytes.length < size ? undefined : field(`${kind[0]}=${name}`, size, data.view, 0, context);
  }
  const size = FIXED[kind]!;
  return data.bytes.length < size ? undefined : field(kind[0]!, size, data.view, 0, context);
}

/** Structs that grew: as they were in the beginning. */
const LEAST: Readonly<Record<string, number>> = { linkStats: 92, linkStats64: 184 };

function text({ bytes, length }: Part, limit: number): string {
  const end = bytes.indexOf(0);
  if (end < 0) return `${quote(bytes.subarray(0, limit))}...`;
  return end <= limit ? quote(bytes.subarray(0, end)) : quoteBuffer(bytes.subarray(0, end), length, limit);
}

function ipAddress(bytes: Uint8Array, family: number): string | undefined {
  if (family === AF.inet && bytes.length >= 4) return `inet_addr("${bytes.subarray(0, 4).join('.')}")`;
  if (family === AF.inet6 && bytes.length >= 16) return `inet_pton(AF_INET6, "${inet6(bytes.subarray(0, 16))}")`;
  return undefined;
}

/** Words of an array, each with the name of its index. */
function indexed(
  { names, prefix, size, signed }: IndexTable,
  data: Part,
  { stringLimit, verbose }: NetlinkContext,
): string {
  const count = Math.floor(data.length / size);
  const most = verbose ? count : Math.min(count, stringLimit);
  const texts: string[] = [];
  for (let i = 0; i < most && (i + 1) * size <= data.bytes.length; i++) {
    const at = i * size;
    const word = signed
      ? data.view.getInt32(at, true)
      : size === 4
        ? data.view.getUint32(at, true)
        : data.view.getBigUint64(at, true);
    texts.push(`[${names[i] ?? `${i} /* ${prefix}??? */`}]=${word}`);
  }
  if (texts.length < count) texts.push('...');
  return `[${texts.join(', ')}]`;
}

function bits(names: readonly string[], bytes: Uint8Array): string {
  const set = names.filter((_, i) => ((bytes[i >> 3] ?? 0) & (1 << (i & 7))) !== 0);
  return `{${set.map((name) => `${name}=1`).join(', ')}}`;
}

/** As many of a struct's fields as there are bytes of it. */
export function structFields({ fields }: FieldTable, { bytes, view }: Part, context: NetlinkContext): string {
  const whole = fields.filter(({ at, size }) => at + size <= bytes.length);
  return `{${whole.map(({ name, at, size, format }) => `${name}=${field(format, size, view, at, context)}`).join(', ')}}`;
}

function field(format: string, size: number, view: DataView, at: number, context: NetlinkContext): string {
  const low = size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  const [kind, set] = format.split('=') as [string, string | undefined];
  switch (kind) {
    case 'E':
      return enumOrHex(set!, low);
    case 'F':
      return set === 'neighbourState' && low === 0 ? 'NUD_NONE' : flagNames(set!, low);
    case 's':
      return String(low | 0);
    case 'x':
      return hexOrZero(low);
    case 'dev':
      return deviceNumber(low);
    case 'ifindex':
      return interfaceName(low, context.socket.interfaces);
    case 'cookie':
      return `[${low}, ${view.getUint32(at + 4, true)}]`;
    case 'id':
      return socketId(view, at, context);
    default:
      return size === 8 ? unsigned64(low, view.getUint32(at + 4, true)) : String(low);
  }
}

/** struct inet_diag_sockid. */
function socketId(view: DataView, at: number, context: NetlinkContext): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, 48);
  const [source, destination] = [SOCKET_ID.from, SOCKET_ID.to].map((start) => bytes.subarray(start, start + 16));
  const addresses =
    context.family === AF.inet6
      ? `inet_pton(AF_INET6, "${inet6(source!)}", &idiag_src), inet_pton(AF_INET6, "${inet6(destination!)}", &idiag_dst)`
      : `idiag_src=inet_addr("${source!.subarray(0, 4).join('.')}"), idiag_dst=inet_addr("${destination!.subarray(0, 4).join('.')}")`;
  const cookie = field('cookie', 8, view, at + SOCKET_ID.cookie, context);
  return (
    `{idiag_sport=htons(${view.getUint16(at)}), idiag_dport=htons(${view.getUint16(at + SOCKET_ID.peer)}), ${addresses}, ` +
    `idiag_if=${field('ifindex', 4, view, at + SOCKET_ID.interface, context)}, idiag_cookie=${cookie}}`
  );
}
