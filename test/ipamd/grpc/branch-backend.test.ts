import { describe, expect, test } from 'bun:test';
import { HostError } from '../../../src/errors/index.ts';
import { GrpcBackend } from '../../../src/ipamd/grpc/backend.ts';
import { encodeMessage } from '../../../src/ipamd/grpc/encode-message.ts';
import { ADD_REPLY, ADD_REQUEST, DEL_REQUEST } from '../../../src/ipamd/grpc/messages.ts';
import { parseMessage } from '../../../src/ipamd/grpc/parse-message.ts';
import { poolDaemon } from './sample.ts';

const STAYS = new AbortController().signal;
const key = {
  ContainerID: 'c1',
  IfName: 'eth0',
  NetworkName: 'aws-cni',
  K8S_POD_NAME: 'db',
  K8S_POD_NAMESPACE: 'shop',
};
const add = { ...parseMessage(ADD_REQUEST, Buffer.alloc(0)), ...key };
const del = { ...parseMessage(DEL_REQUEST, Buffer.alloc(0)), ...key, Reason: 'PodDeleted' };

const branch = { address: '10.0.3.7', vlanId: 7, mac: '02:00:00:00:03:07', gateway: '10.0.3.1', trunkIndex: 4 };
const ADDRESS = { IPv4Addr: '10.0.3.7', IPv6Addr: '', DeviceNumber: -1, RouteTableId: 0 };
const REPLY = {
  Success: true,
  IPAllocationMetadata: [ADDRESS],
  UseExternalSNAT: false,
  VPCv4CIDRs: ['10.0.0.0/16', '100.64.0.0/16'],
  PodVlanId: 7,
  PodENIMAC: '02:00:00:00:03:07',
  PodENISubnetGW: '10.0.3.1',
  ParentIfIndex: 4,
  VPCv6CIDRs: [],
  NetworkPolicyMode: '',
};
const UNKNOWN_POD = { kind: 'refused', status: 'UNKNOWN', text: expect.stringContaining('datastore: unknown pod') };
const unreadable = new HostError('POD_ENI_INVALID', { pod: 'shop/db', file: '/f', reason: 'there is no such file' });

describe('a pod that has security groups of its own, wired by the plugin of aws-node', () => {
  test('is told its branch ENI and the link of the trunk, and takes no address of the pool', async () => {
    const { daemon, pool, counted } = poolDaemon({ branch });
    const answer = await new GrpcBackend(daemon).addNetwork(add, STAYS);
    expect(answer).toEqual({ kind: 'reply', reply: REPLY });
    expect(pool.allocations()).toEqual([]);
    expect(counted).toEqual(['ADD ok']);
    expect(parseMessage(ADD_REPLY, encodeMessage(ADD_REPLY, REPLY))).toEqual(REPLY);
  });

  test('of IPv6 is told the address in its field', async () => {
    const { daemon } = poolDaemon({ branch: { ...branch, address: '2001:db8:3::7', gateway: 'fe80:ec2::1' } });
    expect(await new GrpcBackend(daemon).addNetwork(add, STAYS)).toMatchObject({
      reply: { IPAllocationMetadata: [{ IPv4Addr: '', IPv6Addr: '2001:db8:3::7' }], PodENISubnetGW: 'fe80:ec2::1' },
    });
  });

  test('keeps the address of the pool that it has', async () => {
    const { daemon } = poolDaemon({ branch });
    await new GrpcBackend({ ...daemon, branch: () => undefined }).addNetwork(add, STAYS);
    expect(await new GrpcBackend(daemon).addNetwork(add, STAYS)).toMatchObject({ reply: { PodVlanId: 0 } });
  });

  test.each([
    ['no trunk', { branch, trunk: 'missing' }, 'ADD TRUNK_MISSING'],
    ['nothing that tells which', { branch: unreadable }, 'ADD POD_ENI_INVALID'],
  ] as const)('with %s waits, and gets no address of other security groups', async (_, change, count) => {
    const { daemon, pool, counted } = poolDaemon(change);
    expect(await new GrpcBackend(daemon).addNetwork(add, STAYS)).toMatchObject({ reply: { Success: false } });
    expect(pool.allocations()).toEqual([]);
    expect(counted).toEqual([count]);
  });

  test('is told its VLAN when it goes and the plugin has lost its own note, also without a trunk', async () => {
    const { daemon } = poolDaemon({ branch: { ...branch, trunkIndex: 0 }, trunk: 'missing' });
    expect(await new GrpcBackend(daemon).delNetwork(del)).toEqual({
      kind: 'reply',
      reply: { Success: true, IPAllocationMetadata: [ADDRESS], PodVlanId: 7, NetworkPolicyMode: '' },
    });
  });

  test('goes as one that is not known while nothing tells which ENI it had', async () => {
    const { daemon } = poolDaemon({ branch: unreadable });
    expect(await new GrpcBackend(daemon).delNetwork(del)).toMatchObject(UNKNOWN_POD);
  });
});
