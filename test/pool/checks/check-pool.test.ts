import { describe, expect, test } from 'bun:test';
import {
  type Allocation,
  addressIn,
  type CheckedPool,
  checkPool,
  Pool,
  type PoolCidr,
  type PoolEni,
  VIOLATION_CODES,
} from '../../../src/pool/index.ts';
import { address, facts, owner, prefix, single } from '../model/sample.ts';

/** Two ENIs; pod 0 has the first address of the first, whose second one is free. */
function sound(): Pool {
  const pool = new Pool();
  pool.putEni(facts(0));
  pool.putEni(facts(1));
  pool.addCidrs('eni-0-0', [single(0), single(1)]);
  pool.addCidrs('eni-0-1', [single(2), prefix(0)]);
  pool.apply({ kind: 'assigned', address: address(0), owner: owner(0), since: 1n });
  return pool;
}

/** What a pool would look like with other parts in it: the class itself lets none of these happen. */
function broken(change: Partial<CheckedPool>): CheckedPool {
  const pool = sound();
  const { enis, orphans, pending, foreign } = pool;
  return { enis, orphans, pending, foreign, allocations: () => pool.allocations(), ...change };
}

function withEni(id: string, change: Partial<PoolEni>): CheckedPool {
  const { enis } = sound();
  const known = enis.get(id);
  if (known === undefined) throw new Error(`no ${id}`);
  const { card, device, table, primary, subnetId, attachedAtMs, service, efa, leaving, cidrs } = known;
  const eni = { id, card, device, table, primary, subnetId, attachedAtMs, service, efa, leaving, cidrs, ...change };
  return broken({ enis: new Map<string, PoolEni>(enis).set(id, eni) });
}

const allocation = (n: number, of: number, change: Partial<Allocation> = {}): Allocation => ({
  address: address(n),
  owner: owner(of),
  since: 1n,
  eni: { id: 'eni-0-0', card: 0, device: 0, table: 254 },
  ...change,
});
/** A single address of an ENI, under its key. */
const held = (cidr: string, uses: PoolCidr['uses'] = new Map(), releasing = false): readonly [string, PoolCidr] => [
  cidr,
  { cidr, kind: 'address', size: 1, releasing, uses },
];
const assigned = (n: number) => ({ kind: 'assigned', owner: owner(n), since: 1n }) as const;

const rows: readonly { readonly name: string; readonly pool: CheckedPool; readonly found: readonly string[] }[] = [
  { name: 'a sound pool', pool: sound(), found: [] },
  {
    name: 'an address with two owners',
    pool: broken({
      allocations: () => [allocation(0, 0), allocation(0, 1, { eni: undefined })],
      orphans: [allocation(0, 1)],
    }),
    found: ['address-two-owners 10.0.0.0: default/pod-0 and default/pod-1'],
  },
  {
    name: 'an owner with two addresses on one card',
    pool: withEni('eni-0-0', {
      cidrs: new Map([
        held(single(0), new Map([[address(0), assigned(0)]])),
        held(single(1), new Map([[address(1), assigned(0)]])),
      ]),
    }),
    found: [
      'index-differs 10.0.0.1: held by default/pod-0, indexed otherwise',
      'index-differs pool: 2 held, 1 indexed',
    ],
  },
  {
    name: 'the same, told by the index',
    pool: broken({ allocations: () => [allocation(0, 0), allocation(1, 0)] }),
    found: [
      'owner-two-addresses default/pod-0: 10.0.0.0 and 10.0.0.1 on card 0',
      'index-differs pool: 1 held, 2 indexed',
    ],
  },
  {
    name: 'a CIDR on two ENIs',
    pool: withEni('eni-0-1', { cidrs: new Map([...(sound().enis.get('eni-0-0')?.cidrs ?? [])].slice(1)) }),
    found: ['cidr-twice 10.0.0.1/32: eni-0-0 and eni-0-1'],
  },
  {
    name: 'an address within a prefix',
    pool: withEni('eni-0-0', {
      cidrs: new Map([
        ...(sound().enis.get('eni-0-0')?.cidrs ?? []),
        held('10.64.0.3/32', new Map([[addressIn(prefix(0), 3), { kind: 'cooldown', untilMs: 1 }]])),
      ]),
    }),
    found: ['cidr-twice 10.64.0.3/32: within 10.64.0.0/28'],
  },
  {
    name: 'a use of an address that is not in its CIDR',
    pool: withEni('eni-0-1', {
      cidrs: new Map([held(single(2), new Map([[address(9), { kind: 'cooldown', untilMs: 1 }]]))]),
    }),
    found: ['use-outside-cidr 10.0.0.2/32: 10.0.0.9'],
  },
  {
    name: 'a pod on an ENI on its way back',
    pool: withEni('eni-0-0', { leaving: true }),
    found: ['assigned-while-going 10.0.0.0: eni-0-0'],
  },
  {
    name: 'a pod whose address is on its way back',
    pool: withEni('eni-0-0', {
      cidrs: new Map([held(single(0), new Map([[address(0), assigned(0)]]), true)]),
    }),
    found: ['assigned-while-going 10.0.0.0: 10.0.0.0/32'],
  },
  {
    name: 'two ENIs with one device number',
    pool: broken({ foreign: [{ card: 0, device: 1, eniId: 'eni-trunk', why: 'trunk' }] }),
    found: ['device-twice device 1 of card 0: eni-0-1 and eni-trunk'],
  },
  {
    name: 'growth of nothing on an ENI that is not there',
    pool: broken({ pending: [{ kind: 'assign', eniId: 'eni-9', unit: 'address', count: 0 }] }),
    found: ['growth-senseless eni-9: 0 asked for', 'growth-senseless eni-9: no such ENI'],
  },
  {
    name: 'an ENI asked for twice',
    pool: broken({
      pending: [1, 2].map((count) => ({ kind: 'eni', card: 0, device: 2, unit: 'address', count }) as const),
    }),
    found: Array.from({ length: 2 }, () => 'growth-senseless device 2 of card 0: asked for twice'),
  },
  {
    name: 'an orphan that the index does not know',
    pool: broken({ orphans: [allocation(7, 7, { eni: undefined })] }),
    found: ['index-differs orphans: 1 kept, 0 indexed'],
  },
];

describe('checkPool()', () => {
  for (const { name, pool, found } of rows)
    test(`${name}: ${found.length} violations`, () =>
      expect(checkPool(pool).map((each) => `${each.code} ${each.object}: ${each.found}`)).toEqual([...found]));

  test('sees what only the kernel tells: an address in use that is free, or given to another', () => {
    const pods = [1, 0].map((n) => ({ address: address(n), owner: owner('alien'), since: 1n }));
    expect(checkPool(sound(), pods)).toEqual([
      { code: 'in-use-but-free', object: '10.0.0.1', found: 'default/pod-alien' },
      { code: 'in-use-by-another', object: '10.0.0.0', found: 'default/pod-alien, given to default/pod-0' },
    ]);
    const fine = [
      { address: address(0), owner: owner(0), since: 1n },
      { address: address(99), owner: owner(1), since: 1n },
    ];
    expect(checkPool(sound(), fine)).toEqual([]);
  });

  test('every code is one a metric knows beforehand', () => {
    const seen = rows.flatMap(({ pool }) => checkPool(pool).map(({ code }) => code));
    expect([...new Set([...seen, 'in-use-but-free', 'in-use-by-another'])].toSorted()).toEqual(
      [...VIOLATION_CODES].toSorted(),
    );
  });
});
