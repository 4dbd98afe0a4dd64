import type { Ec2 } from '../../aws/index.ts';
import { type HostError, toHostError } from '../../errors/index.ts';
import { clusterTags, instanceTags } from '../lanes/eni-tags.ts';
import { provisions } from '../lanes/permits.ts';
import { later } from '../later.ts';
import type { Edges, NodeEni } from '../parts.ts';
import { afterStep, type CareStep, planCare, type SeenEni, type WantedCare } from './plan-care.ts';

/** What others refuse comes no sooner for being asked often; what is throttled passes. */
const AGAIN_MS = 30_000;
const LONGEST_MS = 600_000;

/** What looking after ENIs works with. */
export interface CareParts extends Pick<Edges, 'clock' | 'logger' | 'settings' | 'signal'> {
  readonly ec2: Pick<Ec2, 'tagEni' | 'setSecurityGroups' | 'setDeleteOnTermination'>;
  readonly identity: { readonly instanceId: string; readonly securityGroups: readonly string[] };
}

/**
 * Keeps the tags, security groups and the end of our ENIs as they should be: what is wanted is held against what EC2 was
 * last seen to have, until nothing differs. Costs nothing while nothing does.
 */
export class EniCare {
  readonly #parts: CareParts;
  readonly #network: { readonly enis: readonly NodeEni[] };
  /** By id: what EC2 described, and what was done since. */
  #seen: ReadonlyMap<string, SeenEni> = new Map();
  #groups: readonly string[];
  #failure: HostError | undefined;
  #failures = 0;
  #cancel: (() => void) | undefined;
  #isWorking = false;

  constructor(parts: CareParts, network: { readonly enis: readonly NodeEni[] }) {
    this.#parts = parts;
    this.#network = network;
    this.#groups = parts.identity.securityGroups;
  }

  /** What was refused last; `undefined` once nothing is missing any more. */
  get failure(): HostError | undefined {
    return this.#failure;
  }

  /** Begins. The groups EC2 says the primary ENI has are the node's: the metadata may be late. */
  start(): void {
    const groups = this.#network.enis.find(({ primary }) => primary)?.described?.securityGroups ?? [];
    if (groups.length > 0) this.#groups = groups;
    this.look();
  }

  /** From now on the node has these groups. */
  useGroups(groups: readonly string[]): void {
    this.#groups = groups;
    this.look();
  }

  /** Looks soon whether an ENI lacks something, unless it is waiting for another try. */
  look(): void {
    if (this.#cancel === undefined) this.#soon(0);
  }

  /** The ENIs there are, with what is known of them; one that EC2 has not described is not looked after. */
  #enis(): readonly SeenEni[] {
    const enis = this.#network.enis.flatMap(({ id, primary, attachmentId, described }): readonly SeenEni[] => {
      const known = this.#seen.get(id);
      if (known !== undefined) return [known];
      if (described === undefined) return [];
      const { tags, securityGroups, attachment } = described;
      // One that we have just made was told to end with the instance.
      const deleteOnTermination = attachment?.deleteOnTermination ?? true;
      return [{ id, primary, attachmentId, tags, securityGroups, deleteOnTermination }];
    });
    this.#seen = new Map(enis.map((eni) => [eni.id, eni]));
    return enis;
  }

  #wanted(): WantedCare {
    const { settings, identity } = this.#parts;
    return {
      tags: clusterTags(settings),
      ownTags: instanceTags(identity),
      securityGroups: settings.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG ? undefined : this.#groups,
    };
  }

  #soon(afterMs: number): void {
    if (!provisions(this.#parts.settings)) return;
    this.#cancel = later(this.#parts, afterMs, () => {
      this.#cancel = undefined;
      if (!this.#isWorking) void this.#work();
    });
  }

  async #work(): Promise<void> {
    const steps = planCare(this.#wanted(), this.#enis());
    if (steps.length === 0) {
      this.#failure = undefined;
      return;
    }
    this.#isWorking = true;
    let failure: HostError | undefined;
    for (const step of steps) failure = (await this.#take(step)) ?? failure;
    this.#isWorking = false;
    this.#failure = failure;
    this.#failures = failure === undefined ? 0 : this.#failures + 1;
    // Again in any case: what has become wanted meanwhile is looked at, too.
    this.#soon(failure === undefined ? 0 : Math.min(LONGEST_MS, AGAIN_MS * 2 ** (this.#failures - 1)));
  }

  /** Takes a step; what EC2 refused, `undefined` when it is done or its ENI is gone. */
  async #take(step: CareStep): Promise<HostError | undefined> {
    const { logger } = this.#parts;
    const { kind, eniId } = step;
    try {
      await this.#ask(step);
      const eni = this.#seen.get(eniId);
      if (eni !== undefined) this.#seen = new Map([...this.#seen, [eniId, afterStep(eni, step)]]);
      logger.info('ENI brought to what is wanted', { action: kind, eni_id: eniId });
      return undefined;
    } catch (caught) {
      const error = toHostError(caught);
      logger.warn('ENI is not as wanted, trying again', { action: kind, eni_id: eniId, error });
      return error;
    }
  }

  async #ask(step: CareStep): Promise<void> {
    const { ec2 } = this.#parts;
    switch (step.kind) {
      case 'tag':
        return ec2.tagEni(step);
      case 'groups':
        return ec2.setSecurityGroups(step);
      case 'delete-on-termination':
        return ec2.setDeleteOnTermination(step);
      default:
        return step satisfies never;
    }
  }
}
