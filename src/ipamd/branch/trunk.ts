import type { Settings } from '../../config/index.ts';
import { routeTableOf } from '../../dataplane/index.ts';
import { HostError, toHostError } from '../../errors/index.ts';
import { listLinks, waitForLink } from '../../kernel/index.ts';
import type { PoolView } from '../../pool/index.ts';
import { branchEnisOf } from '../../vpc/index.ts';
import type { Attached, InventoryParts } from '../inventory.ts';
import type { Node } from '../parts.ts';
import { subnetOf } from '../subnet-of.ts';

type Asking = {
  readonly settings: Pick<Settings, 'ENABLE_POD_ENI'>;
  readonly identity: Pick<Node['identity'], 'instanceType'>;
};

const hasTrunk = ({ foreign }: Pick<PoolView, 'foreign'>): boolean => foreign.some(({ why }) => why === 'trunk');

/** The slot of card 0 that is kept for a trunk which somebody else is to attach. */
export function trunkReserve({ settings, identity }: Asking, pool: Pick<PoolView, 'foreign'>): 0 | 1 {
  return settings.ENABLE_POD_ENI && branchEnisOf(identity.instanceType) > 0 && !hasTrunk(pool) ? 1 : 0;
}

/** Why pods with security groups of their own cannot be added; `undefined` where they can, or where none may come. */
export function trunkComplaint(
  { settings, identity: { instanceType } }: Asking,
  trunk: object | undefined,
): HostError | undefined {
  if (!settings.ENABLE_POD_ENI || trunk !== undefined) return undefined;
  const reason =
    branchEnisOf(instanceType) === 0
      ? `an instance of type ${instanceType} takes no trunk ENI`
      : 'no trunk ENI is attached to this instance';
  return new HostError('TRUNK_MISSING', { reason });
}

/**
 * The question whether the trunk has come, which is another one for each number of links that could be its; `undefined`
 * where none is waited for.
 */
export function trunkDoubt(node: Asking & Pick<Node, 'socket'>, trunk: object | undefined): string | undefined {
  if (trunkComplaint(node, trunk) === undefined || branchEnisOf(node.identity.instanceType) === 0) return undefined;
  // Host ends of pods have an alias.
  return `no trunk among ${listLinks(node.socket).filter(({ alias }) => alias === undefined).length} links`;
}

/** The trunk among the ENIs of this instance, once its link is there; the one that was known when there is none, or no link. */
export async function noteTrunk(
  { node, network: { branches }, placement }: InventoryParts,
  attached: readonly Attached[],
  linkWaitMs: number,
): Promise<void> {
  if (!node.settings.ENABLE_POD_ENI) return;
  const found = attached.find(
    ({ eni, attachment }) => eni.interfaceType === 'trunk' && !attachment.state.startsWith('detach'),
  );
  if (found?.eni.primaryAddress === undefined) return branches.useTrunk(undefined);
  const { eni, attachment } = found;
  if (branches.trunk?.id === eni.id) return;
  const { socket, clock, signal, logger } = node;
  try {
    const { name } = await waitForLink({ socket, mac: eni.mac, clock, timeoutMs: linkWaitMs, signal });
    const subnet = await subnetOf(node, eni, { known: placement.cidrOf(eni.subnetId), timeoutMs: linkWaitMs });
    branches.useTrunk({
      id: eni.id,
      mac: eni.mac,
      link: name,
      primaryAddress: found.eni.primaryAddress,
      subnet,
      table: routeTableOf({ card: attachment.cardIndex, device: attachment.deviceIndex }),
      trunk: true,
    });
    logger.info('the trunk is there', { eni_id: eni.id, link: name });
  } catch (error) {
    if (toHostError(error).code !== 'LINK_MISSING') throw error;
    logger.error('ENI is attached but cannot be used', { eni_id: eni.id, error: toHostError(error) });
    branches.useTrunk(undefined);
  }
}
