/**
 * The part of the daemon that serves pods, in the namespace it is started in: requests of plugins, one JSON document in a
 * line, come on stdin, and each gets its line on stdout. "repair" instead of one compares the kernel with what is wanted.
 */
import { parseIpv4, parseIpv4Cidr, parseIpv6, parseMac } from '../../../src/addr/index.ts';
import { metadataOnlyEc2 } from '../../../src/aws/index.ts';
import { loadSettings } from '../../../src/config/index.ts';
import { toHostError } from '../../../src/errors/index.ts';
import { PATHS } from '../../../src/hostspec/index.ts';
import { Attachments } from '../../../src/ipamd/attachments.ts';
import { Leases } from '../../../src/ipamd/egress/leases.ts';
import { Engine } from '../../../src/ipamd/engine.ts';
import { NodeNetwork } from '../../../src/ipamd/node-network.ts';
import type { Node } from '../../../src/ipamd/parts.ts';
import { FREE_POLICY } from '../../../src/ipamd/policy.ts';
import { Reaper } from '../../../src/ipamd/reaper.ts';
import { Store } from '../../../src/ipamd/store.ts';
import { describeStep, RouteSocket } from '../../../src/kernel/index.ts';
import { createLogger } from '../../../src/log/index.ts';
import { Pool } from '../../../src/pool/index.ts';
import { createFiles, systemClock, systemExec } from '../../../src/sys/index.ts';
import { SMALL, targets } from '../../pool/sample.ts';

const [directory = '', mode = '', withTrunk = '', before = ''] = process.argv.slice(2);
const subnet = parseIpv4Cidr('10.0.1.0/24');
const stop = new AbortController();
const imds = { endpoint: '', get: async () => undefined, getBytes: async () => undefined, list: async () => [] };
const node: Node = {
  clock: systemClock,
  exec: systemExec,
  files: createFiles('/'),
  logger: createLogger({ level: 'error', program: 'test' }),
  socket: new RouteSocket(),
  settings: loadSettings({
    env: {
      ...(mode === 'egress'
        ? { ENABLE_V6_EGRESS: 'true' }
        : { ENABLE_POD_ENI: 'true', POD_SECURITY_GROUP_ENFORCING_MODE: mode, POD_ENI_FILE: `${directory}/pods.json` }),
    },
  }).settings,
  signal: stop.signal,
  imds,
  ec2: metadataOnlyEc2(imds, 'i-1'),
  primaryLink: 'eth0',
  ...(mode === 'egress' ? { egress: { family: 'ipv6', nodeAddress: parseIpv6('2001:db8:1::5') } } : {}),
  limits: SMALL,
  targets: targets(1),
  identity: {
    instanceId: 'i-1',
    instanceType: 'm5.large',
    region: 'us-east-1',
    availabilityZone: 'us-east-1a',
    vpcId: 'vpc-1',
    subnetId: 'subnet-1',
    subnetCidr: subnet,
    primaryMac: parseMac('02:00:00:00:01:00'),
    primaryAddress: parseIpv4('10.0.1.5'),
    vpcCidrs: [],
    securityGroups: [],
    primaryEniId: 'eni-1',
  },
};
const permits = { grow: false, shrink: false, freeEnis: false };
const engine = new Engine(node, new Store(node, directory), new Pool(), {
  run: async () => {},
  changed: () => {},
  policy: () => ({ ...FREE_POLICY, permits }),
});
const leases = new Leases(node, `${directory}${PATHS.egress}`).load();
const network = new NodeNetwork(node, () => engine.pool, { takesOver: before === 'aws-node', leases });
if (withTrunk === 'trunk')
  network.branches.useTrunk({
    id: 'eni-2',
    mac: parseMac('02:00:00:00:01:02'),
    link: 'eth2',
    primaryAddress: parseIpv4('10.0.1.99'),
    subnet,
    table: 3,
    trunk: true,
  });
network.repair();
const attachments = new Attachments(node, engine, { leases, branches: network.branches, reaper: new Reaper(node) });

async function answer(line: string): Promise<unknown> {
  if (line === 'repair') return network.repair().map(describeStep);
  if (line === 'pods') return network.branches.pods.map(({ branch }) => branch.address);
  try {
    return (await attachments.serve(JSON.parse(line), new AbortController().signal)) ?? {};
  } catch (error) {
    const { code, message } = toHostError(error);
    return { code, message };
  }
}

for await (const line of console) process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
process.exit(0);
