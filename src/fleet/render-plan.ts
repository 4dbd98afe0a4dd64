import type { FleetPlan } from './plan.ts';
import { grouped, textTable } from './text-table.ts';

const share = (part: number, of: number): string => (of === 0 ? '0 %' : `${Math.round((part / of) * 1000) / 10} %`);
const many = (count: number, what: string): string => `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;

function headOf(plan: FleetPlan): string {
  const least = plan.perNode.at(-1)?.pods ?? 0;
  const most = plan.perNode[0]?.pods ?? 0;
  const each = least === most ? `${most} on each` : `${least} or ${most} on each`;
  const unplaced = plan.unplacedPods === 0 ? '' : `; ${many(plan.unplacedPods, 'more pod')} no node takes`;
  return `${grouped(plan.nodes)} × ${plan.instanceType}, ${many(plan.pods, 'pod')}: ${each}, ${plan.mostPods} at most${unplaced}`;
}

function nodeTable({ perNode }: FleetPlan): readonly string[] {
  return textTable([
    ['a node with', 'nodes', 'ENIs', 'addresses', 'prefixes', 'warm'],
    ...perNode.map(({ pods, nodes, enis, addresses, prefixes, warm }) => [
      many(pods, 'pod'),
      ...[nodes, enis, addresses, prefixes, warm].map(grouped),
    ]),
  ]);
}

/** A row for each figure, a column for each plan. */
function totals(plans: readonly FleetPlan[]): readonly string[] {
  const row = (name: string, of: (plan: FleetPlan) => string): readonly string[] => [name, ...plans.map(of)];
  return textTable([
    row('', ({ name }) => name),
    row('ENIs', ({ enis }) => grouped(enis)),
    row('addresses taken from subnets', ({ taken }) => grouped(taken)),
    row('  single ones for pods', ({ addresses, primary }) => grouped(addresses - primary)),
    row('  of the ENIs themselves', ({ primary }) => grouped(primary)),
    row('  in prefixes', ({ taken, addresses }) => grouped(taken - addresses)),
    row('prefixes', ({ prefixes }) => grouped(prefixes)),
    row('warm: nobody uses them', ({ warm }) => grouped(warm)),
    row('  of what is taken', ({ warm, taken }) => share(warm, taken)),
    row('network address units', ({ nau }) => grouped(nau)),
    row('  of the quota of a VPC', ({ nau, nauQuota }) => share(nau, nauQuota)),
    row('with all nodes full: pods', ({ full }) => grouped(full.pods)),
    row('  addresses taken', ({ full }) => grouped(full.taken)),
  ]);
}

function subnetLines(plan: FleetPlan): readonly string[] {
  if (plan.subnets.length === 0) return [];
  const table = textTable([
    ['subnet', 'for', 'usable', 'others', 'taken', 'free', 'whole /28s'],
    ...plan.subnets.map(({ cidr, for: whom, usable, others, taken, free, freePrefixes }) => [
      ...[cidr, whom],
      ...[usable, others, taken, free, freePrefixes].map(grouped),
    ]),
  ]);
  const { room, podsPerNode } = plan;
  const until =
    room === null ? [] : [`Room for ${many(room.nodes, 'such node')}; ${room.subnet} has none for the next.`];
  const pods =
    podsPerNode === null ? [] : [`These nodes can have ${many(podsPerNode, 'pod')} each before the subnets are full.`];
  return ['', ...table, ...until, ...pods];
}

/** Plans for people: each with its nodes and subnets, then all side by side. */
export function renderPlans(plans: readonly FleetPlan[], width: number): string {
  const parts = plans.flatMap((plan) => [
    ...(plans.length > 1 ? [`${plan.name}: ${headOf(plan)}`] : [headOf(plan)]),
    '',
    ...nodeTable(plan),
    ...subnetLines(plan),
    ...(plan.fits ? [] : ['It does not fit.']),
    '',
  ]);
  const together = totals(plans);
  const fits = together.every((line) => [...line].length <= width);
  const tables = fits ? together : plans.flatMap((plan) => [...totals([plan]), '']).slice(0, -1);
  return `${[...parts, ...tables].join('\n')}\n`;
}
