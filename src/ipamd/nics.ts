import { askedFor, type CniCall, FIRST_INTERFACE, FURTHER_NICS, nicName } from '../cniproto/index.ts';
import type { Settings } from '../config/index.ts';
import { HostError } from '../errors/index.ts';
import type { Allocation, Owner, Pool } from '../pool/index.ts';
import type { Wanted } from './assigning.ts';

/** The one value of upstream's annotation that asks for something. */
export const MULTI_NIC = { annotation: 'k8s.amazonaws.com/nicConfig', value: 'multi-nic-attachment' } as const;

/**
 * Reports whether a pod is to have an interface on every network card. It gets them with its first one: a further network
 * of the pod is asked for one address, whatever the annotation says. Throws `MULTI_NIC_OFF`.
 */
export function wantsEveryCard(
  { config, ifName }: Pick<CniCall, 'config' | 'ifName'>,
  settings: Pick<Settings, 'ENABLE_MULTI_NIC'>,
): boolean {
  if (config.podAnnotations?.[MULTI_NIC.annotation] !== MULTI_NIC.value || ifName !== FIRST_INTERFACE) return false;
  if (!settings.ENABLE_MULTI_NIC) throw new HostError('MULTI_NIC_OFF', MULTI_NIC);
  return true;
}

/** One address of each card, for the interface that was asked for and as many behind it. */
export function nicsOn(cards: readonly number[], owner: Owner): readonly Wanted[] {
  return cards.map((card, index) => ({ owner: index === 0 ? owner : { ...owner, ifName: nicName(index) }, card }));
}

/** Everything an attachment has: the interface that was asked for, and those that came along. */
export function allocationsOf(pool: Pick<Pool, 'find'>, owner: Owner): readonly Allocation[] {
  const along = owner.ifName === FIRST_INTERFACE ? FURTHER_NICS : [];
  return [owner, ...along.map((ifName) => ({ ...owner, ifName }))].flatMap((each) => pool.find(each));
}

/** Reports whether an interface is the one that was asked for, or came along with it. */
export function isOfAttachment(
  each: Pick<Owner, 'containerId' | 'ifName'>,
  owner: Pick<Owner, 'containerId' | 'ifName'>,
): boolean {
  return (
    each.containerId === owner.containerId && (each.ifName === owner.ifName || askedFor(each).ifName === owner.ifName)
  );
}
