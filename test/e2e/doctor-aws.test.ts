import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { doctorOn, expectSound, meet, shell, type Trouble } from '../support/doctor.ts';
import { executable, freshVpc, until } from '../support/e2e.ts';
import { asOthers } from '../support/e2e-ec2.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('da');
const node = vpc.node('node-a');

const EC2 = '192.0.2.10';
const AWS = `aws --endpoint-url http://${EC2} --region us-east-1 ec2`;
const DOWN = /^fault DAEMON_DOWN: /;

/** What goes wrong on the way to AWS, broken on the node itself. */
const TROUBLES: readonly Trouble[] = [
  {
    name: 'a packet filter before the metadata service',
    breaks: 'iptables-nft --append OUTPUT --destination 169.254.169.254 --jump DROP',
    said: [/^fault METADATA_UNREACHABLE: the instance metadata service at http:\/\/169\.254\.169\.254 did not answer /],
    mends: 'iptables-nft --flush OUTPUT',
    printed: 'packet filters',
  },
  {
    name: 'no way to EC2',
    breaks: `ip route add unreachable ${EC2}`,
    said: [/^fault ENDPOINT_UNREACHABLE: EC2 gave no clear answer to \w+: /],
    mends: `ip route delete unreachable ${EC2}`,
    printed: 'look at DNS, route,',
  },
  {
    name: 'a hop limit that keeps metadata from pods',
    breaks: `${AWS} modify-instance-metadata-options --http-put-response-hop-limit 1 --instance-id $(hostname)`,
    said: [/^note IMDS_HOP_LIMIT: the hop limit of i-[0-9a-f]+ is 1$/],
    mends: `${AWS} modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id $(hostname)`,
    printed: 'modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id ID',
  },
  {
    name: 'metadata without a token',
    breaks: `${AWS} modify-instance-metadata-options --http-tokens optional --instance-id $(hostname)`,
    said: [/^warning IMDS_V1_ALLOWED: a read without a token was answered$/],
    mends: `${AWS} modify-instance-metadata-options --http-tokens required --instance-id $(hostname)`,
    printed: 'modify-instance-metadata-options --http-tokens required --instance-id ID',
  },
];

/** Waits for what the simulator's clock or dials have changed to be gone again. */
const untilSound = (): Promise<true> =>
  until('a sound node', async () => ((await doctorOn(node)).said.length === 0 ? true : undefined));

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--attach-ms', '200');
  await node.install();
  await vpc.json('pod', 'add', 'node-a', 'web-1', 'web-2', 'web-3', 'web-4');
  await expectSound(node);
});
afterAll(async () => {
  await vpc.down();
});

for (const trouble of TROUBLES)
  test(trouble.name, async () => {
    const { nodes } = await vpc.status();
    const script = (text: string): string => text.replaceAll('$(hostname)', nodes[0]?.instanceId ?? '');
    await meet(node, { ...trouble, breaks: script(trouble.breaks), mends: script(trouble.mends) });
    await expectSound(node);
  });

test('asking changes nothing: each action once, and none of the pool is carried out', async () => {
  await vpc.forgetCalls();
  await expectSound(node);
  const calls = (await vpc.ec2Calls('node-a')).map(({ action, code }) => `${action} ${code}`).sort();
  // Before the right to it the simulator looks at what would be done; EC2 does so after.
  expect(calls).toEqual([
    'AssignPrivateIpAddresses PrivateIpAddressLimitExceeded',
    'AttachNetworkInterface DryRunOperation',
    'CreateNetworkInterface DryRunOperation',
    'CreateTags DryRunOperation',
    'DeleteNetworkInterface DryRunOperation',
    'DescribeInstances OK',
    'DescribeNetworkInterfaces OK',
    'DescribeSubnets OK',
    'ModifyNetworkInterfaceAttribute DryRunOperation',
    'UnassignPrivateIpAddresses InvalidParameterValue',
  ]);
});

test('each right that the role lacks', async () => {
  await vpc.dial('AttachNetworkInterface', '--deny');
  await meet(node, {
    name: '',
    breaks: 'true',
    said: ['fault RIGHT_MISSING: ec2:AttachNetworkInterface is denied'],
    mends: 'true',
    printed: 'allow the action',
  });
  // A right that nothing of ours needs is no fault.
  await vpc.clearDials();
  await vpc.dial('DescribeInstances', '--deny');
  await expectSound(node);
  await vpc.clearDials();
});

test('keys that EC2 does not know', async () => {
  await vpc.dial('*', '--error', 'AuthFailure');
  await meet(node, {
    name: '',
    breaks: 'true',
    said: [/^fault CREDENTIALS_REFUSED: /],
    mends: 'true',
    printed: 'give the instance a profile with a role',
  });
  await vpc.clearDials();
  await expectSound(node);
});

test('a clock that differs from that of EC2, and not that signatures fail for it', async () => {
  await vpc.sim('clock', '--advance', '20m');
  const { exitCode, said } = await doctorOn(node);
  expect([exitCode, said]).toEqual([
    3,
    [expect.stringMatching(/^fault CLOCK_WRONG: it is 1(?:199|200|201) s behind the Date of EC2's answers$/)],
  ]);
  await vpc.sim('clock', '--set', new Date().toISOString());
  await untilSound();
});

test('a subnet without room', async () => {
  await vpc.client().setSubnet('us-east-1a', { strangers: 'exhaust', leave: 3 });
  const { exitCode, said } = await doctorOn(node);
  expect([exitCode, said]).toEqual([
    0,
    [expect.stringMatching(/^warning SUBNET_NEARLY_FULL: subnet-[0-9a-f]+ has 3 free addresses$/)],
  ]);
  await vpc.client().setSubnet('us-east-1a', { strangers: 'release' });
  await expectSound(node);
});

test('a daemon that cannot get ready, for nobody tells it who the node is', async () => {
  await shell(node, 'iptables-nft --append OUTPUT --destination 169.254.169.254 --jump REJECT');
  process.kill(await node.daemonPid(), 'SIGKILL');
  await node.untilStatus('a daemon that starts', ({ phase, ready }) => phase === 'starting' && !ready);
  await meet(node, {
    name: '',
    breaks: 'true',
    said: [/^fault DAEMON_NOT_READY: .*instance metadata/, /^fault METADATA_UNREACHABLE: /],
    mends: 'iptables-nft --flush OUTPUT',
    printed: 'packet filters',
  });
  await untilSound();
});

test('a boot stage that would stop, for the environment names another region', async () => {
  const { exitCode, stdout } = await node.run(['env', 'AWS_REGION=eu-west-1', executable(), 'doctor', '--json']);
  const { findings }: { findings: readonly { code: string; evidence: string }[] } = JSON.parse(stdout);
  expect([exitCode, findings.map(({ code, evidence }) => `${code}: ${evidence}`)]).toEqual([
    3,
    [expect.stringMatching(/^BOOT_STAGE_STOPPED: WRONG_REGION: AWS_REGION says region eu-west-1, but /)],
  ]);
  await expectSound(node);
});

test('an ENI that would outlive the node', async () => {
  await node.stopDaemon();
  const status = await vpc.status();
  const instanceId = status.nodes[0]?.instanceId ?? '';
  const enis = await asOthers(status, 'node-a', (ec2) => ec2.describeEnis({ instanceId }));
  const eni = enis.find(({ attachment }) => attachment?.deviceIndex === 1);
  const change = `--network-interface-id ${eni?.id} --attachment AttachmentId=${eni?.attachment?.id},DeleteOnTermination=false`;
  await meet(
    node,
    {
      name: '',
      breaks: `${AWS} modify-network-interface-attribute ${change}`,
      said: [`warning ENI_OUTLIVES_NODE: ${eni?.id}, device 1`],
      mends: 'vpc-cni install',
    },
    [DOWN],
  );
  await untilSound();
});

test('an address and an ENI that EC2 took away', async () => {
  await node.stopDaemon();
  const status = await vpc.status();
  const instanceId = status.nodes[0]?.instanceId ?? '';
  const pods = await vpc.json<readonly { pod: string; addresses: readonly string[] }[]>('pod', 'list', 'node-a');
  const taken = await asOthers(status, 'node-a', async (ec2) => {
    const enis = await ec2.describeEnis({ instanceId });
    const second = enis.find(({ attachment }) => attachment?.deviceIndex === 1);
    const third = enis.find(({ attachment }) => attachment?.deviceIndex === 2);
    const address = second?.addresses.find((each) => pods.some(({ addresses }) => addresses.includes(each)));
    const pod = pods.find(({ addresses }) => address !== undefined && addresses.includes(address))?.pod;
    if (second === undefined || third?.attachment === undefined || address === undefined || pod === undefined)
      throw new Error(`no pod of ${JSON.stringify(pods)} is on ${JSON.stringify(second)}`);
    await ec2.unassignAddresses({ eniId: second.id, addresses: [address] });
    await ec2.detachEni({ attachmentId: third.attachment.id });
    return { pod, address, third };
  });
  await until('the link to be gone', async () =>
    (await shell(node, 'ip -o link')).includes(taken.third.mac) ? undefined : true,
  );
  await meet(
    node,
    {
      name: '',
      breaks: 'true',
      said: [
        `fault ENI_NOT_ATTACHED: ${taken.third.id}, device 2`,
        `fault ADDRESS_NOT_ON_ENI: default/${taken.pod} has ${taken.address}`,
      ],
      mends: 'vpc-cni install',
      printed: 'delete the pod; its controller makes another one',
    },
    [DOWN],
  );
  await vpc.json('pod', 'del', 'node-a', taken.pod);
  await untilSound();
});
