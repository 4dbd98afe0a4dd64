import type { Decision } from '../dials/index.ts';
import type { SimEni, SimVpc, VpcView } from '../model/index.ts';
import { EniHistory } from './eni-history.ts';
import { alterationOf, pickGhosts } from './stale.ts';

/** The views of one VPC. */
export interface VpcViews {
  /** The VPC as a request with this decision sees it; as it is, when the decision says nothing about that. */
  view(decision: Pick<Decision, 'lagMs' | 'stale'> | undefined): VpcView;
}

/**
 * Starts to keep the past of a VPC's ENIs. Both APIs should share one of these. `now` tells milliseconds and must never go
 * back, as the time of day does when it is set.
 */
export function createVpcViews(vpc: SimVpc, now: () => number = () => vpc.now()): VpcViews {
  const history = new EniHistory();
  vpc.observeEnis(({ before, after }) => history.note({ at: now(), before, after }));
  return {
    view: (decision) => {
      const { lagMs = 0, stale } = decision ?? {};
      if (lagMs <= 0 && stale === undefined) return vpc;
      const past = lagMs > 0 ? pastOf(vpc, history.changedSince(now() - lagMs)) : new Map<string, SimEni>();
      switch (stale) {
        case undefined:
          return vpc.asSeen({ changed: past });
        case 'deleted-eni': {
          // One that is only detached still exists for EC2.
          const gone = history.ghosts().filter(({ id }) => vpc.findEni(id) === undefined);
          const ghosts = pickGhosts(gone).flatMap((ghost) => showable(vpc, ghost) ?? []);
          return vpc.asSeen({ changed: new Map([...past, ...ghosts.map((ghost) => [ghost.id, ghost] as const)]) });
        }
        default:
          return vpc.asSeen({ changed: past, alter: alterationOf(stale, (eni) => siblingsOf(vpc, eni)) });
      }
    },
  };
}

function siblingsOf(vpc: SimVpc, { attachment }: SimEni): readonly SimEni[] {
  if (attachment !== undefined) return vpc.enisOf(attachment.instanceId);
  return [...vpc.eniIdsBy('status', 'available')].flatMap((id) => vpc.findEni(id) ?? []);
}

function pastOf(vpc: SimVpc, then: ReadonlyMap<string, SimEni | undefined>): ReadonlyMap<string, SimEni | undefined> {
  const seen = [...then].filter(([id, eni]) => !hasBootedBy(vpc, id, eni));
  return new Map(seen.map(([id, eni]) => [id, eni && showable(vpc, eni)]));
}

/** Who asks has booted, and not without a primary ENI: however late an answer is, that one is in it. */
function hasBootedBy(vpc: SimVpc, eniId: string, then: SimEni | undefined): boolean {
  const attachment = vpc.findEni(eniId)?.attachment;
  const isPrimary = attachment?.deviceIndex === 0 && attachment.networkCardIndex === 0;
  return isPrimary && then?.attachment?.state !== 'attached';
}

/** An ENI of the past without what it cannot be shown with any more: its groups, or itself when its subnet is gone. */
function showable(vpc: SimVpc, eni: SimEni): SimEni | undefined {
  if (vpc.findSubnet(eni.subnetId) === undefined) return undefined;
  const securityGroups = eni.securityGroups.filter((id) => vpc.findSecurityGroup(id) !== undefined);
  return securityGroups.length === eni.securityGroups.length ? eni : { ...eni, securityGroups };
}
