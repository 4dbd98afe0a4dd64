import { formatCidr, type Ipv6Address } from '../../addr/index.ts';
import { type Imds, readPrimaryIpv6, readSecurityGroups, readVpcCidrs } from '../../aws/index.ts';
import { type HostError, toHostError } from '../../errors/index.ts';
import { egressFamily } from '../../hostspec/index.ts';
import { later } from '../later.ts';
import type { Node } from '../parts.ts';
import type { EniCare } from './eni-care.ts';

/** As often as upstream. Two or three requests to the metadata service, none to EC2. */
const EVERY_MS = 30_000;

/** What has to follow the facts of the VPC. */
export interface VpcFollowers {
  /** Says which networks are the VPC's; the packet rules of others are not changed by it. */
  readonly network: {
    useVpcCidrs(cidrs: Node['identity']['vpcCidrs']): void;
    repairPacketRules(): Promise<boolean>;
  };
  readonly care: Pick<EniCare, 'useGroups' | 'look'>;
  readonly placement: { useGroups(groups: readonly string[]): void };
  /** Brings the conflist to what the node now is. */
  readonly renewConflist: () => Promise<void>;
}

type Parts = Pick<Node, 'clock' | 'logger' | 'signal' | 'identity' | 'settings' | 'nodeEgress'> & {
  readonly imds: Imds;
};

/**
 * Looks at the networks of the VPC, at the groups of the primary ENI and, where pods are to reach IPv6 by it, at its IPv6
 * address every 30 s. A change is remembered as wanted and
 * carried out until it is done, however often that fails.
 */
export class VpcFacts {
  readonly #parts: Parts;
  readonly #followers: VpcFollowers;
  #cidrs: string;
  #groups: string;
  #isApplied = true;
  #isEgressApplied = true;
  #failure: HostError | undefined;

  constructor(parts: Parts, followers: VpcFollowers) {
    this.#parts = parts;
    this.#followers = followers;
    this.#cidrs = keyOf(parts.identity.vpcCidrs.map(formatCidr));
    this.#groups = keyOf(parts.identity.securityGroups);
  }

  /** Why the facts are not known or not followed; `undefined` while all is well. */
  get failure(): HostError | undefined {
    return this.#failure;
  }

  /** Looks again and again, until the signal. */
  start(): void {
    later(this.#parts, EVERY_MS, () => {
      // ENIs that somebody attached meanwhile are ours to look after, too.
      this.#followers.care.look();
      void this.look().finally(() => this.start());
    });
  }

  /** Looks once. Never throws. */
  async look(): Promise<void> {
    const { imds, identity, logger, settings } = this.#parts;
    try {
      const followsIpv6 = egressFamily(settings) === 'ipv6';
      const [cidrs, groups, ipv6] = await Promise.all([
        readVpcCidrs(imds, identity.primaryMac),
        readSecurityGroups(imds, identity.primaryMac),
        followsIpv6 ? readPrimaryIpv6(imds, identity.primaryMac) : undefined,
      ]);
      this.#followGroups(groups);
      await this.#followCidrs(cidrs);
      if (followsIpv6) await this.#followIpv6(ipv6);
      this.#failure = undefined;
    } catch (caught) {
      const error = toHostError(caught);
      // Once is enough: it is tried again every 30 s.
      if (this.#failure?.code !== error.code)
        logger.warn('the facts of the VPC cannot be followed, trying again every 30 s', { error });
      this.#failure = error;
    }
  }

  #followGroups(groups: readonly string[]): void {
    // An ENI has at least one: an empty list is no answer.
    if (groups.length === 0 || keyOf(groups) === this.#groups) return;
    this.#groups = keyOf(groups);
    this.#parts.logger.info('the node has other security groups', { security_groups: groups.join(',') });
    this.#followers.placement.useGroups(groups);
    this.#followers.care.useGroups(groups);
  }

  async #followCidrs(cidrs: Node['identity']['vpcCidrs']): Promise<void> {
    const { network } = this.#followers;
    const key = keyOf(cidrs.map(formatCidr));
    if (key !== this.#cidrs) {
      this.#parts.logger.info('the VPC has other networks', { vpc_cidrs: key });
      network.useVpcCidrs(cidrs);
      this.#cidrs = key;
      this.#isApplied = false;
    }
    if (this.#isApplied) return;
    await network.repairPacketRules();
    this.#isApplied = true;
  }

  async #followIpv6(address: Ipv6Address | undefined): Promise<void> {
    const { network, renewConflist } = this.#followers;
    if (this.#parts.nodeEgress?.heard(address) === true) {
      this.#parts.logger.info('pods reach IPv6 by another address of the node', { node_ip: address ?? 'none' });
      this.#isEgressApplied = false;
    }
    if (this.#isEgressApplied) return;
    // The next pod is given its second interface when there is a way out, not before.
    await network.repairPacketRules();
    await renewConflist();
    this.#isEgressApplied = true;
  }
}

const keyOf = (words: readonly string[]): string => [...words].sort().join(',');
