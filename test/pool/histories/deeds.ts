import type { Pool, PoolAction } from '../../../src/pool/index.ts';
import type { Ec2Model } from './ec2-model.ts';

/** The CIDRs that an action takes from the node. */
export function goingWith(ec2: Ec2Model, action: PoolAction): readonly string[] {
  if (action.kind === 'unassign') return action.cidrs;
  return action.kind === 'delete-eni' ? [...(ec2.enis.get(action.eniId)?.cidrs ?? [])] : [];
}

/** The largest half, quarter, … of a request that EC2 grants, as the lanes ask for it. */
function halving<T>(count: number, ask: (count: number) => T | undefined): T | undefined {
  for (let wanted = count; wanted >= 1; wanted = Math.floor(wanted / 2)) {
    const granted = ask(wanted);
    if (granted !== undefined) return granted;
  }
  return undefined;
}

/**
 * What EC2 does: the new CIDRs or the new ENI; `undefined` when it has no room. A creation whose caller dies in the middle
 * leaves the ENI unattached.
 */
export function execute(
  ec2: Ec2Model,
  action: PoolAction,
  caller: { readonly died: boolean; readonly nowMs: number },
): readonly string[] | undefined {
  switch (action.kind) {
    case 'assign':
      return halving(action.count, (count) => ec2.assign(action.eniId, action.unit, count));
    case 'create-eni': {
      const id = halving(action.count, (count) => ec2.createEni({ ...action, count }, !caller.died, caller.nowMs));
      return id === undefined ? undefined : [id];
    }
    case 'unassign':
      ec2.unassign(action.eniId, action.cidrs);
      return [];
    case 'delete-eni':
      ec2.deleteEni(action.eniId);
      return [];
    default:
      return action satisfies never;
  }
}

/** The pool hears of what EC2 did. */
export function learn(
  pool: Pool,
  action: PoolAction,
  from: { readonly done: readonly string[]; readonly ec2: Ec2Model },
): void {
  if (action.kind === 'assign') pool.addCidrs(action.eniId, from.done);
  if (action.kind === 'unassign') pool.removeCidrs(action.eniId, action.cidrs);
  if (action.kind === 'delete-eni') pool.removeEni(action.eniId);
  const made = action.kind === 'create-eni' ? from.ec2.enis.get(from.done[0] ?? '') : undefined;
  if (made === undefined) return;
  pool.putEni(made.facts);
  pool.addCidrs(made.facts.id, [...made.cidrs]);
}

/** The pool hears that EC2 did nothing. */
export function takeBack(pool: Pool, action: PoolAction): void {
  if (action.kind === 'unassign') pool.setReleasing(action.eniId, action.cidrs, false);
  if (action.kind === 'delete-eni') pool.setLeaving(action.eniId, false);
}
