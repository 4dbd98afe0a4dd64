import { parseIpv4Cidr } from '../../addr/index.ts';
import { routeTableOf } from '../../dataplane/index.ts';
import {
  type AddressUse,
  type ForeignDevice,
  figuresOf,
  type PodAddress,
  type PoolCidr,
  type PoolEni,
  type PoolView,
} from '../../pool/index.ts';

/** Go's zero time, which stands for never. */
const NEVER = '0001-01-01T00:00:00Z';
const EVERY_KIND: readonly PoolCidr['kind'][] = ['address', 'prefix', 'ipv6-prefix'];

/** RFC 3339 with nanoseconds as Go writes it: without trailing zeros. */
export function goTime(nanoseconds: bigint): string {
  const whole = new Date(Number(nanoseconds / 1_000_000n)).toISOString().slice(0, 19);
  const rest = (nanoseconds % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${whole}${rest === '' ? '' : `.${rest}`}Z`;
}

/** Go's `net.IPNet`: the address as text, the mask as base64 of its bytes. */
function goNetwork({ cidr, kind }: PoolCidr): { readonly IP: string; readonly Mask: string } {
  const [network = '', length = ''] = cidr.split('/');
  const bytes = kind === 'ipv6-prefix' ? 16 : 4;
  const prefixLength = kind === 'ipv6-prefix' ? Number(length) : parseIpv4Cidr(cidr).prefixLength;
  const bits = '1'.repeat(prefixLength).padEnd(bytes * 8, '0');
  const mask = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  return { IP: network, Mask: mask.toString('base64') };
}

interface Shown {
  readonly cooldownMs: number;
  /** When the machine was booted, ms since the epoch: what the pool counts from. */
  readonly bootedAtMs: number;
  /** Allocations by sandbox: how many interfaces each has. */
  readonly interfaces: ReadonlyMap<string, number>;
}

/** Ids of containers and names of interfaces are left out as upstream does: anybody on the node may read this. */
function goAddress(address: PodAddress, use: AddressUse, shown: Shown): object {
  const assigned = use.kind === 'assigned' ? use : undefined;
  const { podNamespace, podName, containerId = '' } = assigned?.owner ?? {};
  return {
    Address: address,
    IPAMKey: { networkName: assigned?.owner.network ?? '', containerID: '', ifName: '' },
    IPAMMetadata: {
      ...(podNamespace === undefined ? {} : { k8sPodNamespace: podNamespace }),
      ...(podName === undefined ? {} : { k8sPodName: podName }),
      ...(assigned === undefined ? {} : { interfacesCount: shown.interfaces.get(containerId) ?? 1 }),
    },
    AssignedTime: assigned === undefined ? NEVER : goTime(assigned.since),
    UnassignedTime:
      use.kind === 'cooldown'
        ? goTime(BigInt(Math.round(shown.bootedAtMs + use.untilMs - shown.cooldownMs)) * 1_000_000n)
        : NEVER,
  };
}

const goCidrs = (cidrs: readonly PoolCidr[], shown: Shown): object =>
  Object.fromEntries(
    cidrs.map((cidr) => [
      cidr.cidr,
      {
        Cidr: goNetwork(cidr),
        // As in upstream's copy: addresses that nobody has had are not in it.
        IPAddresses: Object.fromEntries(
          [...cidr.uses]
            .filter(([, { kind }]) => kind !== 'quarantine')
            .map(([address, use]) => [address, goAddress(address, use, shown)]),
        ),
        IsPrefix: cidr.kind !== 'address',
        AddressFamily: '',
      },
    ]),
  );

function goEni(eni: PoolEni, shown: Shown): object {
  const cidrs = [...eni.cidrs.values()];
  return {
    ID: eni.id,
    IsPrimary: eni.primary,
    IsTrunk: false,
    IsEFA: eni.efa,
    DeviceNumber: eni.device,
    AvailableIPv4Cidrs: goCidrs(
      cidrs.filter(({ kind }) => kind !== 'ipv6-prefix'),
      shown,
    ),
    IPv6Cidrs: goCidrs(
      cidrs.filter(({ kind }) => kind === 'ipv6-prefix'),
      shown,
    ),
    IsExcludedForPodIPs: eni.service !== 'pods',
    RouteTableID: eni.table,
    SubnetID: eni.subnetId,
  };
}

/** A trunk, which has no addresses for pods of ours. */
const goTrunk = ({ eniId, card, device }: ForeignDevice): object => ({
  ID: eniId,
  IsPrimary: false,
  IsTrunk: true,
  IsEFA: false,
  DeviceNumber: device,
  AvailableIPv4Cidrs: {},
  IPv6Cidrs: {},
  IsExcludedForPodIPs: false,
  RouteTableID: routeTableOf({ card, device }),
  SubnetID: '',
});

function interfacesOf(view: PoolView): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { cidrs } of view.enis.values())
    for (const { uses } of cidrs.values())
      for (const use of uses.values())
        if (use.kind === 'assigned') counts.set(use.owner.containerId, (counts.get(use.owner.containerId) ?? 0) + 1);
  return counts;
}

/** The pool as upstream's `/v1/enis` shows it: by network card, then by ENI. */
export function enisDocument(
  view: PoolView,
  options: { readonly cards: readonly number[] } & Pick<Shown, 'cooldownMs' | 'bootedAtMs'>,
): object {
  const { cooldownMs, bootedAtMs } = options;
  const shown = { cooldownMs, bootedAtMs, interfaces: interfacesOf(view) };
  return Object.fromEntries(
    options.cards.map((card) => {
      const { total, assigned } = figuresOf(view, card, EVERY_KIND);
      const enis = [...view.enis.values()].filter((eni) => eni.card === card);
      const trunks = view.foreign.filter((device) => device.card === card && device.why === 'trunk');
      return [
        String(card),
        {
          TotalIPs: total,
          AssignedIPs: assigned,
          ENIs: Object.fromEntries([
            ...enis.map((eni) => [eni.id, goEni(eni, shown)] as const),
            ...trunks.map((trunk) => [trunk.eniId, goTrunk(trunk)] as const),
          ]),
        },
      ];
    }),
  );
}
