import { ipv4FromNumber, ipv4ToNumber, parseIpv4 } from '../../../src/addr/index.ts';
import * as next from '../../../src/pool/index.ts';

/** The nth address of a large subnet. */
export const address = (n: number) => ipv4FromNumber(ipv4ToNumber(parseIpv4('10.0.0.0')) + n);
export const single = (n: number): string => `${address(n)}/32`;
/** The nth /28 of another large subnet. */
export const prefix = (n: number): string => `${ipv4FromNumber(ipv4ToNumber(parseIpv4('10.64.0.0')) + 16 * n)}/28`;

export function owner(n: number | string): next.Owner {
  return { network: 'aws-cni', containerId: `c${n}`, ifName: 'eth0', podNamespace: 'default', podName: `pod-${n}` };
}

export function facts(device: number, change: Partial<next.EniFacts> = {}): next.EniFacts {
  const card = change.card ?? 0;
  return {
    id: `eni-${card}-${device}`,
    card,
    device,
    table: device === 0 ? 254 : device + 1,
    primary: card === 0 && device === 0,
    subnetId: 'subnet-1',
    attachedAtMs: 0,
    efa: false,
    ...change,
  };
}

export const TARGETS: next.PoolTargets = {
  mode: 'secondary',
  fallbackToAddresses: false,
  warmEni: 1,
  warmIp: 0,
  minimumIp: 0,
  warmPrefix: 0,
};

export interface Node {
  readonly limits: next.PoolLimits;
  readonly targets: next.PoolTargets;
}

export const T3_SMALL: next.PoolLimits = { cards: [{ card: 0, maxEnis: 3 }], slotsPerEni: 3, maxPods: 500 };

export function input(pool: next.Pool, node: Node, change: Partial<next.DecideInput> = {}): next.DecideInput {
  return {
    view: pool,
    ...node,
    waiting: 0,
    nowMs: 0,
    holds: { growthUntilMs: 0, shrinkUntilMs: 0 },
    permits: { grow: true, shrink: true, freeEnis: true },
    trunkReserve: 0,
    fragmented: new Set(),
    newEniFragmented: false,
    full: new Set(),
    newEniFull: false,
    ...change,
  };
}

/** EC2 that always says yes, at once. */
export class Granting {
  #serial = 1;

  grant(pool: next.Pool, action: next.PoolAction, nowMs: number): void {
    switch (action.kind) {
      case 'assign':
        pool.addCidrs(action.eniId, this.#cidrs(action));
        break;
      case 'create-eni': {
        const eni = facts(action.device, { card: action.card, attachedAtMs: nowMs });
        pool.putEni(eni);
        pool.addCidrs(eni.id, this.#cidrs(action));
        break;
      }
      case 'unassign':
        pool.removeCidrs(action.eniId, action.cidrs);
        break;
      case 'delete-eni':
        pool.removeEni(action.eniId);
        break;
      default:
        action satisfies never;
    }
  }

  #cidrs({ unit, count }: { readonly unit: next.GrowthUnit; readonly count: number }): readonly string[] {
    return Array.from({ length: count }, () => {
      const serial = this.#serial++;
      if (unit === 'ipv6-prefix') return `2001:db8:0:1:${serial.toString(16)}::/80`;
      return unit === 'address' ? single(serial) : prefix(serial);
    });
  }
}

/** Lets decisions and EC2 go on until there is nothing to do; throws when that never comes. */
export function settle(pool: next.Pool, ec2: Granting, make: () => next.DecideInput): number {
  for (let pass = 0; pass < 30; pass++) {
    const given = make();
    const { actions } = next.decide(given);
    if (actions.length === 0) return pass;
    for (const action of actions) ec2.grant(pool, action, given.nowMs);
  }
  throw new Error('the decisions never rest');
}

/** Gives an owner an address; reports whether it has one. */
export function add(pool: next.Pool, who: next.Owner, node: Node): boolean {
  const choice = pool.choose({ owner: who, since: 1n, kinds: next.kindsOf(node.targets.mode), cards: [0] });
  if (choice?.kind === 'new') pool.apply(choice.event);
  return choice !== undefined;
}
