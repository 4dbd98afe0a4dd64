import { describe, expect, test } from 'bun:test';
import { parseIpv4 } from '../../../src/addr/index.ts';
import { HostError } from '../../../src/errors/index.ts';
import { GrpcBackend } from '../../../src/ipamd/grpc/backend.ts';
import { ADD_REQUEST, DEL_REQUEST } from '../../../src/ipamd/grpc/messages.ts';
import { parseMessage } from '../../../src/ipamd/grpc/parse-message.ts';
import { poolDaemon } from './sample.ts';

const NOBODY = Buffer.alloc(0);
const STAYS = new AbortController().signal;
const key = {
  ContainerID: 'c1',
  IfName: 'eth0',
  NetworkName: 'aws-cni',
  K8S_POD_NAME: 'web',
  K8S_POD_NAMESPACE: 'default',
};
const add = (change: object = {}) => ({ ...parseMessage(ADD_REQUEST, NOBODY), ...key, ...change });
const del = (change: object = {}) => ({
  ...parseMessage(DEL_REQUEST, NOBODY),
  ...key,
  Reason: 'PodDeleted',
  ...change,
});

const addressOf = (n: number, table = 3) => ({
  IPv4Addr: `10.0.0.${n}`,
  IPv6Addr: '',
  DeviceNumber: table - 1,
  RouteTableId: table,
});
const REPLY = {
  Success: true,
  IPAllocationMetadata: [addressOf(1)],
  UseExternalSNAT: false,
  VPCv4CIDRs: ['10.0.0.0/16', '100.64.0.0/16'],
  PodVlanId: 0,
  PodENIMAC: '',
  PodENISubnetGW: '',
  ParentIfIndex: 0,
  VPCv6CIDRs: [],
  NetworkPolicyMode: '',
};
const FAILED = { ...REPLY, Success: false, IPAllocationMetadata: [], VPCv4CIDRs: [] };
const UNKNOWN_POD = {
  kind: 'refused',
  status: 'UNKNOWN',
  text: '1 error occurred:\n\t* datastore: unknown pod\n\n',
} as const;

describe('AddNetwork', () => {
  test('tells the address, its table, and what is not translated', async () => {
    const { daemon } = poolDaemon();
    expect(await new GrpcBackend(daemon).addNetwork(add(), STAYS)).toEqual({ kind: 'reply', reply: REPLY });
  });

  test('gives the same address again, also to two calls at once', async () => {
    const { daemon, pool } = poolDaemon();
    const backend = new GrpcBackend(daemon);
    const answers = await Promise.all([backend.addNetwork(add(), STAYS), backend.addNetwork(add(), STAYS)]);
    expect(answers).toEqual([
      { kind: 'reply', reply: REPLY },
      { kind: 'reply', reply: REPLY },
    ]);
    expect(pool.allocations()).toHaveLength(1);
  });

  test('names table 254 for a pod of the primary ENI', async () => {
    const { daemon } = poolDaemon({ device: 0 });
    const answer = await new GrpcBackend(daemon).addNetwork(add(), STAYS);
    expect(answer).toMatchObject({ reply: { IPAllocationMetadata: [{ DeviceNumber: 0, RouteTableId: 254 }] } });
  });

  const settings = [
    {
      name: 'networks that are not translated by wish',
      settings: 'AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS=192.168.0.0/24',
      reply: { VPCv4CIDRs: ['10.0.0.0/16', '100.64.0.0/16', '192.168.0.0/24'] },
    },
    {
      name: 'nothing of them when nothing is translated at all',
      settings: 'AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS=192.168.0.0/24\nAWS_VPC_K8S_CNI_EXTERNALSNAT=true',
      reply: { VPCv4CIDRs: ['10.0.0.0/16', '100.64.0.0/16'], UseExternalSNAT: true },
    },
    {
      name: 'the policy mode',
      settings: 'NETWORK_POLICY_ENFORCING_MODE=strict',
      reply: { NetworkPolicyMode: 'strict' },
    },
  ];
  for (const row of settings)
    test(`tells ${row.name}`, async () => {
      const { daemon } = poolDaemon({ settings: row.settings });
      const answer = await new GrpcBackend(daemon).addNetwork(add(), STAYS);
      expect(answer).toEqual({ kind: 'reply', reply: { ...REPLY, ...row.reply } });
    });

  for (const field of ['ContainerID', 'IfName', 'NetworkName'])
    test(`without ${field} it is no success, and no error`, async () => {
      const { daemon, pool } = poolDaemon();
      expect(await new GrpcBackend(daemon).addNetwork(add({ [field]: '' }), STAYS)).toEqual({
        kind: 'reply',
        reply: FAILED,
      });
      expect(pool.allocations()).toEqual([]);
    });

  test('without an address it is no success, and no error; the cause is counted', async () => {
    const { daemon, counted } = poolDaemon({ addresses: 0 });
    expect(await new GrpcBackend(daemon).addNetwork(add(), STAYS)).toEqual({ kind: 'reply', reply: FAILED });
    expect(counted).toEqual(['ADD POOL_GROWING']);
  });

  test('a pod that asks for every network card has them all in the reply, and its DEL gives all back', async () => {
    const request = add({ RequiresMultiNICAttachment: true });
    const off = poolDaemon();
    expect(await new GrpcBackend(off.daemon).addNetwork(request, STAYS)).toEqual({ kind: 'reply', reply: FAILED });
    expect([off.counted, off.pool.allocations()]).toEqual([['ADD MULTI_NIC_OFF'], []]);
    const { daemon, pool } = poolDaemon({ settings: 'ENABLE_MULTI_NIC=true' });
    const backend = new GrpcBackend(daemon);
    const both = [addressOf(1), addressOf(2)];
    expect(await backend.addNetwork(request, STAYS)).toMatchObject({ reply: { IPAllocationMetadata: both } });
    expect(pool.allocations().map(({ owner }) => owner.ifName)).toEqual(['eth0', 'mNicIf1']);
    expect(await backend.delNetwork(del())).toMatchObject({ reply: { IPAllocationMetadata: both } });
    expect(pool.allocations()).toEqual([]);
  });

  test('a full disk is an error that says so', async () => {
    const { daemon } = poolDaemon();
    const full = new HostError('FILE_FAILED', {
      action: 'write',
      path: '/run/vpc-cni/journal',
      reason: 'no space left',
    });
    const backend = new GrpcBackend({ ...daemon, allocate: async () => Promise.reject(full) });
    const answer = await backend.addNetwork(add(), STAYS);
    expect(answer).toMatchObject({ kind: 'refused', text: expect.stringContaining('/run/vpc-cni/journal') });
  });

  test('an address nobody waits for any more goes back; one that was given before stays', async () => {
    const { daemon, pool } = poolDaemon();
    const backend = new GrpcBackend(daemon);
    const gone = AbortSignal.abort();
    await backend.addNetwork(add(), gone);
    expect(pool.allocations()).toEqual([]);
    await backend.addNetwork(add(), STAYS);
    await backend.addNetwork(add(), gone);
    expect(pool.allocations()).toHaveLength(1);
  });
});

describe('DelNetwork', () => {
  test('tells what was given, and takes it into cooldown', async () => {
    const { daemon, pool, counted } = poolDaemon();
    const backend = new GrpcBackend(daemon);
    await backend.addNetwork(add(), STAYS);
    expect(await backend.delNetwork(del())).toEqual({
      kind: 'reply',
      reply: { Success: true, IPAllocationMetadata: [addressOf(1)], PodVlanId: 0, NetworkPolicyMode: '' },
    });
    expect(pool.useOf(parseIpv4('10.0.0.1'))).toMatchObject({ kind: 'cooldown' });
    expect(counted).toEqual(['ADD ok', 'DEL ok PodDeleted']);
  });

  test('of a pod that is not known has the text which the plugin looks for', async () => {
    const { daemon } = poolDaemon();
    const backend = new GrpcBackend(daemon);
    expect(await backend.delNetwork(del())).toEqual(UNKNOWN_POD);
    await backend.addNetwork(add(), STAYS);
    await backend.delNetwork(del());
    expect(await backend.delNetwork(del())).toEqual(UNKNOWN_POD);
  });
});

describe('the version of a client', () => {
  const rows = [
    { wanted: '', told: '', text: undefined },
    { wanted: '', told: 'v1.23.1', text: undefined },
    { wanted: 'v1.23.1', told: 'v1.23.1', text: undefined },
    { wanted: 'v1.23.1', told: '', text: undefined },
    { wanted: 'v1.23.1', told: 'v1.19.0', text: 'wrong client version "v1.19.0" (!= "v1.23.1")' },
  ];
  for (const { wanted, told, text } of rows)
    test(`"${told}" where "${wanted}" is meant`, async () => {
      const { daemon, pool } = poolDaemon({ settings: `VPC_CNI_VERSION=${wanted}` });
      const backend = new GrpcBackend(daemon);
      const answers = [
        await backend.addNetwork(add({ ClientVersion: told }), STAYS),
        await backend.delNetwork(del({ ClientVersion: told })),
      ];
      const said = answers.map((answer) => (answer.kind === 'refused' ? `${answer.status} ${answer.text}` : 'ok'));
      // Where it is taken, the DEL finds what the ADD was given.
      expect(said).toEqual(Array(2).fill(text === undefined ? 'ok' : `FAILED_PRECONDITION ${text}`));
      expect(pool.allocations()).toEqual([]);
    });
});

test('the agent is told the mode and the node', () => {
  const { daemon } = poolDaemon({ settings: 'NETWORK_POLICY_ENFORCING_MODE=standard' });
  expect(new GrpcBackend(daemon).policyConfig()).toEqual({
    kind: 'reply',
    reply: {
      NetworkPolicyMode: 'standard',
      MultiNICEnabled: false,
      NodeIPv4: '10.0.0.9',
      NodeIPv6: '',
      InstanceID: 'i-0123',
      Region: 'eu-central-1',
    },
  });
});
