import type { StatusDocument } from '../../src/cniproto/index.ts';

/** A daemon that serves: two ENIs, one pod, one address resting, a refusal of EC2 behind it. */
export const SERVING: StatusDocument = {
  version: '0.1.0',
  pid: 4242,
  ready: true,
  reason: null,
  phase: 'serving',
  instance: {
    id: 'i-0123456789abcdef0',
    type: 't3.small',
    availabilityZone: 'us-east-1a',
    primaryAddress: '10.0.0.10',
  },
  targets: { warmEni: 1, warmIp: 0, minimumIp: 0, maxEnis: 3, addressesPerEni: 4, maxPods: 11 },
  pool: { total: 4, assigned: 1, free: 2, cooldown: 1, pending: 0 },
  enis: [
    {
      id: 'eni-0aaaaaaaaaaaaaaaa',
      mac: '02:00:00:00:00:01',
      device: 0,
      link: 'eth0',
      primary: true,
      primaryAddress: '10.0.0.10',
      table: 254,
      addresses: [
        { address: '10.0.0.11', state: 'assigned', pod: 'default/web', containerId: 'c1' },
        { address: '10.0.0.12', state: 'cooldown', freeInMs: 12_000 },
        { address: '10.0.0.13', state: 'free' },
      ],
    },
    {
      id: 'eni-0bbbbbbbbbbbbbbbb',
      mac: '02:00:00:00:00:02',
      device: 1,
      link: null,
      primary: false,
      primaryAddress: '10.0.0.20',
      table: 2,
      addresses: [{ address: '10.0.0.21', state: 'free' }],
    },
  ],
  waiting: 1,
  balance: { wantedFree: 4, free: 2, pending: 0, short: 2, beyondMaxPods: 0 },
  recentCalls: [
    { action: 'AttachNetworkInterface', at: '2026-01-01T00:59:30.000Z', ms: 1503, code: 'EC2_THROTTLED' },
    { action: 'CreateNetworkInterface', at: '2026-01-01T00:58:55.000Z', ms: 120, code: null },
  ],
  ec2Calls: { CreateNetworkInterface: 1, AttachNetworkInterface: 2 },
  lastError: {
    code: 'EC2_THROTTLED',
    message: 'EC2 throttles AttachNetworkInterface: Request limit exceeded.',
    remedy: 'nothing to do at once',
    at: '2026-01-01T00:59:30.000Z',
  },
  startedAt: '2026-01-01T00:00:00.000Z',
  readyAfterMs: 312.4,
  rssBytes: 50_331_648,
};
