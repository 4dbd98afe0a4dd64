import { addressAt, formatCidr, hostCidr, type Ipv4Address, parseIpv4Cidr } from '../../src/addr/index.ts';
import { type EniFacts, type Owner, Pool, type PoolLimits, type PoolTargets } from '../../src/pool/index.ts';

export const NOW = 1_000_000;
/** t3.small: three ENIs, three secondary addresses each. */
export const SMALL: PoolLimits = { cards: [{ card: 0, maxEnis: 3 }], slotsPerEni: 3, maxPods: 11 };
export const targets = (warmEni: number, warmIp = 0, minimumIp = 0): PoolTargets => ({
  mode: 'secondary',
  fallbackToAddresses: false,
  warmPrefix: 0,
  warmEni,
  warmIp,
  minimumIp,
});

export const owner = (n: number): Owner => ({
  network: 'aws-cni',
  containerId: `sandbox${n}`,
  ifName: 'eth0',
  podNamespace: 'default',
  podName: `pod-${n}`,
});

const network = parseIpv4Cidr('10.0.0.0/16');
export const address = (n: number): Ipv4Address => addressAt(network, n);
export const single = (n: number): string => formatCidr(hostCidr(address(n)));

/** An ENI to put into a pool. */
export interface EniSpec {
  readonly facts: EniFacts;
  /** One letter per address: f free, a assigned, c resting, r going back. */
  readonly uses: string;
  readonly leaving: boolean;
  /** End of the rest of those that rest. */
  readonly restUntilMs: number;
}

export function eni(
  device: number,
  uses: string,
  extra: Partial<EniFacts> & { readonly leaving?: boolean; readonly restUntilMs?: number } = {},
): EniSpec {
  const { leaving = false, restUntilMs = NOW + 20_000, ...change } = extra;
  const facts: EniFacts = {
    id: `eni-${device}`,
    card: 0,
    primary: device === 0,
    device,
    table: device === 0 ? 254 : device + 1,
    subnetId: 'subnet-1',
    attachedAtMs: 0,
    efa: false,
    ...change,
  };
  return { facts, uses, leaving, restUntilMs };
}

/** A pool of these ENIs; `more` adds what is under way or foreign. */
export function pool(...enis: readonly EniSpec[]): Pool {
  const made = new Pool();
  for (const { facts, uses, leaving, restUntilMs } of enis) {
    const { id, device } = facts;
    made.putEni(facts);
    for (const [n, letter] of [...uses].entries()) {
      const at = address(device * 256 + n);
      made.addCidrs(id, [single(device * 256 + n)]);
      if (letter === 'a') made.apply({ kind: 'assigned', address: at, owner: owner(device * 100 + n), since: 0n });
      if (letter === 'c') made.rest(at, restUntilMs);
      if (letter === 'r') made.setReleasing(id, [single(device * 256 + n)], true);
    }
    made.setLeaving(id, leaving);
  }
  return made;
}

/** The same pool with more done to it. */
export function having(made: Pool, work: (pool: Pool) => void): Pool {
  work(made);
  return made;
}

/** A pool as one line: `eni-0:aaf eni-1:fff`. */
export const show = (made: Pool): string =>
  [...made.enis.values()]
    .map(({ id, leaving, cidrs }) => {
      const letters = [...cidrs.values()].map(({ uses, releasing }) =>
        releasing ? 'r' : ([...uses.values()][0]?.kind ?? 'free').charAt(0),
      );
      return `${id}${leaving ? '!' : ''}:${letters.join('')}`;
    })
    .join(' ');
