import { InvalidArgumentError } from 'commander';
import { cidrContains, formatCidr, type Ipv4Cidr, networkOf, parseIpv4Cidr } from '../../addr/index.ts';
import { HostError } from '../../errors/index.ts';
import type { Look, PodLoad, Stage, SubnetSpec } from '../../fleet/index.ts';
import type { CommandContext } from '../command.ts';

/** A whole number within bounds, for commander. */
export function wholeIn(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  };
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1_000],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** Milliseconds of `90`, `90s`, `5m` or `2h`. */
export function parseSpan(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([smh]?)$/.exec(text) ?? [];
  if (count === '') throw new InvalidArgumentError('It is a time such as 90s, 5m or 2h.');
  return Number(count) * (UNITS.get(unit) ?? 0);
}

const MOST_PODS = 10_000_000;

function parseLoad(text: string): PodLoad {
  const [, count = '', each] = /^(\d{1,8})(\/node)?$/.exec(text) ?? [];
  if (count === '' || Number(count) > MOST_PODS)
    throw new InvalidArgumentError(`"${text}" is no number of pods such as 200 or 20/node.`);
  return { count: Number(count), of: each === undefined ? 'fleet' : 'node' };
}

/** `20/node,200/node@10m`: so many pods, and from a time on another number. */
export function parseStages(text: string): readonly Stage[] {
  const stages = text.split(',').map((part): Stage => {
    const [load = '', at = '0'] = part.split('@');
    return { atMs: parseSpan(at), pods: parseLoad(load) };
  });
  if (stages[0]?.atMs !== 0) return [{ atMs: 0, pods: { count: 0, of: 'node' } }, ...ordered(stages)];
  return ordered(stages);
}

function ordered(stages: readonly Stage[]): readonly Stage[] {
  if (stages.some(({ atMs }, index) => atMs <= (stages[index - 1]?.atMs ?? -1)))
    throw new InvalidArgumentError('Each time is later than the one before.');
  return stages;
}

/** As EC2 allows them (VPC user guide, "Subnet sizing"). */
const LARGEST = 16;
const SMALLEST = 28;
/** The first four addresses of a subnet and its last are AWS's. */
const RESERVED = 5;

/** `10.0.1.0/24` or, with what others hold of it, `10.0.1.0/24=120`. */
function parseSubnet(text: string): { readonly cidr: Ipv4Cidr; readonly used: number } {
  const [network = '', used = '0'] = text.split('=');
  let cidr: Ipv4Cidr;
  try {
    cidr = parseIpv4Cidr(network);
  } catch {
    throw new InvalidArgumentError(`"${network}" is no network such as 10.0.1.0/24.`);
  }
  if (cidr.prefixLength < LARGEST || cidr.prefixLength > SMALLEST)
    throw new InvalidArgumentError(`A subnet is between /${LARGEST} and /${SMALLEST}.`);
  if (networkOf(cidr).address !== cidr.address)
    throw new InvalidArgumentError(`"${network}" has host bits: the network is ${networkOf(cidr).address}.`);
  if (!/^\d{1,5}$/.test(used)) throw new InvalidArgumentError(`"${used}" is no number of addresses.`);
  const usable = 2 ** (32 - cidr.prefixLength) - RESERVED;
  if (Number(used) > usable) throw new InvalidArgumentError(`"${network}" has ${usable} addresses, not ${used}.`);
  return { cidr, used: Number(used) };
}

/** For commander: networks of an option that may be repeated, or hold several with commas. */
export function collectSubnets(
  text: string,
  before: readonly { readonly cidr: Ipv4Cidr; readonly used: number }[] = [],
): readonly { readonly cidr: Ipv4Cidr; readonly used: number }[] {
  return [...before, ...text.split(',').map(parseSubnet)];
}

/** The subnets of a fleet. Throws `USAGE` when two of them overlap. */
export function needApart(subnets: readonly Pick<SubnetSpec, 'cidr'>[]): void {
  for (const [index, { cidr }] of subnets.entries())
    for (const { cidr: other } of subnets.slice(index + 1)) {
      const [wide, narrow] = cidr.prefixLength <= other.prefixLength ? [cidr, other] : [other, cidr];
      if (cidrContains(wide, narrow.address))
        throw new HostError('USAGE', { reason: `the subnets ${formatCidr(wide)} and ${formatCidr(narrow)} overlap` });
    }
}

/** The words of `--vs`, and a name for what they make: what stands before a colon, or the words themselves. */
export function parseVariant(text: string): { readonly name: string; readonly words: readonly string[] } {
  const [, named, rest = ''] = /^(?:([^-:][^:]*):)?\s*(.*)$/.exec(text.trim()) ?? [];
  const words = rest.split(/\s+/).filter((word) => word !== '');
  return { name: named?.trim() ?? words.filter((word) => word !== '--set').join(' '), words };
}

const NARROWEST = 40;
const USUAL_WIDTH = 80;

/** How wide the terminal says it is, and whether it knows more than ASCII. */
export function lookOf({ env, isTty }: Pick<CommandContext, 'env' | 'isTty'>): Look {
  const columns = Number(env['COLUMNS'] ?? (isTty ? process.stdout.columns : undefined));
  return {
    width: Math.max(NARROWEST, Number.isInteger(columns) && columns > 0 ? columns : USUAL_WIDTH),
    ascii: env['TERM'] === 'dumb',
  };
}
