import type { SubnetPlan } from './scenario.ts';

/** The region of a VPC that names none. */
export const DEFAULT_REGION = 'us-east-1';

/** The subnets of a VPC that names none: one in each of two zones. */
export function defaultSubnets(region = DEFAULT_REGION): readonly SubnetPlan[] {
  return [
    { cidr: '10.0.0.0/24', zone: `${region}a` },
    { cidr: '10.0.1.0/24', zone: `${region}b` },
  ];
}

/** The full name of a zone of which a plan may give the letter alone; the first one unless given. */
export function zoneName(region: string, zone = 'a'): string {
  return /^[a-z]$/.test(zone) ? `${region}${zone}` : zone;
}

/** node-a … node-z, node-aa … */
export function nodeName(index: number): string {
  const letters = (rest: number): string =>
    `${rest >= 26 ? letters(Math.floor(rest / 26) - 1) : ''}${String.fromCharCode(97 + (rest % 26))}`;
  return `node-${letters(index)}`;
}
