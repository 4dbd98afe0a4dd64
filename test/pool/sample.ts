import { addressAt, type Ipv4Address, parseIpv4Cidr } from '../../src/addr/index.ts';
import type { AddressUse, Owner, PoolEni, PoolLimits, PoolState, PoolTargets } from '../../src/pool/index.ts';

export const NOW = 1_000_000;
/** t3.small: three ENIs, three secondary addresses each. */
export const SMALL: PoolLimits = { maxEnis: 3, addressesPerEni: 3, maxPods: 11 };
export const targets = (warmEni: number, warmIp = 0, minimumIp = 0): PoolTargets => ({ warmEni, warmIp, minimumIp });

export const owner = (n: number): Owner => ({
  network: 'aws-cni',
  containerId: `sandbox${n}`,
  ifName: 'eth0',
  podNamespace: 'default',
  podName: `pod-${n}`,
});

const network = parseIpv4Cidr('10.0.0.0/16');
export const address = (n: number): Ipv4Address => addressAt(network, n);

/** An ENI written as one letter per address: f free, a assigned, c resting, r going back. `d` numbers the device. */
export function eni(device: number, uses: string, extra: Partial<PoolEni> = {}): PoolEni {
  const use = (letter: string, n: number): AddressUse => {
    switch (letter) {
      case 'a':
        return { kind: 'assigned', owner: owner(device * 100 + n), since: 0n };
      case 'c':
        return { kind: 'cooldown', untilMs: NOW + 20_000 };
      case 'r':
        return { kind: 'releasing' };
      default:
        return { kind: 'free' };
    }
  };
  return {
    id: `eni-${device}`,
    primary: device === 0,
    device,
    table: device === 0 ? 254 : device + 1,
    attachedAtMs: 0,
    leaving: false,
    addresses: [...uses].map((letter, n) => ({ address: address(device * 256 + n), use: use(letter, n) })),
    ...extra,
  };
}

export const pool = (...enis: readonly PoolEni[]): PoolState => ({
  enis,
  pending: [],
  orphans: [],
  foreignDevices: [],
});

/** A pool as one line: `eni-0:aaf eni-1:fff`. */
export const show = (state: PoolState): string =>
  state.enis
    .map(
      ({ id, leaving, addresses }) =>
        `${id}${leaving ? '!' : ''}:${addresses.map(({ use }) => (use.kind === 'releasing' ? 'r' : use.kind.charAt(0))).join('')}`,
    )
    .join(' ');
