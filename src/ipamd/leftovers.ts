import { backoffMs, type EniDescription, removeEni } from '../aws/index.ts';
import { toHostError } from '../errors/index.ts';
import type { Intent } from '../pool/index.ts';
import { ENI_TAG } from '../vpc/index.ts';
import { provisions } from './lanes/index.ts';
import { later } from './later.ts';
import type { Node } from './parts.ts';
import type { Store } from './store.ts';
import type { UnmanagedEnis } from './unmanaged-enis.ts';

// What a lost request made may take EC2 a while to show: a creation that cannot be seen is looked for twice.
const LOOK_AGAIN_MS = 30_000;
const LATEST_MS = 600_000;

interface LeftoverParts {
  readonly store: Pick<Store, 'end'>;
  readonly unmanaged: Pick<UnmanagedEnis, 'release'>;
  readonly freed: (eniId: string) => void;
}

/**
 * Ends EC2 changes nobody knows the end of: those a killed run left, and those whose answer was lost and whose undoing
 * was refused. An ENI that is in no use is deleted; one that is attached is the pool's. Costs calls only while there is
 * such a change, and goes on, slower and slower, until there is none.
 */
export class Leftovers {
  readonly #node: Node;
  readonly #parts: LeftoverParts;
  /** By key: how often it has been looked for without being found. */
  readonly #open = new Map<string, { readonly intent: Intent; missed: number }>();
  #attempt = 0;
  #looking = false;
  #cancel = (): void => undefined;

  /** `freed` is called for each ENI that is gone. */
  constructor(node: Node, parts: LeftoverParts) {
    this.#node = node;
    this.#parts = parts;
  }

  /** Takes over what is not known of these, and looks at once. Where nothing may be changed, the intents stay. */
  take(intents: readonly Intent[]): void {
    if (intents.length === 0 || !provisions(this.#node.settings)) return;
    for (const intent of intents) this.#open.set(intent.key, { intent, missed: 0 });
    void this.#look();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    let failed = false;
    // One that EC2 will not let go holds no other one back.
    for (const { intent } of [...this.#open.values()])
      try {
        await this.#settle(intent);
      } catch (caught) {
        if (this.#node.signal.aborted) return;
        failed = true;
        const error = toHostError(caught);
        this.#node.logger.warn('what became of an EC2 change is not known yet, trying on', { error });
      }
    this.#looking = false;
    this.#attempt = failed ? this.#attempt + 1 : 0;
    this.#cancel();
    if (this.#open.size === 0) return;
    const random = 0.5 + Math.random() / 2;
    const wait = Math.min(LATEST_MS, LOOK_AGAIN_MS + backoffMs({ attempt: this.#attempt, random }));
    this.#cancel = later(this.#node, wait, () => void this.#look());
  }

  async #settle(intent: Intent): Promise<void> {
    const { logger } = this.#node;
    const found = await this.#find(intent);
    const open = this.#open.get(intent.key);
    if (found === undefined && intent.kind === 'create-eni' && open !== undefined && open.missed === 0) {
      open.missed += 1;
      return;
    }
    if (found !== undefined && isUnused(found)) {
      logger.info('removing an ENI that an unfinished change left behind', { eni_id: found.id });
      await removeEni(this.#node, { eniId: found.id, attachmentId: undefined });
      this.#parts.unmanaged.release(found.mac);
      this.#parts.freed(found.id);
    }
    this.#parts.store.end(intent);
    this.#open.delete(intent.key);
  }

  async #find({ kind, key }: Intent): Promise<EniDescription | undefined> {
    const { ec2 } = this.#node;
    if (kind === 'delete-eni') return await ec2.describeEni({ eniId: key });
    const [made] = await ec2.findEnis({ tags: { [ENI_TAG.intent]: key } });
    return made;
  }
}

/** Neither attached nor on its way there. */
const isUnused = ({ attachment }: EniDescription): boolean =>
  attachment === undefined || attachment.state.startsWith('detach');
