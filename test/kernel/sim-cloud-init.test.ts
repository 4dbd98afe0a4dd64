import { describe, expect } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listenIn } from '../../src/sim/daemon/listen.ts';
import { IMDS_ADDRESS } from '../../src/sim/fabric/index.ts';
import { createImdsHandler } from '../../src/sim/imds/index.ts';
import type { SimInstance } from '../../src/sim/model/index.ts';
import { createMachine, enterArgv, nodePaths } from '../../src/sim/node/index.ts';
import { systemExec } from '../../src/sys/index.ts';
import { below, lines, plain } from '../sim/imds/expected.ts';
import { machineState } from '../support/machine-state.ts';
import { kernelTest } from '../support/netns.ts';
import { createWorld, type World } from '../support/sim-world.ts';

const FIXTURES = join(import.meta.dir, '../fixtures/cloud-init');
const USER_DATA = '#!/bin/sh\n# ä: not only ASCII\necho "booted as $(uname -s)" >/var/lib/booted\n';

/** A node with IPv6, secondary addresses and a second ENI with a prefix, and its metadata at the usual address. */
async function boot(world: World): Promise<{ readonly instance: SimInstance; readonly imds: Disposable }> {
  const { names, vpc } = world;
  const imds = listenIn(names.routerNetns, IMDS_ADDRESS, createImdsHandler({ vpc }));
  await createMachine(systemExec, names, 'ec2');
  const instance = vpc.runInstance({
    name: 'ec2',
    instanceType: 'm5.large',
    subnetId: vpc.subnets()[0]?.id ?? '',
    secondaryCount: 2,
    ipv6Count: 1,
    userData: Buffer.from(USER_DATA),
    interfaces: [{ deviceIndex: 1, prefixCount: 1 }],
    metadata: { instanceTags: true },
    tags: { team: 'net' },
  });
  const [, second] = vpc.enisOf(instance.id);
  vpc.assignAddresses({ eniId: second?.id ?? '', count: 1 });
  await world.fabric.settled();
  // Clients look up names that do not exist to know whether their resolver lies; no resolver would answer here.
  await world.run('ec2', 'sh', '-c', 'echo "hosts: files" >/etc/nsswitch.conf');
  return { instance, imds };
}

/** Runs a program on a node with the signs of EC2 about it. */
async function onEc2(world: World, ...argv: readonly string[]): Promise<string> {
  const own = ['unshare', '--mount', '--uts', '--propagation', 'private', '--', 'sh', join(FIXTURES, 'on-ec2.sh')];
  const words = [...enterArgv(nodePaths(world.names, 'ec2')), ...own, ...argv];
  const [program = '', ...rest] = words;
  return (await systemExec.run({ argv: [program, ...rest], timeoutMs: 60_000 })).stdout;
}

/** The tree as cloud-init has it: directories are objects, several lines a list, JSON is read. */
function nested(tree: Readonly<Record<string, string>>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  const grouped = Map.groupBy(Object.keys(tree), (path) => path.split('/', 1)[0] ?? '');
  for (const [name, paths] of grouped) {
    const text = tree[name];
    const inner = paths.map((path) => [path.slice(name.length + 1), tree[path] ?? ''] as const);
    if (text === undefined) root[name] = nested(Object.fromEntries(inner));
    else root[name] = text.includes('\n') ? text.split('\n') : text;
  }
  return root;
}

describe('cloud-init', () => {
  kernelTest('knows EC2, crawls the whole tree, and runs the user data of the instance', async () => {
    const before = await machineState();
    await using world = await createWorld({ ipv6: true, nodes: [] });
    const { instance, imds } = await boot(world);
    using _imds = imds;
    const { vpc } = world;
    await world.run('ec2', 'cp', join(FIXTURES, 'cloud.cfg'), '/etc/cloud/cloud.cfg');
    await onEc2(world, 'cloud-init', 'init');
    await onEc2(world, 'cloud-init', 'modules', '--mode=final');

    const [first, second] = vpc.enisOf(instance.id);
    if (first === undefined || second === undefined) throw new Error('an ENI is missing');
    const [block] = vpc.ipv6Cidrs().map(({ cidr }) => `${cidr.address}/${cidr.prefixLength}`);
    const subnet = vpc.subnet(instance.subnetId).ipv6?.cidr;
    const dual = {
      'subnet-ipv6-cidr-blocks': `${subnet?.address}/${subnet?.prefixLength}`,
      'vpc-ipv6-cidr-blocks': block ?? '',
    };
    const macs = 'network/interfaces/macs';
    const { ds, ...query } = JSON.parse(await world.run('ec2', 'cloud-init', 'query', '--all'));
    expect(ds['meta-data']).toEqual({
      ...nested({
        'ami-id': 'ami-00000000000000000',
        'ami-launch-index': '0',
        'ami-manifest-path': '(unknown)',
        'block-device-mapping/ami': '/dev/xvda',
        'block-device-mapping/root': '/dev/xvda',
        'events/maintenance/history': '[]',
        'events/maintenance/scheduled': '[]',
        hostname: 'ip-10-0-0-4.ec2.internal',
        'instance-action': 'none',
        'instance-id': instance.id,
        'instance-life-cycle': 'on-demand',
        'instance-type': 'm5.large',
        ipv6: first.ipv6Addresses[0] ?? '',
        'local-hostname': 'ip-10-0-0-4.ec2.internal',
        'local-ipv4': '10.0.0.4',
        mac: first.mac,
        ...below(
          `${macs}/${first.mac}`,
          plain(vpc, first, {
            ...dual,
            ipv6s: lines(first.ipv6Addresses),
            'local-hostname': 'ip-10-0-0-4.ec2.internal',
            'local-ipv4s': '10.0.0.4\n10.0.0.5\n10.0.0.6',
          }),
        ),
        ...below(
          `${macs}/${second.mac}`,
          plain(vpc, second, {
            ...dual,
            'ipv4-prefix': '10.0.0.16/28',
            'local-hostname': 'ip-10-0-0-7.ec2.internal',
            'local-ipv4s': '10.0.0.7\n10.0.0.8',
          }),
        ),
        'placement/availability-zone': 'us-east-1a',
        'placement/availability-zone-id': 'use1-az1',
        'placement/region': 'us-east-1',
        profile: 'default-hvm',
        'reservation-id': instance.id.replace('i-', 'r-'),
        'security-groups': 'default',
        'services/domain': 'amazonaws.com',
        'services/partition': 'aws',
        system: 'nitro',
        'tags/instance/Name': 'ec2',
        'tags/instance/team': 'net',
      }),
      // Credentials are what cloud-init never reads.
      iam: { info: expect.objectContaining({ Code: 'Success' }) },
    });
    expect({
      cloud: query['cloud_name'],
      id: query['instance_id'],
      region: query['region'],
      zone: query['availability_zone'],
      version: ds['_metadata_api_version'],
      document: ds.dynamic['instance-identity'].document.instanceId,
      userData: await world.run('ec2', 'cloud-init', 'query', 'userdata'),
      ran: await world.run('ec2', 'cat', '/var/lib/booted'),
      here: existsSync('/var/lib/booted'),
    }).toEqual({
      cloud: 'aws',
      id: instance.id,
      region: 'us-east-1',
      zone: 'us-east-1a',
      version: '2021-03-23',
      document: instance.id,
      userData: `${USER_DATA}\n`,
      ran: 'booted as Linux\n',
      here: false,
    });

    const network = JSON.parse(await onEc2(world, '/usr/bin/python3', join(FIXTURES, 'network-config.py')));
    const link = (name: string, mac: string, metric: number) => ({
      dhcp4: true,
      'dhcp4-overrides': { 'route-metric': metric },
      match: { macaddress: mac },
      'set-name': name,
    });
    expect(network).toEqual({
      version: 2,
      ethernets: {
        eth0: {
          ...link('eth0', first.mac, 100),
          dhcp6: true,
          'dhcp6-overrides': { 'route-metric': 100 },
          addresses: ['10.0.0.5/24', '10.0.0.6/24'],
        },
        eth1: { ...link('eth1', second.mac, 200), dhcp6: false, addresses: ['10.0.0.8/24'] },
      },
    });
    await world[Symbol.asyncDispose]();
    expect(await machineState()).toBe(before);
  });
});

describe('ec2metadata', () => {
  kernelTest('of cloud-guest-utils shows the instance, over version 2', async () => {
    await using world = await createWorld({ ipv6: true, nodes: [] });
    const { instance, imds } = await boot(world);
    using _imds = imds;
    const [first] = world.vpc.enisOf(instance.id);
    expect(await world.run('ec2', 'ec2metadata')).toBe(
      [
        'ami-id: ami-00000000000000000',
        'ami-launch-index: 0',
        'ami-manifest-path: (unknown)',
        'ancestor-ami-ids: unavailable',
        'availability-zone: us-east-1a',
        'block-device-mapping: ami\nroot',
        'instance-action: none',
        `instance-id: ${instance.id}`,
        'instance-type: m5.large',
        'local-hostname: ip-10-0-0-4.ec2.internal',
        'local-ipv4: 10.0.0.4',
        'kernel-id: unavailable',
        `mac: ${first?.mac}`,
        'profile: default-hvm',
        'product-codes: unavailable',
        'public-hostname: unavailable',
        'public-ipv4: unavailable',
        'public-keys: unavailable',
        'ramdisk-id: unavailable',
        `reservation-id: ${instance.id.replace('i-', 'r-')}`,
        'security-groups: default',
        `user-data: ${pythonBytes(USER_DATA)}`,
        'availability-zone-id: use1-az1',
        'region: us-east-1',
        'host-id: unavailable',
        'group-name: unavailable',
        'partition-number: unavailable',
        '',
      ].join('\n'),
    );
    expect(await world.run('ec2', 'ec2metadata', '--user-data')).toBe(USER_DATA);
  });
});

/** Bytes as Python prints them. */
function pythonBytes(text: string): string {
  const shown = [...Buffer.from(text)].map((byte) => {
    if (byte === 10) return '\\n';
    const sign = String.fromCharCode(byte);
    return byte < 127 ? sign : `\\x${byte.toString(16)}`;
  });
  return `b'${shown.join('')}'`;
}
