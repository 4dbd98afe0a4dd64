import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { statSync } from 'node:fs';
import { type AwsNodePod, awsNodePodSetup, awsNodeVeth } from '../support/aws-node.ts';
import { type E2eNode, freshVpc, until } from '../support/e2e.ts';
import { callPlugin, makeSandbox } from '../support/e2e-cni.ts';
import { addRequest, delRequest, GrpcClient } from '../support/grpc.ts';

setDefaultTimeout(240_000);

const ADD = '/rpc.CNIBackend/AddNetwork';
const DEL = '/rpc.CNIBackend/DelNetwork';

const BRANCH = {
  ...{ eniId: 'eni-7', ifAddress: '02:00:00:00:03:07', privateIp: '10.0.3.7', vlanId: 7, subnetCidr: '10.0.3.0/24' },
};

const vpc = freshVpc('gc');
const a = vpc.node('node-a');
const b = vpc.node('node-b');
const socketOf = (node: E2eNode): string => `${node.paths.run}/aws-node/ipamd.sock`;

interface Given {
  readonly IPv4Addr: string;
  readonly DeviceNumber: number;
  readonly RouteTableId: number;
}

/** The addresses in the reply to a call that must have succeeded. */
async function given(client: GrpcClient, path: string, request: object): Promise<Given> {
  const answer = await client.call(path, request);
  expect(answer).toMatchObject({ kind: 'reply', reply: { Success: true } });
  const list: readonly Given[] = JSON.parse(
    JSON.stringify(answer.kind === 'reply' ? answer.reply['IPAllocationMetadata'] : []),
  );
  const [first] = list;
  if (first === undefined) throw new Error(`no address in ${JSON.stringify(answer)}`);
  return first;
}

async function ip(node: E2eNode, pod: AwsNodePod, steps: ReturnType<typeof awsNodePodSetup>): Promise<void> {
  for (const { at, words } of steps)
    await node.text('ip', ...(at === 'pod' ? ['-netns', pod.netns] : []), ...words.split(' '));
}

const answers = async (node: E2eNode, netns: string, address: string): Promise<boolean> =>
  (await node.inNetns(`/run/netns/${netns}`, 'ping', '-c', '1', '-W', '2', address)).exitCode === 0;

beforeAll(async () => {
  await vpc.up('--scenario', 'trunk', '--attach-ms', '300');
  await a.configure(
    ...['ENABLE_GRPC_COMPAT=true', 'VPC_CNI_VERSION=v1.23.1', 'IP_COOLDOWN_PERIOD=2', 'ENABLE_POD_ENI=true'],
  );
  await a.run(['tee', '/etc/vpc-cni/pod-enis.json'], { input: JSON.stringify({ 'default/db': [BRANCH] }) });
  await Promise.all([a.install(), b.install()]);
  await until('the gRPC socket', () => statSync(socketOf(a), { throwIfNoEntry: false }));
});
afterAll(async () => {
  await vpc.down();
});

test('the socket is where aws-node has it, for root and its group; a node that does not ask for it has none', () => {
  expect(statSync(socketOf(a)).mode & 0o777).toBe(0o660);
  expect(statSync(`${a.paths.run}/aws-node`).mode & 0o777).toBe(0o755);
  expect(statSync(socketOf(b), { throwIfNoEntry: false })).toBeUndefined();
});

test('the probe of aws-node and its policy agent are answered', async () => {
  using client = new GrpcClient(socketOf(a));
  const health = await client.call('/grpc.health.v1.Health/Check', { service: 'grpc.health.v1.aws-node' });
  expect(health).toEqual({ kind: 'reply', reply: { status: 1 } });
  const status = await a.status();
  expect(await client.call('/rpc.ConfigServerBackend/GetNetworkPolicyConfigs', {})).toMatchObject({
    reply: {
      NetworkPolicyMode: '',
      NodeIPv4: status?.instance?.primaryAddress,
      InstanceID: status?.instance?.id,
      Region: 'us-east-1',
    },
  });
});

test('a plugin of another release is told so', async () => {
  using client = new GrpcClient(socketOf(a));
  expect(await client.call(ADD, addRequest('old', { ClientVersion: 'v1.19.0' }))).toEqual({
    kind: 'status',
    code: 9,
    text: 'wrong client version "v1.19.0" (!= "v1.23.1")',
  });
});

test("a pod that upstream's plugin wires lives with it, through a restart of the daemon, and goes with it", async () => {
  using client = new GrpcClient(socketOf(a));
  const other = await makeSandbox(b, 'other');
  const { document } = await callPlugin(b, 'ADD', other);
  const [remote = ''] = /\d+\.\d+\.\d+\.\d+/.exec(JSON.stringify(document)) ?? [];

  // Pods without an interface, until the pool comes to an ENI that has a table of its own.
  const fillers: string[] = [];
  for (let index = 0; ; index += 1) {
    const name = `filler-${index}`;
    fillers.push(name);
    if ((await given(client, ADD, addRequest(name))).RouteTableId !== 254) break;
  }
  for (const [name, filler] of [
    ['second', fillers.at(-1)],
    ['first', fillers[0]],
  ] as const) {
    if (filler === undefined) throw new Error('no pod');
    const sandbox = await makeSandbox(a, name);
    const address = await given(client, ADD, addRequest(filler));
    expect(address.RouteTableId).toBe(address.DeviceNumber === 0 ? 254 : address.DeviceNumber + 1);
    const pod: AwsNodePod = {
      namespace: 'default',
      name: filler,
      containerId: `c-${filler}`,
      address: address.IPv4Addr,
      netns: sandbox.pod,
      table: address.RouteTableId,
    };
    await ip(a, pod, awsNodePodSetup(pod));
    expect(await answers(a, name, remote)).toBe(true);

    await a.stopDaemon();
    await a.install();
    await until('the gRPC socket of the next daemon', async () =>
      (await client.call('/grpc.health.v1.Health/Check', {})).kind === 'reply' ? true : undefined,
    );
    expect(await answers(a, name, remote)).toBe(true);
    // As the runtime asks again after a failure of its own.
    expect(await given(client, ADD, addRequest(filler))).toEqual(address);

    expect(await given(client, DEL, delRequest(filler))).toEqual(address);
    // The plugin's teardown, which comes after the answer.
    await a.text('ip', 'rule', 'delete', 'priority', '512', 'to', pod.address, 'table', 'main');
    if (pod.table !== 254)
      await a.text('ip', 'rule', 'delete', 'priority', '1536', 'from', pod.address, 'table', `${pod.table}`);
    await a.text('ip', 'link', 'delete', awsNodeVeth(pod));
    expect(await client.call(DEL, delRequest(filler))).toMatchObject({
      code: 2,
      text: expect.stringContaining('datastore: unknown pod'),
    });
    await a.untilStatus('the address to be free', ({ enis }) =>
      enis.some(({ addresses }) => addresses.some((use) => use.address === pod.address && use.state !== 'assigned')),
    );
    await until('no rule of the address to be left', async () =>
      (await a.text('ip', 'rule', 'show')).includes(`${pod.address} `) ? undefined : true,
    );
  }
});

/** A loopback port of the node, as a tool without much of HTTP asks. */
async function get(node: E2eNode, port: number, path: string): Promise<string> {
  const ask = String.raw`$s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or die; print $s "GET $ARGV[1] HTTP/1.0\r\n\r\n"; print while <$s>;`;
  const answer = await node.text('perl', '-MIO::Socket::INET', '-e', ask, `${port}`, path);
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

test('calls over gRPC are counted with the others, EC2 requests and the start are timed', async () => {
  const metrics = await get(a, 61678, '/metrics');
  expect(metrics).toContain('vpccni_cni_calls_total{command="DEL",code="ok"} 1');
  expect(metrics).toContain('vpccni_cni_calls_total{command="DEL",code="UNKNOWN"} 1');
  expect(metrics).toContain('awscni_ec2api_req_count{fn="DescribeNetworkInterfaces"} ');
  expect(metrics).toMatch(/^vpccni_ec2_request_seconds_count\{action="DescribeNetworkInterfaces",result="ok"\} \d+$/m);
  expect(metrics).toMatch(/^vpccni_boot_phase_seconds\{phase="serving"\} [\d.]+$/m);
  expect(metrics).toMatch(/^vpccni_ready_seconds 0\.\d+$/m);
});

test('introspection has the shape that the log collector of EKS reads', async () => {
  const paths = ['/v1/enis', '/v1/eni-configs', '/v1/networkutils-env-settings', '/v1/ipamd-env-settings'];
  for (const path of ['/', '/v1/nothing'])
    expect(JSON.parse(await get(a, 61679, path))).toEqual({ AvailableCommands: [...paths, '/dashboard'] });
  const enis = JSON.parse(await get(a, 61679, '/v1/enis'));
  const { pool, enis: known } = (await a.status()) ?? {};
  expect(enis).toMatchObject({ '0': { TotalIPs: pool?.total, AssignedIPs: pool?.assigned } });
  const ofPool = Object.values<{ ID: string; IsTrunk: boolean }>(enis['0'].ENIs).filter(({ IsTrunk }) => !IsTrunk);
  expect(ofPool.map(({ ID }) => ID).sort()).toEqual((known ?? []).map(({ id }) => id).sort());
  expect(Object.keys(enis['0'].ENIs)).toHaveLength(ofPool.length + 1);
  expect(JSON.parse(await get(a, 61679, '/v1/eni-configs'))).toBe('default');
});

test('a pod with security groups of its own is told its branch ENI and the link of the trunk', async () => {
  using client = new GrpcClient(socketOf(a));
  const { nodes } = await vpc.status();
  const trunkMac = nodes.find(({ name }) => name === 'node-a')?.enis.find(({ deviceIndex }) => deviceIndex === 1)?.mac;
  const links: readonly { ifindex: number; address: string }[] = JSON.parse(await a.text('ip', '-json', 'link'));
  const address = { IPv4Addr: '10.0.3.7', DeviceNumber: -1, RouteTableId: 0 };
  expect(await client.call(ADD, addRequest('db'))).toMatchObject({
    reply: {
      Success: true,
      IPAllocationMetadata: [address],
      PodVlanId: 7,
      PodENIMAC: '02:00:00:00:03:07',
      PodENISubnetGW: '10.0.3.1',
      ParentIfIndex: links.find((link) => link.address === trunkMac)?.ifindex,
    },
  });
  const { pool } = (await a.status()) ?? {};
  expect(await client.call(DEL, delRequest('db'))).toMatchObject({
    reply: { Success: true, IPAllocationMetadata: [address], PodVlanId: 7 },
  });
  expect((await a.status())?.pool.assigned).toBe(pool?.assigned);
});
