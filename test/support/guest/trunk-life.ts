/**
 * Tests that run inside a guest whose kernel has 802.1Q: the installed daemon on a node with a trunk ENI, and a pod that
 * has a branch ENI of it.
 */
import { expect, test } from 'bun:test';
import {
  AssociateTrunkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
} from '@aws-sdk/client-ec2';
import { type AwsNodeBranchPod, awsNodeBranchResult, awsNodeBranchSetup, keptResult } from '../aws-node-branch.ts';
import { E2eVpc, until } from '../e2e.ts';
import { callPlugin, errorOf, makeSandbox, type Sandbox } from '../e2e-cni.ts';
import { ec2Client } from '../sim-ec2.ts';

const MINUTES = 60_000;
const VLAN = 7;
const vpc = new E2eVpc('trk');
const [a, b] = [vpc.node('node-a'), vpc.node('node-b')];

/** The branch ENI of VLAN 7 as its controller makes it; what its annotation says of it. */
async function associateBranch() {
  const { ec2, subnets } = await vpc.status();
  using client = { sdk: ec2Client(ec2), [Symbol.dispose]: () => client.sdk.destroy() };
  const { sdk } = client;
  const [subnet] = subnets;
  const named = { Filters: [{ Name: 'group-name', Values: ['pods'] }] };
  const { SecurityGroups: [group] = [] } = await sdk.send(new DescribeSecurityGroupsCommand(named));
  const trunks = { Filters: [{ Name: 'interface-type', Values: ['trunk'] }] };
  const { NetworkInterfaces: [trunk] = [] } = await sdk.send(new DescribeNetworkInterfacesCommand(trunks));
  const request = { SubnetId: subnet?.id, Groups: [group?.GroupId ?? ''] };
  const { NetworkInterface: eni } = await sdk.send(new CreateNetworkInterfaceCommand(request));
  const ids = { BranchInterfaceId: eni?.NetworkInterfaceId, TrunkInterfaceId: trunk?.NetworkInterfaceId };
  await sdk.send(new AssociateTrunkInterfaceCommand({ ...ids, VlanId: VLAN }));
  return {
    trunkMac: trunk?.MacAddress ?? '',
    note: {
      ...{ eniId: eni?.NetworkInterfaceId, ifAddress: eni?.MacAddress ?? '', privateIp: eni?.PrivateIpAddress ?? '' },
      ...{ vlanId: VLAN, subnetCidr: subnet?.cidr ?? '' },
    },
  };
}

/** Whether the other node reaches an address. */
async function reached(address: string): Promise<boolean> {
  return (await b.run(['ping', '-n', '-q', '-c', '2', '-i', '0.2', '-W', '3', address])).exitCode === 0;
}

/** All of the node's network that a pod with a branch ENI has a part in; links without their indexes. */
async function network(): Promise<string> {
  const shown = [
    await a.text('ip', 'rule'),
    await a.text('ip', 'route', 'show', 'table', `${VLAN + 100}`).catch(() => ''),
    (await a.text('ip', '-o', 'link')).replaceAll(/^\d+: | qdisc .*$/gm, ''),
  ];
  return shown.join('').split('\n').toSorted().join('\n');
}

const unlike = async (state: string): Promise<readonly string[]> => {
  const [was, is] = [state.split('\n'), (await network()).split('\n')];
  return [...was.filter((line) => !is.includes(line)), ...is.filter((line) => !was.includes(line))];
};

const gone = async (pod: Sandbox): Promise<void> => {
  await a.text('ip', 'netns', 'delete', pod.pod);
  await until('nothing of the pod to be left', async () => (/vlan|iif/.test(await network()) ? undefined : true));
};

let branch: Awaited<ReturnType<typeof associateBranch>>;
const addressOf = (): string => branch.note.privateIp;
const gatewayOf = (): string => branch.note.subnetCidr.replace(/0\/\d+$/, '1');
const config = (prevResult: unknown, cniVersion = '1.1.0') => ({ config: { cniVersion, prevResult } });

test(
  'a daemon that is installed serves a pod with a branch ENI, over a restart and somebody who takes its rules away',
  async () => {
    await vpc.up('--scenario=trunk');
    branch = await associateBranch();
    await a.configure('ENABLE_POD_ENI=true', 'WARM_ENI_TARGET=0', 'MINIMUM_IP_TARGET=2');
    const notes = JSON.stringify({ 'default/db': [branch.note], 'default/last': [branch.note] });
    await a.run(['tee', '/etc/vpc-cni/pod-enis.json'], { input: notes });
    await a.install();
    await a.untilStatus(
      'no complaint of a trunk',
      ({ ready, conditions = [] }) => ready && conditions.every(({ code }) => code !== 'TRUNK_MISSING'),
    );
    const before = await network();

    const db = await makeSandbox(a, 'db');
    const { exitCode, document } = await callPlugin(a, 'ADD', db);
    const ips = [{ address: `${addressOf()}/32`, gateway: gatewayOf(), interface: 1 }];
    expect({ exitCode, document }).toMatchObject({ exitCode: 0, document: { ips } });
    expect(await a.text('ip', '-details', 'link', 'show', 'vlan.eth.7')).toContain('vlan protocol 802.1Q id 7');
    expect(await reached(addressOf())).toBe(true);
    const web = await makeSandbox(a, 'web');
    const ordinary = await callPlugin(a, 'ADD', web);
    expect(ordinary.exitCode).toBe(0);
    expect(JSON.stringify(ordinary.document)).not.toContain('"gateway"');
    expect(await callPlugin(a, 'DEL', web)).toMatchObject({ exitCode: 0 });
    await a.text('ip', 'netns', 'delete', 'web');
    await until('the pair of the other pod to be gone', async () =>
      (await network()).includes('eni') ? undefined : true,
    );

    const refused = await a.cli('handback', '--json');
    expect(refused.exitCode).toBe(1);
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: 'HANDBACK_BRANCH_PODS',
      message: expect.stringContaining(`default/db (${addressOf()})`),
    });

    const wired = await network();
    await a.stopDaemon();
    expect(await reached(addressOf())).toBe(true);
    await a.install();
    await a.untilStatus('to be ready again', ({ ready }) => ready);
    expect(await unlike(wired)).toEqual([]);
    await a.text('ip', 'rule', 'delete', 'priority', '10');
    await a.text('ip', 'link', 'delete', 'vlan.eth.7');
    await until('what was taken away to be back', async () => ((await unlike(wired)).length === 0 ? true : undefined), {
      last: () => wired,
    });
    expect(await reached(addressOf())).toBe(true);
    expect(await callPlugin(a, 'CHECK', db, config(document))).toMatchObject({ exitCode: 0 });
    expect(await callPlugin(a, 'DEL', db)).toMatchObject({ exitCode: 0 });
    await gone(db);
    expect(await unlike(before)).toEqual([]);
  },
  5 * MINUTES,
);

test(
  'uninstall takes a pod with a branch ENI off the host, and gives the table of its own addresses its place back',
  async () => {
    const last = await makeSandbox(a, 'last');
    expect(await callPlugin(a, 'ADD', last)).toMatchObject({ exitCode: 0 });
    expect(await a.text('ip', 'rule')).not.toMatch(/^0:/m);
    await a.uninstall();
    await gone(last);
    const rules = await a.text('ip', 'rule');
    expect(rules).not.toContain('proto 90');
    expect(rules).toMatch(/^0:\s+from all lookup local/m);
  },
  3 * MINUTES,
);

test(
  'a node of aws-node that has such a pod is taken over while the pod is talked to',
  async () => {
    const links = JSON.parse(await a.text('ip', '-json', 'link'));
    const trunk = links.find(({ address }: { address: string }) => address === branch.trunkMac)?.ifname ?? '';
    const pod = await makeSandbox(a, 'theirs');
    const theirs: AwsNodeBranchPod = {
      ...{ namespace: 'default', name: 'theirs', containerId: pod.containerId, netns: pod.pod, address: addressOf() },
      ...{ vlanId: VLAN, mac: branch.note.ifAddress, gateway: gatewayOf() },
      ...{ trunk, mode: 'strict' },
    };
    // Which uninstall has given back, and an aws-node that runs has set.
    await a.text('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    for (const { at, words } of awsNodeBranchSetup(theirs))
      await a.text('ip', ...(at === 'node' ? [] : ['-n', pod.pod]), ...words.split(' '));
    expect(await reached(addressOf())).toBe(true);
    const result = awsNodeBranchResult(theirs);
    const [kept, folder] = [keptResult({ ...theirs, netns: pod.netns }, result), '/var/lib/cni/results'];
    const adopt = (): ReturnType<typeof a.cli> => a.cli('adopt', '--json');
    const unknown = await adopt();
    expect(JSON.parse(unknown.stdout).error).toMatchObject({
      code: 'ADOPT_UNSUPPORTED',
      message: expect.stringContaining('no result in /var/lib/cni/results says which pod uses vlan.eth.7'),
    });
    await a.run(['tee', `${folder}/aws-cni-${pod.containerId}-eth0`], { input: kept });
    const talk = `echo $$ > /run/talk; exec ping -n -q -i 0.2 ${addressOf()}`;
    const talking = b.run(['sh', '-c', talk]);
    const taken = await adopt();
    await b.text('sh', '-c', 'kill -INT $(cat /run/talk)');
    const { stdout } = await talking;
    if (taken.exitCode !== 0) throw new Error(`adopt failed: ${taken.stdout}${taken.stderr}`);
    expect(JSON.parse(taken.stdout)).toMatchObject({ changed: true, pods: 1 });
    expect(stdout).toContain(', 0% packet loss');
    expect(await callPlugin(a, 'CHECK', pod, config(result, '0.4.0'))).toMatchObject({ exitCode: 0 });
    const other = await callPlugin(a, 'CHECK', { ...pod, containerId: 'other' }, config(result, '0.4.0'));
    expect(errorOf(other).msg).toContain('other');
    expect(await callPlugin(a, 'DEL', pod, config(result, '0.4.0'))).toMatchObject({ exitCode: 0 });
    await gone(pod);
  },
  5 * MINUTES,
);
