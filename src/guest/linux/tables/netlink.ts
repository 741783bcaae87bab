// Source: include/uapi/linux (netlink.h, rtnetlink.h, if_link.h, if_addr.h, neighbour.h, fib_rules.h, gen_stats.h, sock_diag.h, inet_diag.h,
// unix_diag.h, netlink_diag.h, packet_diag.h, audit.h) of Linux 6.1 (facts of the interface).

/** Attributes of one kind of message: what their names begin with, and them by number; `:` how the value is shown, as bytes without. */
export interface AttributeTable {
  readonly prefix: string;
  readonly attributes: readonly (readonly [name: string, format: string | undefined])[];
}

const attributes = (prefix: string, text: string): AttributeTable => ({
  prefix,
  attributes: text.split(/\s+/).map((word) => {
    const [name, format] = word.split(':') as [string, string | undefined];
    return [name === '-' ? '' : `${prefix}${name}`, format];
  }),
});

/**
 * Formats: u8 u16 u32 u64 s32, mac, str, ifindex, port (of the network's order), ip (of the family that the header names),
 * ip6, E8=set F32=set (names), nest=table, struct=fields, index=names (an array of words), bits=names, words.
 */
export const NETLINK_ATTRIBUTES: Readonly<Record<string, AttributeTable>> = {
  link: attributes(
    'IFLA_',
    `UNSPEC ADDRESS:mac BROADCAST:mac IFNAME:str MTU:u32 LINK:u32 QDISC:str STATS:struct=linkStats COST PRIORITY MASTER:u32
    WIRELESS PROTINFO TXQLEN:u32 MAP:struct=linkMap WEIGHT:u32 OPERSTATE:u8 LINKMODE:u8 LINKINFO:nest=linkInfo
    NET_NS_PID:u32 IFALIAS:str NUM_VF:u32 VFINFO_LIST STATS64:struct=linkStats64 VF_PORTS PORT_SELF
    AF_SPEC:nest=linkFamilies GROUP:u32 NET_NS_FD:u32 EXT_MASK:F32=linkExtensions PROMISCUITY:u32 NUM_TX_QUEUES:u32
    NUM_RX_QUEUES:u32 CARRIER:u8 PHYS_PORT_ID CARRIER_CHANGES:u32 PHYS_SWITCH_ID LINK_NETNSID:s32 PHYS_PORT_NAME:str
    PROTO_DOWN:u8 GSO_MAX_SEGS:u32 GSO_MAX_SIZE:u32 PAD XDP:nest=xdp EVENT:E32=linkEvent NEW_NETNSID:s32 IF_NETNSID:s32
    CARRIER_UP_COUNT:u32 CARRIER_DOWN_COUNT:u32 NEW_IFINDEX:ifindex MIN_MTU:u32 MAX_MTU:u32 PROP_LIST:nest=link
    ALT_IFNAME:str PERM_ADDRESS:mac PROTO_DOWN_REASON PARENT_DEV_NAME:str PARENT_DEV_BUS_NAME:str GRO_MAX_SIZE:u32
    TSO_MAX_SIZE:u32 TSO_MAX_SEGS:u32 ALLMULTI:u32`,
  ),
  linkInfo: attributes('IFLA_INFO_', `UNSPEC KIND:str DATA XSTATS SLAVE_KIND:str SLAVE_DATA`),
  xdp: attributes(
    'IFLA_XDP_',
    `UNSPEC FD:s32 ATTACHED:E8=xdpAttached FLAGS:F32=xdpFlags PROG_ID:u32 DRV_PROG_ID:u32 SKB_PROG_ID:u32 HW_PROG_ID:u32
    EXPECTED_FD:s32`,
  ),
  inet: attributes('IFLA_INET_', `UNSPEC CONF:index=inetSettings`),
  inet6: attributes(
    'IFLA_INET6_',
    `UNSPEC FLAGS:F32=inet6Flags CONF:index=inet6Settings STATS:index=inet6Statistics MCAST CACHEINFO:struct=inet6Cache
    ICMP6STATS:index=icmp6Statistics TOKEN:ip6 ADDR_GEN_MODE:E8=addressGeneration RA_MTU:u32`,
  ),
  address: attributes(
    'IFA_',
    `UNSPEC ADDRESS:ip LOCAL:ip LABEL:str BROADCAST:ip ANYCAST:ip CACHEINFO:struct=addressCache MULTICAST:ip
    FLAGS:F32=addressFlags RT_PRIORITY:u32 TARGET_NETNSID:s32 PROTO`,
  ),
  route: attributes(
    'RTA_',
    `UNSPEC DST:ip SRC:ip IIF:ifindex OIF:ifindex GATEWAY:ip PRIORITY:u32 PREFSRC:ip METRICS:nest=metrics MULTIPATH PROTOINFO
    FLOW:u32 CACHEINFO:struct=routeCache SESSION MP_ALGO TABLE:E32=routeTable MARK:u32 MFC_STATS VIA NEWDST:ip PREF:u8
    ENCAP_TYPE:E16=tunnelKind ENCAP EXPIRES:u64 PAD UID:u32 TTL_PROPAGATE:u8 IP_PROTO:E8=ipProtocol SPORT:port DPORT:port
    NH_ID:u32`,
  ),
  metrics: attributes(
    'RTAX_',
    `UNSPEC LOCK:u32 MTU:u32 WINDOW:u32 RTT:u32 RTTVAR:u32 SSTHRESH:u32 CWND:u32 ADVMSS:u32 REORDERING:u32 HOPLIMIT:u32
    INITCWND:u32 FEATURES:u32 RTO_MIN:u32 INITRWND:u32 QUICKACK:u32 CC_ALGO:str FASTOPEN_NO_COOKIE:u32`,
  ),
  neighbour: attributes(
    'NDA_',
    `UNSPEC DST:ip LLADDR:mac CACHEINFO:struct=neighbourCache PROBES:u32 VLAN:u16 PORT:port VNI:u32 IFINDEX:ifindex
    MASTER:ifindex LINK_NETNSID:u32 SRC_VNI:u32 PROTOCOL:E8=routeProtocol NH_ID:u32 FDB_EXT_ATTRS FLAGS_EXT NDM_STATE_MASK
    NDM_FLAGS_MASK`,
  ),
  rule: attributes(
    'FRA_',
    `UNSPEC DST:ip SRC:ip IIFNAME:str GOTO:u32 UNUSED2 PRIORITY:u32 UNUSED3 UNUSED4 UNUSED5 FWMARK:u32 FLOW:u32 TUN_ID
    SUPPRESS_IFGROUP:u32 SUPPRESS_PREFIXLEN:u32 TABLE:E32=routeTable FWMASK:u32 OIFNAME:str PAD L3MDEV:u8
    UID_RANGE:struct=uidRange PROTOCOL:E8=routeProtocol IP_PROTO:E8=ipProtocol SPORT_RANGE:struct=portRange
    DPORT_RANGE:struct=portRange`,
  ),
  traffic: attributes(
    'TCA_',
    `UNSPEC KIND:str OPTIONS STATS:struct=queueStats XSTATS RATE:struct=rateEstimate FCNT STATS2:nest=trafficStats STAB PAD
    DUMP_INVISIBLE CHAIN:u32 HW_OFFLOAD:u8 INGRESS_BLOCK:u32 EGRESS_BLOCK:u32 DUMP_FLAGS EXT_WARN_MSG`,
  ),
  trafficStats: attributes(
    'TCA_STATS_',
    `UNSPEC BASIC:struct=basicStats RATE_EST:struct=rateEstimate QUEUE:struct=queueLength APP
    RATE_EST64:struct=rateEstimate64 PAD BASIC_HW:struct=basicStats PKT64:u64`,
  ),
  error: attributes('NLMSGERR_ATTR_', `UNUSED MSG:str OFFS:u32 COOKIE POLICY MISS_TYPE MISS_NEST`),
  inetSocket: attributes(
    'INET_DIAG_',
    `NONE MEMINFO:struct=diagMemory INFO VEGASINFO:struct=vegas CONG:str TOS:u8 TCLASS:u8 SKMEMINFO:index=socketMemory
    SHUTDOWN:u8 DCTCPINFO PROTOCOL:E8=ipProtocol SKV6ONLY:u8 LOCALS PEERS PAD MARK:u32 BBRINFO CLASS_ID:u32 MD5SIG ULP_INFO
    SK_BPF_STORAGES CGROUP_ID:u64 SOCKOPT:bits=socketBits`,
  ),
  unixSocket: attributes(
    'UNIX_DIAG_',
    `NAME:str VFS:struct=unixFile PEER:u32 ICONS:words RQLEN:struct=unixQueue MEMINFO:index=socketMemory SHUTDOWN:u8 UID:u32`,
  ),
  netlinkSocket: attributes(
    'NETLINK_DIAG_',
    `MEMINFO:index=socketMemory GROUPS RX_RING TX_RING FLAGS:F32=netlinkSocketFlags`,
  ),
  packetSocket: attributes(
    'PACKET_DIAG_',
    `INFO MCLIST RX_RING TX_RING FANOUT UID:u32 MEMINFO:index=socketMemory FILTER`,
  ),
  /** By the family of the addresses. */
  linkFamilies: {
    prefix: 'AF_',
    attributes: Array.from({ length: 11 }, (_, family): [string, string | undefined] =>
      family === 2 ? ['AF_INET', 'nest=inet'] : family === 10 ? ['AF_INET6', 'nest=inet6'] : ['', undefined],
    ),
  },
};

/** Names of the elements of arrays, how many bytes each has and whether it is signed; the name's number is one less than is meant. */
export interface IndexTable {
  readonly names: readonly string[];
  readonly prefix: string;
  readonly size: 4 | 8;
  readonly signed: boolean;
}

const index = (prefix: string, text: string, size: 4 | 8, signed: boolean, suffix = ''): IndexTable => ({
  names: text.split(/\s+/).map((name) => `${prefix}${name}${suffix}`),
  prefix,
  size,
  signed,
});

export const NETLINK_INDEXES: Readonly<Record<string, IndexTable>> = {
  inetSettings: index(
    'IPV4_DEVCONF_',
    `FORWARDING MC_FORWARDING PROXY_ARP ACCEPT_REDIRECTS SECURE_REDIRECTS SEND_REDIRECTS SHARED_MEDIA RP_FILTER
    ACCEPT_SOURCE_ROUTE BOOTP_RELAY LOG_MARTIANS TAG ARPFILTER MEDIUM_ID NOXFRM NOPOLICY FORCE_IGMP_VERSION ARP_ANNOUNCE
    ARP_IGNORE PROMOTE_SECONDARIES ARP_ACCEPT ARP_NOTIFY ACCEPT_LOCAL SRC_VMARK PROXY_ARP_PVLAN ROUTE_LOCALNET
    IGMPV2_UNSOLICITED_REPORT_INTERVAL IGMPV3_UNSOLICITED_REPORT_INTERVAL IGNORE_ROUTES_WITH_LINKDOWN
    DROP_UNICAST_IN_L2_MULTICAST DROP_GRATUITOUS_ARP BC_FORWARDING ARP_EVICT_NOCARRIER`,
    4,
    true,
    '-1',
  ),
  inet6Settings: index(
    'DEVCONF_',
    `FORWARDING HOPLIMIT MTU6 ACCEPT_RA ACCEPT_REDIRECTS AUTOCONF DAD_TRANSMITS RTR_SOLICITS RTR_SOLICIT_INTERVAL
    RTR_SOLICIT_DELAY USE_TEMPADDR TEMP_VALID_LFT TEMP_PREFERED_LFT REGEN_MAX_RETRY MAX_DESYNC_FACTOR MAX_ADDRESSES
    FORCE_MLD_VERSION ACCEPT_RA_DEFRTR ACCEPT_RA_PINFO ACCEPT_RA_RTR_PREF RTR_PROBE_INTERVAL ACCEPT_RA_RT_INFO_MAX_PLEN
    PROXY_NDP OPTIMISTIC_DAD ACCEPT_SOURCE_ROUTE MC_FORWARDING DISABLE_IPV6 ACCEPT_DAD FORCE_TLLAO NDISC_NOTIFY
    MLDV1_UNSOLICITED_REPORT_INTERVAL MLDV2_UNSOLICITED_REPORT_INTERVAL SUPPRESS_FRAG_NDISC ACCEPT_RA_FROM_LOCAL
    USE_OPTIMISTIC ACCEPT_RA_MTU STABLE_SECRET USE_OIF_ADDRS_ONLY ACCEPT_RA_MIN_HOP_LIMIT IGNORE_ROUTES_WITH_LINKDOWN
    DROP_UNICAST_IN_L2_MULTICAST DROP_UNSOLICITED_NA KEEP_ADDR_ON_DOWN RTR_SOLICIT_MAX_INTERVAL SEG6_ENABLED
    SEG6_REQUIRE_HMAC ENHANCED_DAD ADDR_GEN_MODE DISABLE_POLICY ACCEPT_RA_RT_INFO_MIN_PLEN NDISC_TCLASS RPL_SEG_ENABLED
    RA_DEFRTR_METRIC IOAM6_ENABLED IOAM6_ID IOAM6_ID_WIDE NDISC_EVICT_NOCARRIER ACCEPT_UNTRACKED_NA ACCEPT_RA_MIN_LFT`,
    4,
    true,
  ),
  inet6Statistics: index(
    'IPSTATS_MIB_',
    `NUM INPKTS INOCTETS INDELIVERS OUTFORWDATAGRAMS OUTPKTS OUTOCTETS INHDRERRORS INTOOBIGERRORS INNOROUTES INADDRERRORS
    INUNKNOWNPROTOS INTRUNCATEDPKTS INDISCARDS OUTDISCARDS OUTNOROUTES REASMTIMEOUT REASMREQDS REASMOKS REASMFAILS FRAGOKS
    FRAGFAILS FRAGCREATES INMCASTPKTS OUTMCASTPKTS INBCASTPKTS OUTBCASTPKTS INMCASTOCTETS OUTMCASTOCTETS INBCASTOCTETS
    OUTBCASTOCTETS CSUMERRORS NOECTPKTS ECT1PKTS ECT0PKTS CEPKTS REASM_OVERLAPS`,
    8,
    false,
  ),
  icmp6Statistics: index('ICMP6_MIB_', 'NUM INMSGS INERRORS OUTMSGS OUTERRORS CSUMERRORS', 8, false),
  socketMemory: index(
    'SK_MEMINFO_',
    'RMEM_ALLOC RCVBUF WMEM_ALLOC SNDBUF FWD_ALLOC WMEM_QUEUED OPTMEM BACKLOG DROPS',
    4,
    false,
  ),
};

/** Fields of a struct: `name@offset:size:format`; formats as of attributes, and u d x, id (of a socket), cookie. */
export interface FieldTable {
  readonly size: number;
  readonly fields: readonly {
    readonly name: string;
    readonly at: number;
    readonly size: number;
    readonly format: string;
  }[];
}

const fields = (size: number, text: string): FieldTable => ({
  size,
  fields: text.split(/\s+/).map((word) => {
    const [, name, at, bytes, format] = /^(\w*)@(\d+):(\d+):(.+)$/.exec(word)!;
    return { name: name!, at: Number(at), size: Number(bytes), format: format! };
  }),
});

/** Words of one size and format that follow each other. */
const row = (size: 4 | 8, names: string, format = 'u'): FieldTable => {
  const words = names.split(/\s+/);
  return fields(size * words.length, words.map((name, i) => `${name}@${i * size}:${size}:${format}`).join(' '));
};

const LINK_STATS = `rx_packets tx_packets rx_bytes tx_bytes rx_errors tx_errors rx_dropped tx_dropped multicast collisions
    rx_length_errors rx_over_errors rx_crc_errors rx_frame_errors rx_fifo_errors rx_missed_errors tx_aborted_errors tx_carrier_errors
    tx_fifo_errors tx_heartbeat_errors tx_window_errors rx_compressed tx_compressed rx_nohandler`;

export const NETLINK_STRUCTS: Readonly<Record<string, FieldTable>> = {
  linkStats: row(4, LINK_STATS),
  linkStats64: row(8, `${LINK_STATS} rx_otherhost_dropped`),
  linkMap: fields(28, 'mem_start@0:8:x mem_end@8:8:x base_addr@16:8:x irq@24:2:u dma@26:1:u port@27:1:u'),
  inet6Cache: row(4, 'max_reasm_len tstamp reachable_time retrans_time'),
  addressCache: row(4, 'ifa_prefered ifa_valid cstamp tstamp'),
  routeCache: row(4, 'rta_clntref rta_lastuse rta_expires rta_error rta_used rta_id rta_ts rta_tsage'),
  neighbourCache: row(4, 'ndm_confirmed ndm_used ndm_updated ndm_refcnt'),
  uidRange: row(4, 'start end'),
  portRange: fields(4, 'start@0:2:u end@2:2:u'),
  queueStats: fields(
    36,
    `bytes@0:8:u packets@8:4:u drops@12:4:u overlimits@16:4:u bps@20:4:u pps@24:4:u qlen@28:4:u backlog@32:4:u`,
  ),
  basicStats: fields(12, 'bytes@0:8:u packets@8:4:u'),
  queueLength: row(4, 'qlen backlog drops requeues overlimits'),
  rateEstimate: row(4, 'bps pps'),
  rateEstimate64: row(8, 'bps pps'),
  diagMemory: row(4, 'idiag_rmem idiag_wmem idiag_fmem idiag_tmem'),
  vegas: row(4, 'tcpv_enabled tcpv_rttcnt tcpv_rtt tcpv_minrtt'),
  unixFile: fields(8, 'udiag_vfs_dev@4:4:dev udiag_vfs_ino@0:4:u'),
  unixQueue: row(4, 'udiag_rqueue udiag_wqueue'),
};

/** Bits from the first on, of which those that are set are shown. */
export const NETLINK_BITS: Readonly<Record<string, readonly string[]>> = {
  socketBits: [
    ...['recverr', 'is_icsk', 'freebind', 'hdrincl', 'mc_loop', 'transparent', 'mc_all', 'nodefrag'],
    ...['bind_address_no_port', 'recverr_rfc4884', 'defer_connect'],
  ],
};

/** What stands at the beginning of a message, its first field the family of addresses, and which attributes follow. */
export interface MessageForm extends FieldTable {
  readonly attributes?: string;
}

const LINK: MessageForm = {
  ...fields(
    16,
    'ifi_family@0:1:E=family ifi_type@2:2:E=hardwareType ifi_index@4:4:ifindex ifi_flags@8:4:F=interface ifi_change@12:4:x',
  ),
  attributes: 'link',
};
const ADDRESS: MessageForm = {
  ...fields(
    8,
    'ifa_family@0:1:E=family ifa_prefixlen@1:1:u ifa_flags@2:1:F=addressFlags ifa_scope@3:1:E=routeScope ifa_index@4:4:ifindex',
  ),
  attributes: 'address',
};
const ROUTE: MessageForm = {
  ...fields(
    12,
    `rtm_family@0:1:E=family rtm_dst_len@1:1:u rtm_src_len@2:1:u rtm_tos@3:1:F=typeOfService rtm_table@4:1:E=routeTable
    rtm_protocol@5:1:E=routeProtocol rtm_scope@6:1:E=routeScope rtm_type@7:1:E=routeType rtm_flags@8:4:F=routeFlags`,
  ),
  attributes: 'route',
};
const NEIGHBOUR: MessageForm = {
  ...fields(
    12,
    `ndm_family@0:1:E=family ndm_ifindex@4:4:ifindex ndm_state@8:2:F=neighbourState ndm_flags@10:1:F=neighbourFlags
    ndm_type@11:1:E=routeType`,
  ),
  attributes: 'neighbour',
};
const RULE: MessageForm = {
  ...fields(
    12,
    `family@0:1:E=family dst_len@1:1:u src_len@2:1:u tos@3:1:F=typeOfService table@4:1:E=routeTable action@7:1:E=ruleAction
    flags@8:4:F=ruleFlags`,
  ),
  attributes: 'rule',
};
const TRAFFIC: MessageForm = {
  ...fields(20, 'tcm_family@0:1:E=family tcm_ifindex@4:4:ifindex tcm_handle@8:4:u tcm_parent@12:4:u tcm_info@16:4:u'),
  attributes: 'traffic',
};

/** Messages of NETLINK_ROUTE, four types each: of their first type. */
export const ROUTE_FORMS: Readonly<Record<number, MessageForm>> = {
  16: LINK,
  20: ADDRESS,
  24: ROUTE,
  28: NEIGHBOUR,
  32: RULE,
  36: TRAFFIC,
  40: TRAFFIC,
  44: TRAFFIC,
  64: fields(4, 'ndtm_family@0:1:E=family'),
  80: fields(1, 'ncm_family@0:1:E=family'),
  88: fields(1, 'rtgen_family@0:1:E=family'),
};

const INET_ANSWER: MessageForm = {
  ...fields(
    72,
    `idiag_family@0:1:E=family idiag_state@1:1:E=tcpState idiag_timer@2:1:u idiag_retrans@3:1:u id@4:48:id idiag_expires@52:4:u
    idiag_rqueue@56:4:u idiag_wqueue@60:4:u idiag_uid@64:4:u idiag_inode@68:4:u`,
  ),
  attributes: 'inetSocket',
};
const INET_QUESTION = fields(
  56,
  `sdiag_family@0:1:E=family sdiag_protocol@1:1:E=ipProtocol idiag_ext@2:1:F=inetExtensions idiag_states@4:4:F=tcpStates
  id@8:48:id`,
);

/** Of the messages of NETLINK_SOCK_DIAG that are older than families. */
export const OLD_QUESTION: MessageForm = fields(
  60,
  `idiag_family@0:1:E=family idiag_src_len@1:1:u idiag_dst_len@2:1:u idiag_ext@3:1:F=inetExtensions id@4:48:id
  idiag_states@52:4:F=tcpStates idiag_dbs@56:4:u`,
);

/** Messages of NETLINK_SOCK_DIAG by family: what is asked, and answered. */
export const SOCKET_FORMS: Readonly<Record<number, { readonly asks: MessageForm; readonly tells: MessageForm }>> = {
  1: {
    asks: fields(
      24,
      `sdiag_family@0:1:E=family sdiag_protocol@1:1:u udiag_states@4:4:F=tcpStates udiag_ino@8:4:u udiag_show@12:4:F=unixShow
      udiag_cookie@16:8:cookie`,
    ),
    tells: {
      ...fields(
        16,
        `udiag_family@0:1:E=family udiag_type@1:1:E=socketType udiag_state@2:1:E=tcpState udiag_ino@4:4:u udiag_cookie@8:8:cookie`,
      ),
      attributes: 'unixSocket',
    },
  },
  2: { asks: INET_QUESTION, tells: INET_ANSWER },
  10: { asks: INET_QUESTION, tells: INET_ANSWER },
  16: {
    asks: fields(
      20,
      `sdiag_family@0:1:E=family sdiag_protocol@1:1:E=netlinkAsked ndiag_ino@4:4:u ndiag_show@8:4:F=netlinkShow
      ndiag_cookie@12:8:cookie`,
    ),
    tells: {
      ...fields(
        28,
        `ndiag_family@0:1:E=family ndiag_type@1:1:E=socketType ndiag_protocol@2:1:E=netlink ndiag_state@3:1:E=tcpState
        ndiag_portid@4:4:u ndiag_dst_portid@8:4:u ndiag_dst_group@12:4:u ndiag_ino@16:4:u ndiag_cookie@20:8:cookie`,
      ),
      attributes: 'netlinkSocket',
    },
  },
  17: {
    asks: fields(
      20,
      `sdiag_family@0:1:E=family sdiag_protocol@1:1:u pdiag_ino@4:4:u pdiag_show@8:4:F=packetShow pdiag_cookie@12:8:cookie`,
    ),
    tells: {
      ...fields(
        20,
        `pdiag_family@0:1:E=family pdiag_type@1:1:E=socketType pdiag_num@2:2:E=etherType pdiag_ino@4:4:u pdiag_cookie@8:8:cookie`,
      ),
      attributes: 'packetSocket',
    },
  },
};
