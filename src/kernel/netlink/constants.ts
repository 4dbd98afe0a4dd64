/** Numbers of the kernel's route netlink ABI (include/uapi/linux/{netlink,rtnetlink,if_link,fib_rules,neighbour}.h). */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWRULE: 32,
  DELRULE: 33,
  GETRULE: 34,
  NEWNETCONF: 80,
} as const;

/** Multicast groups, a bit each (RTMGRP_*, and 1 << (RTNLGRP_* - 1) where there is no such name). */
export const GROUP = {
  LINK: 0x1,
  NEIGHBOUR: 0x4,
  IPV4_ADDRESS: 0x10,
  IPV4_ROUTE: 0x40,
  IPV4_RULE: 0x80,
  IPV6_ADDRESS: 0x100,
  IPV6_ROUTE: 0x400,
  IPV6_RULE: 0x40000,
  IPV4_NETCONF: 0x800000,
  IPV6_NETCONF: 0x1000000,
} as const;

/** Notifications of nftables (include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h). */
export const NFT = {
  /** 1 << (NFNLGRP_NFTABLES - 1) */
  GROUP: 0x40,
  SUBSYSTEM: 10,
  NEWGEN: 15,
  /** The name of the table in every message of a table, chain, rule, set or element (NFTA_*_TABLE). */
  ATTR_TABLE: 1,
  HEADER_BYTES: 4,
} as const;

/** Connection tracking (include/uapi/linux/netfilter/nfnetlink_conntrack.h): messages, and a header's bytes. */
export const CT = { SUBSYSTEM: 1, NEW: 0, GET: 1, DELETE: 2, HEADER_BYTES: 4 } as const;
export const CTA = { TUPLE_ORIG: 1, TUPLE_REPLY: 2, ID: 12, ZONE: 18, FILTER: 25 } as const;
export const CTA_TUPLE_IP = 1;
export const CTA_IP = { V4_SRC: 1, V6_SRC: 3 } as const;
/** Which parts of either tuple a filter compares, a bit each (nf_conntrack_netlink.c, CTA_FILTER_F_*). */
export const CTA_FILTER = { ORIG_FLAGS: 1, REPLY_FLAGS: 2, COMPARE_SOURCE: 0x1 } as const;

/** Attributes of a sysctl's notification. */
export const NETCONFA = { IFINDEX: 1, FORWARDING: 2 } as const;

/** Control messages. */
export const NLMSG = { NOOP: 1, ERROR: 2, DONE: 3 } as const;

/** Request and reply flags. */
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  DUMP_INTR: 0x10,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  /** In an acknowledgement: the request is not echoed, attributes follow its 16-byte header at once. */
  CAPPED: 0x100,
  ACK_TLVS: 0x200,
} as const;

export const NLMSGERR_ATTR_MSG = 1;
/** Address families. */
export const AF = { UNSPEC: 0, INET: 2, INET6: 10 } as const;

export const IFLA = {
  ADDRESS: 1,
  IFNAME: 3,
  MTU: 4,
  LINK: 5,
  MASTER: 10,
  TXQLEN: 13,
  LINKINFO: 18,
  IFALIAS: 20,
  GROUP: 27,
  NET_NS_FD: 28,
  EXT_MASK: 29,
  NUM_TX_QUEUES: 31,
  NUM_RX_QUEUES: 32,
  LINK_NETNSID: 37,
} as const;
export const IFLA_INFO = { KIND: 1, DATA: 2 } as const;
/** Leaves the counters out of a link: a quarter of its bytes, and slow to collect. */
export const RTEXT_FILTER_SKIP_STATS = 0x8;
export const VETH_INFO_PEER = 1;
export const VLAN_INFO_ID = 1;
export const IFF_UP = 0x1;

export const IFA = { ADDRESS: 1, LOCAL: 2, FLAGS: 8, PROTO: 11 } as const;
/** The kernel does not probe whether somebody else has this address: EC2 gives it to one ENI alone. */
export const IFA_F_NODAD = 0x02;
/** The kernel makes no connected route for this address. */
export const IFA_F_NOPREFIXROUTE = 0x200;

export const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7, TABLE: 15 } as const;
export const RT_SCOPE = { UNIVERSE: 0, LINK: 253, NOWHERE: 255 } as const;
export const RTN_UNICAST = 1;
/** A route to the host itself: it receives packets to this address. */
export const RTN_LOCAL = 2;
export const RT_TABLE_UNSPEC = 0;

export const FRA = {
  DST: 1,
  SRC: 2,
  IIFNAME: 3,
  PRIORITY: 6,
  FWMARK: 10,
  FLOW: 11,
  TUN_ID: 12,
  SUPPRESS_IFGROUP: 13,
  SUPPRESS_PREFIXLEN: 14,
  TABLE: 15,
  FWMASK: 16,
  OIFNAME: 17,
  L3MDEV: 19,
  UID_RANGE: 20,
  PROTOCOL: 21,
  IP_PROTO: 22,
  SPORT_RANGE: 23,
  DPORT_RANGE: 24,
} as const;
/** A rule that is for all packets but those it selects. */
export const FIB_RULE_INVERT = 0x2;
/** Protocol number of routes that the kernel makes by itself for an address. */
export const RTPROT_KERNEL = 2;
export const FR_ACT_TO_TBL = 1;

export const NDA = { DST: 1, LLADDR: 2 } as const;
export const NUD_PERMANENT = 0x80;
/** Mask of the changed flags of a link that is new. */
export const ALL_FLAGS = 0xffffffff;
