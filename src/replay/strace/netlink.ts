/** Messages of netlink sockets: headers, and what stands behind them by protocol. */
import { errnoOf } from '../../guest/linux/tables/errno.ts';
import { type MessageForm, OLD_QUESTION, ROUTE_FORMS, SOCKET_FORMS } from '../../guest/linux/tables/netlink.ts';
import { NETLINK_TYPES } from '../../guest/linux/tables/netlink-names.ts';
import type { NetlinkSocket } from '../calls.ts';
import { enumName, enumOrHex, flagNames } from './flags.ts';
import { attributeList, type NetlinkContext, type Part, partOf, structFields } from './netlink-attributes.ts';
import { hexQuote } from './netlink-values.ts';
import { quoteBuffer } from './values.ts';

const NETLINK = { route: 0, sockets: 4, events: 15, crypto: 21 } as const;
const CONTROL = { error: 2, done: 3, firstOwn: 16 } as const;
const NLM_F_REQUEST = 1;
const NLM_F_CAPPED = 0x100;
/** TCPDIAG_GETSOCK, DCCPDIAG_GETSOCK. */
const OLD_QUESTIONS = new Set([18, 19]);
/** AF_INET, AF_INET6. */
const INTERNET = new Set([2, 10]);
const HEADER = 16;
/** RTM_DELACTION may dump, as what asks does. */
const DELACTION = 49;

const align = (length: number): number => (length + 3) & ~3;

interface Header {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly text: string;
}

/** One or several messages in a buffer, of which `bytes` were read; `fullLength`: how much there is. */
export function netlinkMessages(
  bytes: Uint8Array,
  fullLength: number,
  socket: NetlinkSocket,
  stringLimit: number,
  verbose: boolean,
): string {
  if (socket.protocol === NETLINK.events) return quoteBuffer(bytes, fullLength, stringLimit);
  const context: NetlinkContext = { socket, stringLimit, verbose, family: 0 };
  const texts: string[] = [];
  let rest = partOf(bytes, fullLength);
  for (;;) {
    if (rest.length < HEADER || rest.bytes.length < HEADER) {
      texts.push(rest.length > rest.bytes.length ? '...' : hexQuote(rest, stringLimit));
      break;
    }
    if (!verbose && texts.length === stringLimit) {
      texts.push('...');
      break;
    }
    const header = headerOf(rest.bytes, socket.protocol);
    texts.push(messageText(header, rest, context));
    const step = align(header.length);
    if (header.length < HEADER || rest.length <= step) break;
    rest = rest.from(step);
  }
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
}

function headerOf(bytes: Uint8Array, protocol: number): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(0, true);
  const type = view.getUint16(4, true);
  const flags = view.getUint16(6, true);
  const text =
    `{nlmsg_len=${length}, nlmsg_type=${typeName(type, protocol)}, nlmsg_flags=${flagNames(flagSet(type, protocol), flags)}, ` +
    `nlmsg_seq=${view.getUint32(8, true)}, nlmsg_pid=${view.getInt32(12, true)}}`;
  return { length, type, flags, text };
}

function typeName(type: number, protocol: number): string {
  const set = type < CONTROL.firstOwn ? 'netlinkControl' : NETLINK_TYPES[protocol];
  const name = set === undefined ? undefined : enumName(set, type);
  return name ?? `${type === 0 ? '0' : `0x${type.toString(16)}`} /* ${wantedType(set)} */`;
}

function wantedType(set: string | undefined): string {
  const names: Readonly<Record<string, string>> = {
    netlinkRoute: 'RTM_???',
    netlinkSockets: 'SOCK_DIAG_???',
    netlinkXfrm: 'XFRM_MSG_???',
    netlinkAudit: 'AUDIT_???',
    netlinkGeneric: 'GENERIC_FAMILY_???',
    netlinkCrypto: 'CRYPTO_MSG_???',
  };
  return names[set ?? ''] ?? 'NLMSG_???';
}

function flagSet(type: number, protocol: number): string {
  if (type < CONTROL.firstOwn) return type === CONTROL.error ? 'netlinkError' : 'netlink';
  if (protocol === NETLINK.sockets) return 'netlinkGet';
  if (protocol !== NETLINK.route) return 'netlink';
  if (type === DELACTION) return 'netlinkGet';
  return ['netlinkNew', 'netlinkDelete', 'netlinkGet', 'netlink'][type & 3]!;
}

function messageText(header: Header, whole: Part, context: NetlinkContext): string {
  const length = Math.min(header.length, whole.length);
  if (length <= HEADER) return header.text;
  return `[${header.text}, ${payload(header, whole.to(length).from(HEADER), context)}]`;
}

function payload(header: Header, part: Part, context: NetlinkContext): string {
  const { protocol } = context.socket;
  if (header.type === CONTROL.error) return failure(part, context, header);
  if (header.type === CONTROL.done && part.bytes.length >= 4) return String(part.view.getInt32(0, true));
  if (header.type >= CONTROL.firstOwn) {
    if (protocol === NETLINK.route) return routeMessage(header.type, part, context);
    if (protocol === NETLINK.sockets) return socketMessage(header, part, context);
  }
  if (protocol === NETLINK.crypto && header.type >= CONTROL.firstOwn) {
    return quoteBuffer(part.bytes, part.length, context.stringLimit);
  }
  return hexQuote(part, context.stringLimit);
}

/** struct nlmsgerr: an error, the header of the message that it answers, and that message unless it was left out. */
function failure(part: Part, context: NetlinkContext, header: Header): string {
  if (part.bytes.length < 4) return hexQuote(part, context.stringLimit);
  const error = part.view.getInt32(0, true);
  const name = error < 0 ? errnoOf(-error)?.name : undefined;
  const text = `{error=${name === undefined ? error : `-${name}`}`;
  const rest = part.from(4);
  if (rest.length === 0) return `${text}}`;
  if (rest.bytes.length < HEADER) return `${text}, msg=${hexQuote(rest, context.stringLimit)}}`;
  const answered = headerOf(rest.bytes, context.socket.protocol);
  const capped = error === 0 || (header.flags & NLM_F_CAPPED) !== 0;
  const size = Math.min(capped ? HEADER : answered.length, rest.length);
  const message = capped ? answered.text : messageText(answered, rest.to(size), context);
  const behind = rest.from(size);
  const whole = `${text}, msg=${message}}`;
  return behind.length === 0 ? whole : `[${whole}, ${attributeList('error', behind, context)}]`;
}

/** A header of fixed size, and attributes. */
function formed(form: MessageForm, part: Part, context: NetlinkContext): string {
  const [first] = form.fields;
  if (part.bytes.length < form.size) {
    return `{${first!.name}=${enumOrHex('family', part.bytes[0]!)}, ...}`;
  }
  const known = { ...context, family: part.bytes[0]! };
  const text = structFields(form, part, known);
  const behind = part.from(align(form.size));
  if (behind.length === 0) return text;
  return `${text}, ${form.attributes === undefined ? hexQuote(behind, context.stringLimit) : attributeList(form.attributes, behind, known)}`;
}

function routeMessage(type: number, part: Part, context: NetlinkContext): string {
  if (part.bytes.length === 0) return '...';
  const form = ROUTE_FORMS[type & ~3];
  if (form !== undefined) return formed(form, part, context);
  const rest = part.from(1);
  const data = rest.length === 0 ? '' : `, data=${hexQuote(rest, context.stringLimit)}`;
  return `{family=${enumOrHex('family', part.bytes[0]!)}${data}}`;
}

function socketMessage({ type, flags }: Header, part: Part, context: NetlinkContext): string {
  const family = part.bytes[0];
  if (family === undefined) return '...';
  const asks = (flags & NLM_F_REQUEST) !== 0;
  if (asks && OLD_QUESTIONS.has(type) && INTERNET.has(family)) return formed(OLD_QUESTION, part, context);
  const forms = SOCKET_FORMS[family];
  if (forms !== undefined) return formed(asks ? forms.asks : forms.tells, part, context);
  const rest = part.from(1);
  const data = rest.length === 0 ? '' : `, data=${hexQuote(rest, context.stringLimit)}`;
  return `{family=${enumOrHex('family', family)}${data}}`;
}
