import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { INTERNET_IPV6_ADDRESS } from '../../src/sim/fabric/index.ts';
import { type E2eNode, freshVpc } from '../support/e2e.ts';
import { callPlugin, makeSandbox, type Sandbox } from '../support/e2e-cni.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('e6');
/** `node-a` was launched with a /80; `node-b` has to ask for one. */
const a = vpc.node('node-a');
const b = vpc.node('node-b');
const SETTINGS = [
  'ENABLE_IPv4=false',
  'ENABLE_IPv6=true',
  'ENABLE_V4_EGRESS=false',
  'ENABLE_PREFIX_DELEGATION=true',
  'WARM_PREFIX_TARGET=1',
  'IP_COOLDOWN_PERIOD=1',
];

interface Pod extends Sandbox {
  readonly address: string;
}

async function add(node: E2eNode, pod: string): Promise<Pod> {
  const sandbox = await makeSandbox(node, pod);
  const answer = await callPlugin(node, 'ADD', sandbox);
  if (answer.exitCode !== 0) throw new Error(`ADD failed: ${JSON.stringify(answer)}`);
  const { ips } = Object(answer.document);
  return { ...sandbox, address: String(ips[0].address).replace('/128', '') };
}

const reaches = async (node: E2eNode, { netns }: Sandbox, target: string): Promise<string> => {
  const argv = ['ping', '-6', '-n', '-q', '-c', '2', '-i', '0.1', '-W', '1', target] as const;
  const { stdout } = await node.inNetns(netns, ...argv);
  return `${target}: ${/(\d) received/.exec(stdout)?.[1] ?? 'none'} of 2`;
};

const nodeOf = async ({ name }: E2eNode) => {
  const view = (await vpc.status()).nodes.find((node) => node.name === name);
  if (view === undefined) throw new Error(`no node ${name}`);
  return view;
};

beforeAll(async () => {
  await vpc.up('--scenario', 'ipv6');
  await vpc.forgetCalls();
  for (const node of [a, b]) {
    await node.configure(...SETTINGS);
    await node.install();
  }
});
afterAll(async () => {
  await vpc.down();
});

test('a node with a /80 is ready without changing anything in EC2, one without asks for exactly one', async () => {
  const changes = async (node: E2eNode): Promise<readonly string[]> =>
    (await vpc.ec2Calls(node.name)).map(({ action }) => action).filter((action) => !action.startsWith('Describe'));
  expect([await changes(a), await changes(b)]).toEqual([[], ['AssignIpv6Addresses']]);
  const held = (await nodeOf(b)).enis.map(({ ipv6Prefixes }) => ipv6Prefixes.length);
  expect(held).toEqual([1]);
});

test('pods get addresses of the /80 and reach pods of both nodes, the nodes and the internet', async () => {
  const [one, two, three] = [await add(a, 'one'), await add(a, 'two'), await add(b, 'three')];
  const pods = [
    { node: a, pod: one },
    { node: a, pod: two },
    { node: b, pod: three },
  ];
  const [view, other] = [await nodeOf(a), await nodeOf(b)];
  const prefix = view.enis[0]?.ipv6Prefixes[0]?.replace('::/80', '') ?? 'none';
  expect(one.address.startsWith(prefix)).toBe(true);
  const targets = [
    ...pods.map(({ pod }) => pod.address),
    ...[view, other].flatMap(({ enis }) => enis[0]?.ipv6Addresses[0] ?? 'none'),
    INTERNET_IPV6_ADDRESS,
  ];
  for (const { node, pod } of pods) {
    // By itself a sandbox without a runtime reaches nothing: its lo is down.
    const others = targets.filter((target) => target !== pod.address);
    expect(await Promise.all(others.map((target) => reaches(node, pod, target)))).toEqual(
      others.map((target) => `${target}: 2 of 2`),
    );
  }
});
