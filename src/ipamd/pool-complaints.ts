import { HostError } from '../errors/index.ts';
import { checkPool } from '../pool/index.ts';
import { type Complaint, named } from './conditions.ts';
import type { Engine } from './engine.ts';
import { passes } from './refusal.ts';

/** What can be wrong about the pool: what EC2 refuses, why no address can be had, and addresses out of order. */
export function complaintsOfPool(engine: Engine): readonly Complaint[] {
  return [
    () => engine.holds.failureOf('growth'),
    () => engine.holds.failureOf('shrink'),
    () => engine.refusal(),
    () => emptyCard(engine),
    () => orphans(engine),
    () => quarantined(engine),
    () => violated(engine),
  ];
}

/** A card that gives pods nothing, and will not by itself; the others may. */
function emptyCard(engine: Engine): HostError | undefined {
  const { cards } = engine;
  const refusals = cards.length === 1 ? [] : cards.flatMap((card) => engine.refusal(card) ?? []);
  return refusals.find((refusal) => refusal.code === 'CARD_EMPTY' && !passes(refusal, false));
}

function orphans({ pool }: Engine): HostError | undefined {
  const addresses = pool.orphans.map(({ address }) => address);
  return addresses.length === 0 ? undefined : new HostError('ADDRESS_ORPHANED', { addresses: named(addresses) });
}

function quarantined({ pool }: Engine): HostError | undefined {
  const addresses: string[] = [];
  for (const { cidrs } of pool.enis.values())
    for (const { uses } of cidrs.values())
      for (const [address, use] of uses) if (use.kind === 'quarantine') addresses.push(`${address} (${use.reason})`);
  return addresses.length === 0
    ? undefined
    : new HostError('ADDRESS_QUARANTINED', { count: addresses.length, addresses: named(addresses) });
}

/** What must never be and is, in one error. */
export function violated({ pool }: Pick<Engine, 'pool'>): HostError | undefined {
  const violations = checkPool(pool).map(({ code, object, found }) => `${code} ${object} (${found})`);
  return violations.length === 0 ? undefined : new HostError('POOL_VIOLATION', { violations: named(violations) });
}
