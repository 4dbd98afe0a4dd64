import { formatCidr, hostCidr } from '../../addr/index.ts';
import { type EniUnit, halving, lacksRoom } from '../../aws/index.ts';
import { type ErrorCode, toHostError } from '../../errors/index.ts';
import type { LogFields } from '../../log/index.ts';
import type { PendingGrowth, PoolAction } from '../../pool/index.ts';
import { cidrsOf } from './cidrs.ts';
import { createEni } from './create.ts';
import type { LaneParts } from './lane.ts';
import { UNCERTAIN, untilKnown } from './until-known.ts';

type Growth = Extract<PoolAction, { kind: 'assign' | 'create-eni' }>;

/**
 * More addresses on an ENI (1 EC2 call), or a new ENI with its addresses (3 calls: create, attach, modify). The pool
 * counts them as pending meanwhile. Throws what EC2 or the kernel refused; nothing is left behind then.
 */
export async function grow(parts: LaneParts, action: Growth): Promise<LogFields> {
  const { engine } = parts;
  const growth: PendingGrowth =
    action.kind === 'create-eni'
      ? { kind: 'eni', card: action.card, device: action.device, unit: action.unit, count: action.count }
      : { kind: 'assign', eniId: action.eniId, unit: action.unit, count: action.count };
  engine.change((pool) => pool.addPending(growth));
  try {
    if (action.kind === 'create-eni') return await createEni(parts, action);
    return await assign(parts, action);
  } finally {
    engine.change((pool) => pool.removePending(growth));
  }
}

/** Remembers what a subnet lacks; reports whether another subnet may have it. */
export function noteRefusal(
  placement: LaneParts['placement'],
  refusal: { readonly code: ErrorCode; readonly unit: EniUnit; readonly subnetId: string },
): boolean {
  const { code, unit, subnetId } = refusal;
  if (!lacksRoom(code)) return false;
  // Fewer than sixteen addresses are no prefix, and may be addresses yet.
  if (code === 'SUBNET_FRAGMENTED' || unit === 'prefix') placement.noteFragmented(subnetId);
  else placement.noteFull(subnetId);
  return true;
}

async function assign(parts: LaneParts, action: Extract<Growth, { kind: 'assign' }>): Promise<LogFields> {
  const { engine, node, placement } = parts;
  const { eniId, unit } = action;
  const subnetId = engine.pool.enis.get(eniId)?.subnetId;
  const before = new Set(engine.pool.enis.get(eniId)?.cidrs.keys());
  const learn = (cidrs: readonly string[]): void => engine.change((pool) => pool.addCidrs(eniId, cidrs));
  try {
    const cidrs = await halving(action.count, (count) => assignUnits(parts, { eniId, subnetId, unit, count }));
    learn(cidrs);
    return { eni_id: eniId, [unit]: cidrs.length };
  } catch (error) {
    const { code } = toHostError(error);
    if (subnetId !== undefined) noteRefusal(placement, { code, unit, subnetId });
    // The ENI may have what was asked for, or what somebody else has given it.
    if (!UNCERTAIN.has(code) && code !== 'ADDRESS_LIMIT') throw error;
    const eni = await untilKnown(parts, 'growth', () => node.ec2.describeEni({ eniId }));
    const there = eni === undefined ? [] : cidrsOf(eni);
    learn(there);
    // Of two requests that went together the first to ask has learned of both.
    const more = there.filter((cidr) => !before.has(cidr));
    if (more.length === 0) throw error;
    return { eni_id: eniId, [unit]: more.length };
  }
}

async function assignUnits(
  { node }: LaneParts,
  request: {
    readonly eniId: string;
    readonly subnetId: string | undefined;
    readonly unit: EniUnit;
    readonly count: number;
  },
): Promise<readonly string[]> {
  const { ec2 } = node;
  switch (request.unit) {
    case 'address':
      return (await ec2.assignAddresses(request)).map((address) => formatCidr(hostCidr(address)));
    case 'prefix':
      return (await ec2.assignPrefixes(request)).map(formatCidr);
    case 'ipv6-prefix':
      return (await ec2.assignIpv6Prefixes(request)).map(formatCidr);
    default:
      return request.unit satisfies never;
  }
}
