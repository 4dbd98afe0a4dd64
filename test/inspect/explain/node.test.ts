import { describe, expect, test } from 'bun:test';
import type { OutlookDocument, StatusDocument } from '../../../src/cniproto/index.ts';
import { loadSettings } from '../../../src/config/index.ts';
import { explainNode, explainSetting, settingNamed } from '../../../src/inspect/index.ts';
import { SERVING } from '../sample.ts';

const REST: OutlookDocument = {
  now: [],
  held: null,
  next: { address: '10.0.0.13', eni: 'eni-1', refusal: null, actions: [] },
};
const balance = { wantedFree: 4, free: 4, pending: 0, short: 0, beyondMaxPods: 0 };
const STATUS: StatusDocument = { ...SERVING, balance };
const targets = (change: Partial<StatusDocument['targets']>): StatusDocument => ({
  ...STATUS,
  targets: { ...STATUS.targets, ...change },
});

describe('explainNode()', () => {
  for (const [name, status, text] of [
    ['whole ENIs', STATUS, 'WARM_ENI_TARGET 1 wants 4 addresses free: an ENI of t3.small holds 4 for pods.'],
    [
      'no spare ENI',
      targets({ warmEni: 0 }),
      'WARM_ENI_TARGET 0 wants 0 addresses free: an ENI of t3.small holds 4 for pods; 0 still keeps one at hand.',
    ],
    [
      'addresses',
      targets({ warmIp: 5, minimumIp: 20 }),
      'WARM_IP_TARGET wants 5 free and MINIMUM_IP_TARGET wants 20 in all, used or free; WARM_ENI_TARGET and WARM_PREFIX_TARGET do not count then.',
    ],
    [
      'prefixes',
      targets({ mode: 'prefix', warmPrefix: 1 }),
      'WARM_PREFIX_TARGET 1 wants 16 addresses free, in prefixes of 16.',
    ],
    ['IPv6', targets({ mode: 'ipv6' }), 'One /80 prefix on the first ENI serves every pod: no more is ever asked for.'],
  ] as const)
    test(`names the target that counts: ${name}`, () => {
      expect(explainNode(status, REST).size).toContain(text);
    });

  test('at rest nothing is done, and nothing follows a pod', () => {
    const { now, next } = explainNode(STATUS, REST);
    expect([now, next]).toEqual([
      ['Nothing: the pool is as the targets want it. EC2 is not asked.'],
      ['The next pod gets 10.0.0.13 of eni-1 at once.', 'Nothing follows from it.'],
    ]);
  });

  test('tells what is due, what holds it back, and only what the pod adds to it', () => {
    const due = { kind: 'assign', eni: 'eni-1', unit: 'address', count: 1 } as const;
    const more = { kind: 'create-eni', eni: null, unit: 'address', count: 3 } as const;
    const refusal = { code: 'POOL_GROWING', message: 'more is on the way', remedy: 'wait' };
    const { now, next } = explainNode(
      { ...STATUS, pool: { ...STATUS.pool, pending: 2 } },
      {
        now: [due],
        held: { lane: 'growth', forMs: 1200, code: 'EC2_THROTTLED' },
        next: { address: null, eni: null, refusal, actions: [due, more] },
      },
    );
    expect(now).toEqual([
      '2 addresses asked for are on the way.',
      'It asks EC2 for 1 address more on eni-1 (1 call).',
      'Not before 2 s from now: EC2_THROTTLED.',
    ]);
    expect(next).toEqual([
      'The next pod gets no address at once: POOL_GROWING: more is on the way',
      '→ wait',
      'Then the daemon asks EC2 for a new ENI with 3 addresses (3 calls: create, attach, modify).',
    ]);
  });
});

describe('explainSetting()', () => {
  const resolved = loadSettings({ files: [], userData: undefined, env: { WARM_IP_TARGET: '3' }, flags: {} });
  const effect = (key: string, status: StatusDocument = STATUS) =>
    explainSetting(settingNamed(key), resolved, status).effect;

  test('tells meaning, value and where it is from', () => {
    const { meaning, value, origin, default: usual } = explainSetting('WARM_IP_TARGET', resolved, undefined);
    expect([meaning.startsWith('Free addresses to keep'), value, origin, usual]).toEqual([
      true,
      '3',
      'environment',
      '0',
    ]);
  });

  test('counts with the numbers of the node', () => {
    expect([
      effect('warm_ip_target', targets({ warmIp: 3 })),
      effect('WARM_ENI_TARGET', targets({ warmIp: 3 })),
      effect('WARM_ENI_TARGET'),
      effect('ENABLE_PREFIX_DELEGATION', targets({ mode: 'prefix' })),
      effect('ENABLE_PREFIX_DELEGATION', targets({ mode: 'ipv6' })),
      effect('WARM_PREFIX_TARGET', targets({ mode: 'ipv6' })),
      effect('AWS_VPC_ENI_MTU'),
    ]).toEqual([
      'Keeps 3 addresses free beyond those pods hold (1). Now 4 are free.',
      'Nothing: WARM_IP_TARGET or MINIMUM_IP_TARGET is set and counts instead.',
      'Keeps 4 addresses free: 1 × 4 that an ENI of this type holds. Now 4 are free.',
      'An ENI holds 64 addresses for pods: 4 slots of 16.',
      'The first ENI holds a /80: more addresses than there can be pods.',
      'Nothing more: one /80 serves every pod.',
      null,
    ]);
  });

  test('hides secrets', () => {
    const secret = loadSettings({
      files: [],
      userData: undefined,
      env: {},
      flags: { AWS_SECRET_ACCESS_KEY: 'x'.repeat(40), AWS_ACCESS_KEY_ID: 'AKIA' },
    });
    expect(explainSetting('AWS_SECRET_ACCESS_KEY', secret, undefined).value).toBe('(hidden)');
  });

  test('an unknown one is told with the nearest', () => {
    expect(() => settingNamed('WARM_IPTARGET')).toThrow('did you mean WARM_IP_TARGET?');
    expect(() => settingNamed('NOPE')).toThrow('there is no setting NOPE; "vpc-cni config show" lists them');
  });
});
