/** A service as kube-proxy makes rules of it: one port, one endpoint, and where it has one a port of the node. */
export interface Service {
  readonly name: string;
  readonly clusterIp: string;
  readonly endpoint: string;
  readonly nodePort?: number;
  /** `Local` hands a node port only to endpoints of this node, and leaves the client's address as it is. */
  readonly policy?: 'Cluster' | 'Local';
}

const at = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
const alone = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`;

const upper = ({ name }: Service): string => name.toUpperCase();

function iptablesService(service: Service): readonly string[] {
  const { clusterIp, endpoint, nodePort, policy = 'Cluster' } = service;
  const of = (kind: string): string => `KUBE-${kind}-${upper(service)}`;
  const external =
    nodePort === undefined
      ? []
      : [
          `-A KUBE-NODEPORTS -p tcp -m tcp --dport ${nodePort} -j ${of('EXT')}`,
          ...(policy === 'Cluster'
            ? [`-A ${of('EXT')} -j KUBE-MARK-MASQ`, `-A ${of('EXT')} -j ${of('SVC')}`]
            : [
                `-A ${of('EXT')} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
                `-A ${of('EXT')} -m addrtype --src-type LOCAL -j ${of('SVC')}`,
                `-A ${of('EXT')} -j ${of('SVL')}`,
                `-A ${of('SVL')} -j ${of('SEP')}`,
              ]),
        ];
  return [
    ...['SVC', 'SVL', 'SEP', 'EXT'].map((kind) => `:${of(kind)} - [0:0]`),
    `-A KUBE-SERVICES -d ${alone(clusterIp)} -p tcp -m tcp --dport 80 -j ${of('SVC')}`,
    `-A ${of('SVC')} -j ${of('SEP')}`,
    `-A ${of('SEP')} -s ${alone(endpoint)} -j KUBE-MARK-MASQ`,
    `-A ${of('SEP')} -p tcp -m tcp -j DNAT --to-destination ${at(endpoint, 80)}`,
    ...external,
  ];
}

/** Input of `iptables-restore --noflush` as of kube-proxy in its iptables mode: its jumps go before those of others. */
export function iptablesMode(services: readonly Service[]): string {
  return [
    '*mangle',
    ':KUBE-PROXY-CANARY - [0:0]',
    'COMMIT',
    '*filter',
    ':KUBE-FORWARD - [0:0]',
    '-I FORWARD 1 -j KUBE-FORWARD',
    '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
    '-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT',
    '-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    'COMMIT',
    '*nat',
    ':KUBE-SERVICES - [0:0]',
    ':KUBE-NODEPORTS - [0:0]',
    ':KUBE-POSTROUTING - [0:0]',
    ':KUBE-MARK-MASQ - [0:0]',
    '-I PREROUTING 1 -j KUBE-SERVICES',
    '-I OUTPUT 1 -j KUBE-SERVICES',
    '-I POSTROUTING 1 -j KUBE-POSTROUTING',
    '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
    '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
    '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0',
    '-A KUBE-POSTROUTING -j MASQUERADE --random-fully',
    ...services.flatMap(iptablesService),
    '-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
    'COMMIT',
    '',
  ].join('\n');
}

function nftService({ name, endpoint, nodePort, policy = 'Cluster' }: Service): string {
  const ip = endpoint.includes(':') ? 'ip6' : 'ip';
  const external =
    policy === 'Cluster'
      ? `chain external-${name} { jump mark-for-masquerade; goto service-${name}; }`
      : `chain external-${name} {
           fib saddr type local jump mark-for-masquerade
           fib saddr type local goto service-${name}
           goto endpoint-${name}
         }`;
  return `
    chain endpoint-${name} {
      ${ip} saddr ${endpoint} jump mark-for-masquerade
      meta l4proto tcp dnat to ${at(endpoint, 80)}
    }
    chain service-${name} { numgen random mod 1 vmap { 0 : goto endpoint-${name} }; }
    ${nodePort === undefined ? '' : external}`;
}

const nftElements = (ip: string, { name, clusterIp, nodePort }: Service): readonly string[] => [
  `add element ${ip} kube-proxy service-ips { ${clusterIp} . tcp . 80 : goto service-${name} }`,
  ...(nodePort === undefined
    ? []
    : [`add element ${ip} kube-proxy service-nodeports { tcp . ${nodePort} : goto external-${name} }`]),
];

/** A script for `nft -f -` as of kube-proxy in its nftables mode: a table of its own. */
export function nftablesMode(services: readonly Service[], nodeAddresses: readonly string[]): string {
  const [ip, type] = nodeAddresses.some((address) => address.includes(':'))
    ? ['ip6', 'ipv6_addr']
    : ['ip', 'ipv4_addr'];
  return `
table ${ip} kube-proxy {
  set nodeport-ips { type ${type}; elements = { ${nodeAddresses.join(', ')} }; }
  map service-ips { type ${type} . inet_proto . inet_service : verdict; }
  map service-nodeports { type inet_proto . inet_service : verdict; }
  chain mark-for-masquerade { meta mark set meta mark or 0x4000; }
  chain masquerading {
    meta mark and 0x4000 == 0 return
    meta mark set meta mark xor 0x4000
    masquerade fully-random
  }
  chain services { }
  chain nat-prerouting { type nat hook prerouting priority dstnat; jump services; }
  chain nat-output { type nat hook output priority -100; jump services; }
  chain nat-postrouting { type nat hook postrouting priority srcnat; jump masquerading; }
}
table ${ip} kube-proxy { ${services.map(nftService).join('\n')}\n}
table ${ip} kube-proxy {
  chain services {
    ${ip} daddr . meta l4proto . th dport vmap @service-ips
    ${ip} daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
}
${services.flatMap((service) => nftElements(ip, service)).join('\n')}
`;
}
