import { parseIpv4Cidr } from '../../src/addr/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { type FleetScenario, type PodLoad, type SubnetSpec, USUAL_WORLD } from '../../src/fleet/index.ts';
import { type InstanceLimits, limitsOf } from '../../src/vpc/index.ts';

/** Settings by name, over the defaults. */
export const settingsOf = (flags: Readonly<Record<string, string>> = {}) => loadSettings({ flags }).settings;

export function limits(type: string): InstanceLimits {
  const found = limitsOf(type);
  if (found === undefined) throw new Error(`no type ${type}`);
  return found;
}

export const subnet = (cidr: string, used = 0, scattered = false): SubnetSpec => ({
  cidr: parseIpv4Cidr(cidr),
  used,
  scattered,
});

export const each = (count: number): PodLoad => ({ count, of: 'node' });
export const total = (count: number): PodLoad => ({ count, of: 'fleet' });

/** Ten c5.large with a pod each and room without end, unless told otherwise. */
export function fleet(change: Partial<FleetScenario> = {}): FleetScenario {
  return {
    name: 'sample',
    nodes: 10,
    limits: limits('c5.large'),
    settings: settingsOf(),
    stages: [{ atMs: 0, pods: each(1) }],
    subnets: [],
    podSubnets: [],
    launch: { addresses: 0, prefixes: 0 },
    world: USUAL_WORLD,
    seed: 1,
    horizonMs: 4 * 3_600_000,
    ...change,
  };
}
