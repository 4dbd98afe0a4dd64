import { Holders } from './holders.ts';
import { createIdSource } from './ids.ts';
import type { SimVpcOptions } from './options.ts';
import { EniPostings } from './postings.ts';
import type { Quotas, VpcState } from './state.ts';
import { ClientTokens } from './tokens.ts';
import type { SimEni, SimEvent } from './types.ts';

/** Told of an ENI: what it was (nothing: it is new) and what it is (nothing: it is gone). */
export type EniListener = (change: { readonly before: SimEni | undefined; readonly after: SimEni | undefined }) => void;

/** EC2's and VPC's default quotas (VPC user guide, "Amazon VPC quotas"). */
const QUOTAS: Quotas = { enis: 5000, groupsPerEni: 5, rulesPerDirection: 60, groups: 2500, subnets: 200, cidrs: 5 };

/** The state of a VPC that has nothing yet, not even a network. */
export function createState(
  options: SimVpcOptions,
  told: { readonly listeners: ReadonlySet<(event: SimEvent) => void>; readonly eniListeners: ReadonlySet<EniListener> },
): VpcState {
  const ids = createIdSource(options.seed ?? 1);
  let untold: Parameters<EniListener>[0][] | undefined;
  const tell = (change: Parameters<EniListener>[0]): void => {
    for (const listener of told.eniListeners) listener(change);
  };
  return {
    vpcId: ids.next('vpc'),
    region: options.region ?? 'us-east-1',
    ownerId: options.ownerId ?? '123456789012',
    defaultGroupId: ids.next('sg'),
    quotas: { ...QUOTAS, ...options.quotas },
    now: options.now,
    ids,
    emit: (event) => {
      for (const listener of told.listeners) listener(event);
    },
    replaced: (before, after) => {
      if (untold === undefined) tell({ before, after });
      else untold.push({ before, after });
    },
    asOne: (change) => {
      const changes: typeof untold = [];
      untold = changes;
      try {
        change();
      } finally {
        untold = undefined;
      }
      for (const one of changes) tell(one);
    },
    vpcTags: {},
    ...{ cidrs: new Map(), cidrs6: new Map(), subnets: new Map(), subnetByReservation: new Map() },
    ...{ groups: new Map(), groupMentions: new Map(), groupByName: new Map() },
    ...{ instances: new Map(), terminated: new Set<string>() },
    ...{ enis: new Map(), eniByMac: new Map(), eniByAttachment: new Map() },
    ...{ branchByAssociation: new Map(), branches: new Map() },
    postings: new EniPostings(),
    holders: new Holders(),
    tokens: { eni: new ClientTokens(), instance: new ClientTokens(), trunk: new ClientTokens() },
  };
}
