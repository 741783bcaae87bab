import { enumOrHex } from './flags.ts';
import { quote, quoteText, unsigned64 } from './values.ts';

const FAMILY = { unspec: 0, unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17, bluetooth: 31 } as const;

/** A socket address of any family, as much of it as is there. */
export function socketAddress(bytes: Uint8Array): string {
  if (bytes.length < 2) return bytes.length === 0 ? 'NULL' : `{sa_family=?, ${quote(bytes)}}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const family = view.getUint16(0, true);
  const name = `sa_family=${enumOrHex('family', family)}`;
  if (family === FAMILY.unix) return unixAddress(bytes, name);
  if (family === FAMILY.inet && bytes.length >= 8) {
    const address = bytes.subarray(4, 8).join('.');
    return `{${name}, sin_port=htons(${view.getUint16(2)}), sin_addr=inet_addr("${address}")}`;
  }
  if (family === FAMILY.inet6 && bytes.length >= 24) {
    const flow = view.getUint32(4);
    const scope = bytes.length >= 28 ? `, sin6_scope_id=${scopeName(bytes, view.getUint32(24, true))}` : '';
    return (
      `{${name}, sin6_port=htons(${view.getUint16(2)}), sin6_flowinfo=htonl(${flow}), ` +
      `inet_pton(AF_INET6, "${inet6(bytes.subarray(8, 24))}", &sin6_addr)${scope}}`
    );
  }
  if (family === FAMILY.netlink && bytes.length >= 12) {
    const groups = view.getUint32(8, true);
    const pad = view.getUint16(2, true);
    const padText = pad === 0 ? '' : `, nl_pad=0x${pad.toString(16)}`;
    return `{${name}${padText}, nl_pid=${view.getInt32(4, true)}, nl_groups=${hex8(groups)}}`;
  }
  if (family === FAMILY.packet && bytes.length >= 20) {
    const address = Array.from(bytes.subarray(12, 12 + Math.min(8, bytes[11]!)), (byte) => `0x${byte.toString(16)}`);
    return (
      `{${name}, sll_protocol=${etherType(view.getUint16(2))}, sll_ifindex=${interfaceName(view.getInt32(4, true))}, ` +
      `sll_hatype=${enumOrHex('hardwareType', view.getUint16(8, true))}, sll_pkttype=${enumOrHex('packetType', bytes[10]!)}, ` +
      `sll_halen=${bytes[11]}${address.length === 0 ? '' : `, sll_addr=[${address.join(', ')}]`}}`
    );
  }
  return bytes.length === 2 ? `{${name}}` : `{${name}, sa_data=${quote(bytes.subarray(2))}}`;
}

const hex8 = (value: number): string => (value === 0 ? '00000000' : `0x${value.toString(16).padStart(6, '0')}`);

const LOOPBACK: ReadonlyMap<number, string> = new Map([[1, 'lo']]);

/** An interface by its number; the first is the loopback of every network namespace. */
export const interfaceName = (index: number, names: ReadonlyMap<number, string> = LOOPBACK): string => {
  const name = names.get(index);
  return name === undefined ? String(index >>> 0) : `if_nametoindex(${JSON.stringify(name)})`;
};

/** Scopes of link-local addresses are interfaces. */
function scopeName(bytes: Uint8Array, scope: number): string {
  const linkLocal = (bytes[8] === 0xfe && (bytes[9]! & 0xc0) === 0x80) || (bytes[8] === 0xff && (bytes[9]! & 15) === 2);
  return linkLocal ? interfaceName(scope) : String(scope);
}

function unixAddress(bytes: Uint8Array, name: string): string {
  const path = bytes.subarray(2);
  if (path.length === 0) return `{${name}}`;
  if (path[0] === 0) return `{${name}, sun_path=@${quote(path.subarray(1))}}`;
  return `{${name}, sun_path=${quoteText(path)}}`;
}

/** RFC 5952 text of an IPv6 address. */
export function inet6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  if (
    groups.slice(0, 5).every((group) => group === 0) &&
    (groups[5] === 0xffff || (groups[5] === 0 && groups[6] !== 0))
  ) {
    return `::${groups[5] === 0xffff ? 'ffff:' : ''}${bytes.subarray(12, 16).join('.')}`;
  }
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; ) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > best.length) best = { start: i, length: end - i };
    i = end > i ? end : i + 1;
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.start < 0) return text(groups);
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
}

/** An Ethernet protocol as it stands in a packet: `htons(ETH_P_IP)`. */
export const etherType = (type: number): string => `htons(${enumOrHex('etherType', type)})`;

/** Protocol of a socket by its family. */
export function socketProtocol(family: number, protocol: number, upper = 0): string {
  if (family === FAMILY.inet || family === FAMILY.inet6) return enumOrHex('ipProtocol', protocol);
  if (family === FAMILY.netlink) return enumOrHex('netlink', protocol);
  if (family === FAMILY.bluetooth) return enumOrHex('bluetooth', protocol);
  if (family === FAMILY.packet) return etherType(((protocol & 0xff) << 8) | ((protocol >> 8) & 0xff));
  return unsigned64(protocol, upper);
}
