import { describe, expect, test } from 'bun:test';
import { addressIn, checkPool, kindsOf, Pool, type PoolMode } from '../../../src/pool/index.ts';
import { address, facts, owner, prefix, single } from './sample.ts';

function pool(...cidrs: readonly (readonly string[])[]): Pool {
  const made = new Pool();
  cidrs.forEach((held, device) => {
    made.putEni(facts(device));
    made.addCidrs(`eni-0-${device}`, held);
  });
  return made;
}
const assign = (held: Pool, n: number, who: number): void =>
  held.apply({ kind: 'assigned', address: address(n), owner: owner(who), since: 1n });

/** The address an owner would be given, or has. */
function choice(
  held: Pool,
  who: number,
  mode: PoolMode = 'secondary',
  cards: readonly number[] = [0],
): string | undefined {
  const found = held.choose({ owner: owner(who), since: 1n, kinds: kindsOf(mode), cards });
  return found?.kind === 'new' ? found.event.address : found?.allocation.address;
}
function add(held: Pool, who: number, mode: PoolMode = 'secondary'): string | undefined {
  const found = held.choose({ owner: owner(who), since: 1n, kinds: kindsOf(mode), cards: [0] });
  if (found?.kind === 'new') held.apply(found.event);
  return held.find(owner(who))[0]?.address;
}
const release = (held: Pool, who: number, untilMs = 30_000): void => {
  for (const event of held.release(owner(who), untilMs)) held.apply(event);
};
const singles = (...numbers: readonly number[]): readonly string[] => numbers.map(single);

describe('which address is given', () => {
  test('the same one again for the same owner', () => {
    const held = pool(singles(0, 1));
    expect([add(held, 0), add(held, 0), add(held, 1)]).toEqual(['10.0.0.0', '10.0.0.0', '10.0.0.1']);
  });

  test('one of the fullest ENI, so that the others empty', () => {
    const held = pool(singles(0, 1), singles(2, 3, 4));
    assign(held, 3, 9);
    expect([choice(held, 0)]).toEqual(['10.0.0.2']);
  });

  test('one of the fullest prefix, the lowest free address of it, the first and the last included', () => {
    const held = pool([prefix(0), prefix(1)]);
    held.apply({ kind: 'assigned', address: addressIn(prefix(1), 1), owner: owner(99), since: 1n });
    const given = Array.from({ length: 16 }, (_, n) => add(held, n, 'prefix'));
    expect(given.slice(0, 15)).toEqual(
      [0, ...Array.from({ length: 14 }, (_, n) => n + 2)].map((n) => `10.64.0.${16 + n}`),
    );
    expect(given[15]).toBe('10.64.0.0');
  });

  test('of a /80 the first one, and then the next it has not given', () => {
    const held = new Pool();
    held.putEni(facts(0));
    held.addCidrs('eni-0-0', ['2001:db8:0:1:a::/80']);
    expect([add(held, 0, 'ipv6'), add(held, 1, 'ipv6')]).toEqual(['2001:db8:0:1:a::', '2001:db8:0:1:a::1']);
    release(held, 0, 0);
    held.endCooldowns(0);
    expect(add(held, 2, 'ipv6')).toBe('2001:db8:0:1:a::2');
  });

  test('none that rests, is in doubt, or on its way back to EC2; none of an ENI that leaves or takes no new pods', () => {
    const held = pool(singles(0, 1, 2), singles(3), singles(4));
    assign(held, 0, 0);
    release(held, 0);
    held.apply({ kind: 'quarantined', address: address(1), reason: 'host-link', sinceMs: 0 });
    held.setReleasing('eni-0-0', [single(2)], true);
    held.setLeaving('eni-0-1', true);
    held.setService('eni-0-2', 'no-new-pods');
    expect(choice(held, 7)).toBeUndefined();
    expect(held.endCooldowns(29_999)).toBe(false);
    expect(choice(held, 7)).toBeUndefined();
    expect(held.endCooldowns(30_000)).toBe(true);
    expect(choice(held, 7)).toBe('10.0.0.0');
  });

  test('one of the next card when the first has none; who has one keeps it, whatever card is asked for', () => {
    const held = pool(singles(0));
    held.putEni(facts(0, { card: 1 }));
    held.addCidrs('eni-1-0', singles(8, 9));
    assign(held, 0, 0);
    expect(choice(held, 1, 'secondary', [0, 1])).toBe('10.0.0.8');
    expect(choice(held, 1, 'secondary', [1])).toBe('10.0.0.8');
    expect(choice(held, 0, 'secondary', [1])).toBe('10.0.0.0');
  });
});

describe('what is never lost', () => {
  test('an allocation whose ENI or address goes is an orphan, and comes home', () => {
    const held = pool(singles(0), singles(1));
    assign(held, 0, 0);
    assign(held, 1, 1);
    held.removeEni('eni-0-1');
    held.removeCidrs('eni-0-0', [single(0)]);
    expect(held.orphans.map((orphan) => orphan.address)).toEqual([address(1), address(0)]);
    held.putEni(facts(1));
    held.addCidrs('eni-0-1', singles(0, 1));
    expect(held.orphans).toEqual([]);
    expect(held.allocations().map((each) => each.eni?.id)).toEqual(['eni-0-1', 'eni-0-1']);
    expect(checkPool(held)).toEqual([]);
  });

  test('of two pods with one address the second is an orphan, and has it when the first goes', () => {
    const held = pool(singles(0));
    assign(held, 0, 0);
    assign(held, 0, 1);
    expect(held.orphans.map((orphan) => orphan.owner.podName)).toEqual(['pod-1']);
    expect(checkPool(held).map(({ code }) => code)).toEqual(['address-two-owners']);
    release(held, 0);
    expect(held.orphans).toEqual([]);
    expect(held.useOf(address(0))).toMatchObject({ kind: 'assigned', owner: { podName: 'pod-1' } });
    release(held, 1);
    expect(held.useOf(address(0))).toEqual({ kind: 'cooldown', untilMs: 30_000 });
    expect(held.allocations()).toEqual([]);
  });

  test('new facts of an ENI change nothing of who holds what, whoever else claims it', () => {
    const held = pool(singles(0, 1, 2));
    assign(held, 0, 0);
    assign(held, 0, 1);
    assign(held, 1, 2);
    release(held, 2);
    held.setService('eni-0-0', 'no-new-pods');
    held.putEni(facts(0, { subnetId: 'subnet-2' }));
    expect(held.useOf(address(0))).toMatchObject({ kind: 'assigned', owner: { podName: 'pod-0' } });
    expect(held.useOf(address(1))).toEqual({ kind: 'cooldown', untilMs: 30_000 });
    expect(held.enis.get('eni-0-0')).toMatchObject({ subnetId: 'subnet-2', service: 'no-new-pods' });
  });

  test('an address that EC2 moves to another ENI takes its use along, and is on no two', () => {
    const held = pool(singles(0, 1), []);
    assign(held, 0, 0);
    assign(held, 1, 1);
    release(held, 1);
    held.addCidrs('eni-0-1', singles(0, 1));
    expect([...(held.enis.get('eni-0-0')?.cidrs ?? [])]).toEqual([]);
    expect(held.find(owner(0))[0]?.eni?.id).toBe('eni-0-1');
    expect(held.useOf(address(1))).toEqual({ kind: 'cooldown', untilMs: 30_000 });
    expect(held.nextCooldownEndMs).toBe(30_000);
    expect(checkPool(held)).toEqual([]);
  });

  test('an event that is replayed changes nothing, and one of an owner that is gone neither', () => {
    const held = pool(singles(0, 1));
    const event = { kind: 'assigned', address: address(0), owner: owner(0), since: 1n } as const;
    held.apply(event);
    held.apply(event);
    expect(held.allocations()).toHaveLength(1);
    const released = held.release(owner(0), 5);
    for (const each of [...released, ...released]) held.apply(each);
    assign(held, 0, 1);
    for (const each of released) held.apply(each);
    expect(held.find(owner(1))).toHaveLength(1);
    expect(checkPool(held)).toEqual([]);
  });
});
