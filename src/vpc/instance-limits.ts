import table from './instance-limits.txt' with { type: 'text' };

/** What runs under the guest. EC2 reports none for bare metal, which reads `unknown` here. */
export type Hypervisor = 'nitro' | 'xen' | 'unknown';

/** How many ENIs and addresses EC2 lets an instance type hold. */
export interface InstanceLimits {
  readonly instanceType: string;
  /** ENIs on the default network card. */
  readonly maxEnis: number;
  /** IPv4 addresses of one ENI, its primary one included. */
  readonly ipv4PerEni: number;
  /** ENIs of every network card, by card index; one entry on most types. */
  readonly cards: readonly number[];
  readonly hypervisor: Hypervisor;
  readonly bareMetal: boolean;
}

type Family = ReadonlyMap<string, InstanceLimits>;

const ENTRY = /^([^=]+)=(\d+)\/(\d+)(?:x(\d+))?(?:,(metal|xen|unknown))?$/;

/** Families of before 2014: all later ones, and of the earlier c3, i2 and r3, know IPv6 (EC2 user guide, "IPv6 addresses"). */
const WITHOUT_IPV6 = new Set(['c1', 'cc2', 'cr1', 'g2', 'hi1', 'hs1', 'm1', 'm2', 'm3', 't1']);

/** A daemon asks for one type in its life: only the line of its family is ever read. */
const families = new Map<string, Family>();

/** The limits of an instance type, or `undefined` for a type that is newer than the built-in table. */
export function limitsOf(instanceType: string): InstanceLimits | undefined {
  const [name, size, ...rest] = instanceType.split('.');
  if (name === undefined || size === undefined || rest.length > 0) return undefined;
  if (!/^[a-z0-9-]+$/.test(name)) return undefined;
  let family = families.get(name);
  if (family === undefined) {
    family = readFamily(name);
    families.set(name, family);
  }
  return family.get(size);
}

/** Whether ENIs of the instance type can have IPv6 addresses. */
export function supportsIpv6(instanceType: string): boolean {
  return !WITHOUT_IPV6.has(instanceType.split('.')[0] ?? '');
}

/** Every instance type of the built-in table, by family. */
export function instanceTypes(): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const [name, ...entries] = line.split(' ');
    return name === '' || name === '#' ? [] : entries.map((entry) => `${name}.${entry.split('=', 1)[0]}`);
  });
}

function readFamily(name: string): Family {
  const start = table.indexOf(`\n${name} `);
  if (start < 0) return new Map();
  const end = table.indexOf('\n', start + 1);
  const entries = table.slice(start + 1 + name.length + 1, end).split(' ');
  return new Map(entries.map((entry) => readEntry(name, entry)));
}

function readEntry(family: string, entry: string): [string, InstanceLimits] {
  const [, size = '', enis, addresses, cards = '1', mark] = ENTRY.exec(entry) ?? [];
  const maxEnis = Number(enis);
  return [
    size,
    {
      instanceType: `${family}.${size}`,
      maxEnis,
      ipv4PerEni: Number(addresses),
      cards: Array.from({ length: Number(cards) }, () => maxEnis),
      hypervisor: mark === undefined ? 'nitro' : mark === 'xen' ? 'xen' : 'unknown',
      bareMetal: mark === 'metal',
    },
  ];
}
