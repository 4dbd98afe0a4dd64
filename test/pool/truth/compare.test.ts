import { describe, expect, test } from 'bun:test';
import {
  compareInventory,
  compareKernel,
  differenceKeys,
  type KernelFacts,
  type PodAddress,
  Pool,
} from '../../../src/pool/index.ts';
import { address, facts, owner, single } from '../model/sample.ts';

const ENIS = [
  { id: 'eni-0-0', mac: 'm0' },
  { id: 'eni-0-1', mac: 'm1' },
];

/** Two ENIs: addresses 1, 2 and 3 on the first, 4 on the second; a pod has 1. */
function sample(): Pool {
  const pool = new Pool();
  pool.putEni(facts(0));
  pool.putEni(facts(1));
  pool.addCidrs('eni-0-0', [single(1), single(2), single(3)]);
  pool.addCidrs('eni-0-1', [single(4)]);
  pool.apply({ kind: 'assigned', address: address(1), owner: owner(1), since: 1n });
  return pool;
}

const kernel = (change: Partial<Record<keyof KernelFacts, readonly (PodAddress | string)[]>> = {}): KernelFacts => ({
  macs: new Set((change.macs ?? ['m0', 'm1']).map(String)),
  hostAddresses: new Set((change.hostAddresses ?? []) as readonly PodAddress[]),
  routed: new Set((change.routed ?? [address(1)]) as readonly PodAddress[]),
});

const differences = (pool: Pool, facts: KernelFacts, lost: readonly string[] = []): readonly string[] =>
  compareKernel(pool, facts, { enis: ENIS, lost: new Set(lost) }).map((each) => Object.values(each).join(' '));

describe('compareKernel()', () => {
  const rows: readonly {
    readonly name: string;
    readonly kernel: KernelFacts;
    readonly lost?: readonly string[];
    readonly before?: (pool: Pool) => void;
    readonly found: readonly string[];
  }[] = [
    { name: 'all is well', kernel: kernel(), found: [] },
    { name: 'the link of an ENI has gone', kernel: kernel({ macs: ['m0'] }), found: ['link-gone eni-0-1'] },
    { name: 'it is told once', kernel: kernel({ macs: ['m0'] }), lost: ['eni-0-1'], found: [] },
    { name: 'it comes back', kernel: kernel(), lost: ['eni-0-1'], found: ['link-back eni-0-1'] },
    {
      name: 'an ENI we give back loses its link because we want it',
      kernel: kernel({ macs: ['m0'] }),
      before: (pool) => pool.setLeaving('eni-0-1', true),
      found: [],
    },
    {
      name: 'a link of the host has a free address',
      kernel: kernel({ hostAddresses: [address(2)] }),
      found: [`in-use ${address(2)} host-link`],
    },
    {
      name: 'one that is in cooldown is in use as well',
      kernel: kernel({ hostAddresses: [address(2)] }),
      before: (pool) => pool.rest(address(2), 99),
      found: [`in-use ${address(2)} host-link`],
    },
    {
      name: "a link of the host has a pod's address",
      kernel: kernel({ hostAddresses: [address(1)] }),
      found: [`conflict ${address(1)}`],
    },
    { name: 'addresses that are not ours do not matter', kernel: kernel({ hostAddresses: [address(99)] }), found: [] },
    {
      name: 'the kernel still routes a free address',
      kernel: kernel({ routed: [address(1), address(3)] }),
      found: [`in-use ${address(3)} kernel`],
    },
    {
      name: 'what is quarantined already is not told again',
      kernel: kernel({ hostAddresses: [address(2)] }),
      before: (pool) => pool.apply({ kind: 'quarantined', address: address(2), reason: 'host-link', sinceMs: 1 }),
      found: [],
    },
    {
      name: 'a quarantined address is free again',
      kernel: kernel(),
      before: (pool) => pool.apply({ kind: 'quarantined', address: address(2), reason: 'kernel', sinceMs: 1 }),
      found: [`unused ${address(2)}`],
    },
    {
      name: 'what EC2 denies the kernel cannot clear',
      kernel: kernel(),
      before: (pool) => pool.apply({ kind: 'quarantined', address: address(2), reason: 'not-in-ec2', sinceMs: 1 }),
      found: [],
    },
  ];
  for (const { name, kernel: given, lost = [], before, found } of rows)
    test(name, () => {
      const pool = sample();
      before?.(pool);
      expect(differences(pool, given, lost)).toEqual([...found]);
    });
});

describe('compareInventory()', () => {
  const list = (...enis: readonly (readonly [string, readonly string[]])[]) =>
    enis.map(([id, cidrs]) => ({ facts: { id }, cidrs }));
  const all = [
    ['eni-0-0', [single(1), single(2), single(3)]],
    ['eni-0-1', [single(4)]],
  ] as const;
  test('the same list differs in nothing', () => {
    expect(differenceKeys(compareInventory(sample(), list(...all)))).toEqual([]);
  });
  test('ENIs and addresses that are more or less are named', () => {
    const listed = list(['eni-0-0', [single(1), single(3), single(9)]], ['eni-x', [single(7)]]);
    expect(differenceKeys(compareInventory(sample(), listed))).toEqual([
      'gone eni-0-0 10.0.0.2/32',
      'gone eni-0-1',
      'new eni-0-0 10.0.0.9/32',
      'new eni-x',
    ]);
  });
  test('what we give back ourselves is not missed', () => {
    const pool = sample();
    pool.setReleasing('eni-0-0', [single(2)], true);
    const without = list(['eni-0-0', [single(1), single(3)]], all[1]);
    expect(differenceKeys(compareInventory(pool, without))).toEqual([]);
    // But what new pods are denied only for being missed once is looked for again.
    const key = `eni-0-0 ${single(2)}`;
    expect(differenceKeys(compareInventory(pool, without, new Set([key])))).toEqual([`gone ${key}`]);
  });
});
