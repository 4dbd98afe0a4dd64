import type { IpAddress } from '../../addr/index.ts';
import type { EgressPlan } from './plan.ts';

/** The second family of this node's pods. The address that the world sees of it may come, change and go at any time. */
export class NodeEgress {
  #plan: EgressPlan | undefined;
  #isMissed = false;

  constructor(plan: EgressPlan | undefined) {
    this.#plan = plan;
  }

  /** What pods get now; `undefined` where they have one family alone. */
  get plan(): EgressPlan | undefined {
    return this.#plan;
  }

  /**
   * Takes over which IPv6 address the metadata says the node has; reports whether it is another one. That there is none
   * any more is believed when it is said twice: pods that run would lose what they have.
   */
  heard(address: IpAddress | undefined): boolean {
    const isMissed = this.#isMissed;
    this.#isMissed = address === undefined;
    if (address === this.#plan?.nodeAddress || (address === undefined && !isMissed)) return false;
    this.#plan = address === undefined ? undefined : { family: 'ipv6', nodeAddress: address };
    return true;
  }
}
