import { type Ec2, type EniDescription, removeEni } from '../../aws/index.ts';
import type { Settings } from '../../config/index.ts';
import { toHostError } from '../../errors/index.ts';
import { ENI_TAG } from '../../vpc/index.ts';
import { provisions } from '../lanes/permits.ts';
import { later } from '../later.ts';
import type { Edges } from '../parts.ts';
import { judge } from './judge.ts';

const EVERY_MS = 3_600_000;
/** No creation of an ENI takes so long. */
const SECOND_LOOK_MS = 300_000;
/** Nodes of a cluster of which nothing is known yet. */
const GUESSED_NODES = 32;

/** What the janitor works with. `random`: from 0 to 1, a new one at each call. */
export interface JanitorParts extends Pick<Edges, 'clock' | 'logger' | 'signal' | 'settings'> {
  readonly ec2: Pick<Ec2, 'describeEni' | 'findEnis' | 'findUnattachedEnis' | 'tagEni' | 'deleteEni' | 'detachEni'>;
  readonly random: () => number;
  readonly identity: { readonly vpcId: string; readonly instanceId: string };
}

/**
 * Deletes ENIs that nodes of the cluster have left behind. Each node takes its turn with probability 1/N an hour, N being
 * the nodes of the cluster, so that all together ask EC2 about once an hour. What this node itself has left is not for
 * here: its intents tell.
 */
export class Janitor {
  readonly #parts: JanitorParts;
  #nodes: number | undefined;

  constructor(parts: JanitorParts) {
    this.#parts = parts;
  }

  /** Whether these settings let it work. */
  static isWanted(settings: Settings): boolean {
    return !settings.DISABLE_LEAKED_ENI_CLEANUP && !settings.ENABLE_IPv6 && provisions(settings);
  }

  /** Takes its turns until the signal; the first within an hour. */
  start(): void {
    if (Janitor.isWanted(this.#parts.settings)) this.#next(EVERY_MS * this.#parts.random());
  }

  #next(afterMs: number): void {
    const { random } = this.#parts;
    later(this.#parts, afterMs, () => {
      const isOn = random() < 1 / (this.#nodes ?? GUESSED_NODES);
      void (isOn ? this.sweep() : Promise.resolve()).finally(() => this.#next(EVERY_MS));
    });
  }

  /** Looks at the ENIs of the whole cluster, and at those that seem leaked a second time five minutes later. Never throws. */
  async sweep(): Promise<void> {
    const { ec2, clock, logger, signal } = this.#parts;
    try {
      const suspects: EniDescription[] = [];
      for (const eni of await this.#find()) {
        if (signal.aborted) return;
        const { kind } = judge(eni, clock.now());
        if (kind === 'stamp') await this.#carryOut(eni, kind);
        else if (kind === 'remove') suspects.push(eni);
      }
      if (suspects.length === 0) return;
      // Its age is what two nodes' wall clocks say, and either may be wrong: one on its way to its node is there by then.
      await clock.sleep(SECOND_LOOK_MS, signal);
      for (const { id } of suspects) {
        const eni = await ec2.describeEni({ eniId: id });
        if (eni !== undefined && judge(eni, clock.now()).kind === 'remove') await this.#carryOut(eni, 'remove');
      }
    } catch (error) {
      if (signal.aborted) return;
      logger.warn('leaked ENIs cannot be looked for, trying again at the next turn', { error: toHostError(error) });
    }
  }

  async #carryOut(eni: EniDescription, what: 'stamp' | 'remove'): Promise<void> {
    const { ec2, clock, logger, signal } = this.#parts;
    const fields = { eni_id: eni.id, instance_id: eni.tags[ENI_TAG.instance] };
    try {
      if (what === 'stamp')
        await ec2.tagEni({ eniId: eni.id, tags: { [ENI_TAG.createdAt]: new Date(clock.now()).toISOString() } });
      else await removeEni({ ec2, clock, signal }, { eniId: eni.id, attachmentId: undefined });
      logger.info(what === 'stamp' ? 'unattached ENI given a date' : 'leaked ENI deleted', fields);
    } catch (error) {
      logger.warn('leaked ENI stays until another turn', { ...fields, error: toHostError(error) });
    }
  }

  /** The first turn lists every ENI of the cluster, which tells how many nodes there are; later ones only what is unattached. */
  async #find(): Promise<readonly EniDescription[]> {
    const { ec2, settings, identity } = this.#parts;
    const { CLUSTER_NAME } = settings;
    const tags = CLUSTER_NAME === '' ? {} : { [ENI_TAG.cluster]: CLUSTER_NAME };
    if (CLUSTER_NAME === '' || this.#nodes !== undefined)
      return ec2.findUnattachedEnis({ vpcId: identity.vpcId, tagKey: ENI_TAG.instance, tags });
    const all = await ec2.findEnis({ tags });
    const owners = new Set(all.flatMap(({ attachment }) => attachment?.instanceId ?? []));
    this.#nodes = owners.add(identity.instanceId).size;
    return all;
  }
}
