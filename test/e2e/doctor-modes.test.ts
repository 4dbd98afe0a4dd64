import { afterAll, beforeAll, setDefaultTimeout, test } from 'bun:test';
import { expectSound } from '../support/doctor.ts';
import { type E2eNode, freshVpc } from '../support/e2e.ts';
import { callPlugin, makeSandbox } from '../support/e2e-cni.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('dm');

interface Mode {
  readonly name: string;
  readonly settings: readonly string[];
  readonly plugins: readonly string[];
}

/** Ways of giving pods addresses that lay a host out in another way. */
const MODES: readonly Mode[] = [
  {
    name: 'pods with IPv6 addresses, and IPv4 by the node',
    settings: ['ENABLE_IPv4=false', 'ENABLE_IPv6=true', 'ENABLE_PREFIX_DELEGATION=true', 'WARM_PREFIX_TARGET=1'],
    plugins: ['aws-cni', 'egress-cni'],
  },
  {
    name: 'pods with IPv4 addresses, and IPv6 by the node',
    settings: ['ENABLE_V6_EGRESS=true'],
    plugins: ['aws-cni', 'egress-cni'],
  },
  {
    name: 'prefixes, a NAT gateway outside, smaller packets',
    settings: [
      ...[
        'ENABLE_PREFIX_DELEGATION=true',
        'WARM_PREFIX_TARGET=1',
        'AWS_VPC_K8S_CNI_EXTERNALSNAT=true',
        'AWS_VPC_ENI_MTU=1500',
        'POD_MTU=1400',
      ],
      'AWS_VPC_CNI_NODE_PORT_SUPPORT=false',
    ],
    plugins: ['aws-cni'],
  },
];

interface Plugin {
  readonly type: string;
}

/** A pod as a runtime makes it, by every plugin of the conflist that has to do with addresses. */
async function addPod(node: E2eNode, name: string, plugins: readonly string[]): Promise<void> {
  const conflist: { plugins: readonly Plugin[] } = JSON.parse(await node.text('cat', '/etc/cni/net.d/10-aws.conflist'));
  const pod = await makeSandbox(node, name);
  let prevResult: unknown;
  for (const plugin of plugins) {
    const found = conflist.plugins.find(({ type }) => type === plugin);
    const config = {
      ...found,
      name: 'aws-cni',
      cniVersion: '1.1.0',
      ...(prevResult === undefined ? {} : { prevResult }),
    };
    const answer = await callPlugin(node, 'ADD', pod, { plugin, config });
    if (answer.exitCode !== 0) throw new Error(`ADD by ${plugin} failed: ${JSON.stringify(answer)}`);
    prevResult = answer.document;
  }
}

beforeAll(async () => {
  await vpc.up('--scenario', 'ipv6');
});
afterAll(async () => {
  await vpc.down();
});

for (const [index, { name, settings, plugins }] of MODES.entries())
  test(`nothing is wrong about ${name}`, async () => {
    const node =
      index === 0
        ? vpc.node('node-a')
        : await vpc.addNode(`node-m${index}`, '--instance-type', 't3.medium', '--ipv6-addresses', '1');
    await node.configure(...settings);
    await node.install();
    for (const pod of ['p1', 'p2', 'p3']) await addPod(node, pod, plugins);
    await expectSound(node);
  });
