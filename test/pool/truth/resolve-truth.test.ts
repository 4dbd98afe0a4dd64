import { describe, expect, test } from 'bun:test';
import {
  type KnownEni,
  NOTHING_REMEMBERED,
  type Orphan,
  type Pool,
  resolveTruth,
  type TruthInput,
} from '../../../src/pool/index.ts';
import { address, facts } from '../model/sample.ts';
import { COOLDOWN, eni, listed, NOW, pod } from './sample.ts';

type Journal = TruthInput['journal'];
function truth(change: {
  readonly ec2?: TruthInput['ec2'];
  readonly journal?: Partial<Journal>;
  readonly pods?: readonly Orphan[];
  readonly hostAddresses?: TruthInput['kernel']['hostAddresses'];
  readonly imds?: TruthInput['imds'];
}) {
  return resolveTruth({
    ec2: change.ec2,
    journal: { ...NOTHING_REMEMBERED, sameBoot: true, ...change.journal },
    kernel: { pods: change.pods ?? [], hostAddresses: change.hostAddresses ?? [] },
    imds: change.imds,
    nowMs: NOW,
    cooldownMs: COOLDOWN,
  });
}

/** The pool as lines: addresses by ENI with their use, then the orphans. */
function show(pool: Pool): string[] {
  const enis = [...pool.enis.values()].map(({ id, cidrs }) => {
    const uses = [...cidrs.values()].map(({ cidr, uses }) => {
      const [use] = uses.values();
      const what =
        use?.kind === 'assigned' ? use.owner.containerId : use?.kind === 'quarantine' ? use.reason : use?.kind;
      return `${cidr.replace('10.0.0.', '').replace('/32', '')}=${what ?? 'free'}`;
    });
    return [id, ...uses].join(' ');
  });
  return [...enis, ...pool.orphans.map((orphan) => `orphan ${orphan.address} of ${orphan.owner.containerId}`)];
}

const ROWS: readonly {
  readonly name: string;
  readonly input: Parameters<typeof truth>[0];
  readonly pool: string[];
  readonly source: ReturnType<typeof truth>['source'];
  readonly findings: string[];
}[] = [
  {
    name: 'all agree',
    input: {
      ec2: listed(eni(0, 1, 2)),
      journal: { allocations: [pod(1, 1)], enis: [eni(0, 1, 2)] },
      pods: [pod(1, 1)],
      imds: listed(eni(0, 1, 2)),
    },
    pool: ['eni-0-0 1=c1 2=free'],
    source: 'ec2',
    findings: [],
  },
  {
    name: 'the metadata misses an ENI with a live pod: EC2 has it, nothing happens (upstream #3824, #3887)',
    input: {
      ec2: listed(eni(0, 1), eni(1, 11, 12)),
      journal: { allocations: [pod(1, 11)], enis: [eni(0, 1), eni(1, 11, 12)] },
      imds: listed(eni(0, 1)),
    },
    pool: ['eni-0-0 1=free', 'eni-0-1 11=c1 12=free'],
    source: 'ec2',
    findings: [],
  },
  {
    name: 'the metadata lists an address that EC2 took away: nobody gets it',
    input: { ec2: listed(eni(0, 1)), journal: { enis: [eni(0, 1, 2)] }, imds: listed(eni(0, 1, 2)) },
    pool: ['eni-0-0 1=free'],
    source: 'ec2',
    findings: [],
  },
  {
    name: 'EC2 has addresses that the journal never saw: they are ours',
    input: { ec2: listed(eni(0, 1), eni(1, 11)), journal: { enis: [eni(0, 1)] } },
    pool: ['eni-0-0 1=free', 'eni-0-1 11=free'],
    source: 'ec2',
    findings: [],
  },
  {
    name: 'EC2 does not list the address of a pod: an orphan, never deleted',
    input: { ec2: listed(eni(0, 1)), journal: { allocations: [pod(1, 11)], enis: [eni(0, 1), eni(1, 11)] } },
    pool: ['eni-0-0 1=free', 'orphan 10.0.0.11 of c1'],
    source: 'ec2',
    findings: ['orphan 10.0.0.11'],
  },
  {
    name: 'EC2 does not answer: what was last known counts, not the metadata',
    input: {
      journal: { allocations: [pod(1, 11)], enis: [eni(0, 1), eni(1, 11)] },
      imds: listed(eni(0, 1, 2), eni(2, 21)),
    },
    pool: ['eni-0-0 1=free', 'eni-0-1 11=c1'],
    source: 'journal',
    findings: [],
  },
  {
    name: 'nobody but the metadata has ever said anything',
    input: { imds: listed(eni(0, 1)) },
    pool: ['eni-0-0 1=free'],
    source: 'imds',
    findings: [],
  },
  {
    name: 'nobody says anything: pods of the kernel stay',
    input: { pods: [pod(1, 1)] },
    pool: ['orphan 10.0.0.1 of c1'],
    source: 'none',
    findings: ['kernel-only 10.0.0.1', 'orphan 10.0.0.1'],
  },
  {
    name: 'the journal is lost: pods come from the kernel',
    input: { ec2: listed(eni(0, 1, 2)), pods: [pod(1, 2)] },
    pool: ['eni-0-0 1=free 2=c1'],
    source: 'ec2',
    findings: ['kernel-only 10.0.0.2'],
  },
  {
    name: 'the kernel misses a pod of this boot: the journal keeps it, its DEL will come',
    input: { ec2: listed(eni(0, 1)), journal: { allocations: [pod(1, 1)] } },
    pool: ['eni-0-0 1=c1'],
    source: 'ec2',
    findings: [],
  },
  {
    name: 'a journal of another boot: only pods that the kernel still has',
    input: {
      ec2: listed(eni(0, 1, 2)),
      journal: { sameBoot: false, allocations: [pod(1, 1), pod(2, 2)] },
      pods: [pod(2, 2)],
    },
    pool: ['eni-0-0 1=free 2=c2'],
    source: 'ec2',
    findings: ['earlier-boot 10.0.0.1'],
  },
  {
    name: 'journal and kernel name two pods for one address: the journal wins, the other keeps it too',
    input: { ec2: listed(eni(0, 1)), journal: { allocations: [pod(1, 1)] }, pods: [pod(2, 1)] },
    pool: ['eni-0-0 1=c1', 'orphan 10.0.0.1 of c2'],
    source: 'ec2',
    findings: ['kernel-only 10.0.0.1', 'duplicate 10.0.0.1'],
  },
  {
    name: 'a link of the host has an address of ours: no pod gets it',
    input: { ec2: listed(eni(0, 1, 2)), hostAddresses: [address(2), address(99)] },
    pool: ['eni-0-0 1=free 2=host-link'],
    source: 'ec2',
    findings: ['host-link 10.0.0.2'],
  },
  {
    name: 'doubts: those of the kernel stay, those that EC2 or the links answer now do not',
    input: {
      ec2: listed(eni(0, 1, 2, 3)),
      journal: {
        quarantines: new Map([
          [address(1), { reason: 'host-link', sinceMs: 1 }],
          [address(2), { reason: 'kernel', sinceMs: 1 }],
          [address(3), { reason: 'not-in-ec2', sinceMs: 1 }],
        ]),
      },
    },
    pool: ['eni-0-0 1=free 2=kernel 3=free'],
    source: 'ec2',
    findings: [],
  },
  {
    name: 'without EC2 its doubt stays',
    input: {
      journal: { enis: [eni(0, 1)], quarantines: new Map([[address(1), { reason: 'not-in-ec2', sinceMs: 1 }]]) },
    },
    pool: ['eni-0-0 1=not-in-ec2'],
    source: 'journal',
    findings: [],
  },
  {
    name: 'an address at rest goes on resting, one that a pod has does not',
    input: {
      ec2: listed(eni(0, 1, 2)),
      journal: {
        allocations: [pod(1, 1)],
        cooldowns: new Map([
          [address(1), NOW + 5],
          [address(2), NOW + 5],
        ]),
      },
    },
    pool: ['eni-0-0 1=c1 2=cooldown'],
    source: 'ec2',
    findings: [],
  },
];

describe('resolveTruth()', () => {
  for (const row of ROWS)
    test(row.name, () => {
      const { pool, source, findings } = truth(row.input);
      expect({ pool: show(pool), source, findings: findings.map((each) => `${each.kind} ${each.address}`) }).toEqual({
        pool: row.pool,
        source: row.source,
        findings: row.findings,
      });
    });

  test('what the metadata says otherwise is told, an ENI that is not for pods left out', () => {
    const foreign = { card: 0, device: 3, eniId: 'eni-0-3', why: 'trunk' as const };
    const imds = listed(eni(0, 1, 2), eni(2, 21), eni(3, 31));
    const { disbelieved } = truth({ ec2: { enis: [eni(0, 1, 3), eni(1, 11)], foreign: [foreign] }, imds });
    expect(disbelieved).toEqual(['gone eni-0-0 10.0.0.3/32', 'gone eni-0-1', 'new eni-0-0 10.0.0.2/32', 'new eni-0-2']);
    expect(truth({ journal: { enis: [eni(0, 1)] }, imds: listed(eni(0)) }).disbelieved).toEqual([
      'gone eni-0-0 10.0.0.1/32',
    ]);
    expect(truth({ imds: listed(eni(0, 1)) }).disbelieved).toEqual([]);
  });

  test('a clock that was set back lets no address rest longer than a cooldown', () => {
    const { pool } = truth({ ec2: listed(eni(0, 1)), journal: { cooldowns: new Map([[address(1), NOW * 9]]) } });
    expect(pool.nextCooldownEndMs).toBe(NOW + COOLDOWN);
  });

  test('a restart does not make an ENI young again', () => {
    const old: KnownEni = { ...eni(1, 11), facts: facts(1, { attachedAtMs: 5 }) };
    const { pool } = truth({ ec2: listed(eni(1, 11), eni(2, 21)), journal: { enis: [old] } });
    expect([...pool.enis.values()].map(({ attachedAtMs }) => attachedAtMs)).toEqual([5, NOW]);
  });
});
