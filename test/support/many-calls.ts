/**
 * Serves forty pods at once and removes them, in the network namespace it is started in, which it fills with namespaces of
 * pods below the folder it is given. Says how many calls were answered between two turns of the loop, and what is left.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { parseIpv4, parseIpv4Cidr, parseMac } from '../../src/addr/index.ts';
import { metadataOnlyEc2 } from '../../src/aws/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { Attachments } from '../../src/ipamd/attachments.ts';
import { Leases } from '../../src/ipamd/egress/leases.ts';
import { Engine } from '../../src/ipamd/engine.ts';
import { NodeNetwork } from '../../src/ipamd/node-network.ts';
import type { Node } from '../../src/ipamd/parts.ts';
import { FREE_POLICY } from '../../src/ipamd/policy.ts';
import { Reaper } from '../../src/ipamd/reaper.ts';
import { Store } from '../../src/ipamd/store.ts';
import { listOwnRules, RouteSocket } from '../../src/kernel/index.ts';
import { createLogger } from '../../src/log/index.ts';
import { Pool } from '../../src/pool/index.ts';
import { createFiles, systemClock, systemExec } from '../../src/sys/index.ts';
import { SMALL, targets } from '../pool/sample.ts';

const PODS = 40;
const [directory = ''] = process.argv.slice(2);
const imds = { endpoint: '', get: async () => undefined, getBytes: async () => undefined, list: async () => [] };
const node: Node = {
  clock: systemClock,
  exec: systemExec,
  files: createFiles('/'),
  logger: createLogger({ level: 'error', program: 'test' }),
  socket: new RouteSocket(),
  settings: loadSettings({ env: { IP_COOLDOWN_PERIOD: '0' } }).settings,
  signal: new AbortController().signal,
  imds,
  ec2: metadataOnlyEc2(imds, 'i-1'),
  primaryLink: 'lo',
  limits: { ...SMALL, cards: [{ card: 0, maxEnis: 1 }], slotsPerEni: PODS, maxPods: PODS },
  targets: targets(1),
  identity: {
    ...{ instanceId: 'i-1', instanceType: 'm5.large', region: 'us-east-1', availabilityZone: 'us-east-1a' },
    ...{ vpcId: 'vpc-1', subnetId: 'subnet-1', subnetCidr: parseIpv4Cidr('10.0.1.0/24'), vpcCidrs: [] },
    ...{ primaryMac: parseMac('02:00:00:00:01:00'), primaryAddress: parseIpv4('10.0.1.5'), primaryEniId: 'eni-1' },
    securityGroups: [],
  },
};
const pool = new Pool();
const eni = {
  id: 'eni-1',
  card: 0,
  device: 0,
  table: 254,
  primary: true,
  subnetId: 'subnet-1',
  attachedAtMs: 0,
  efa: false,
};
pool.putEni(eni);
pool.addCidrs(
  eni.id,
  Array.from({ length: PODS }, (_, n) => `10.0.1.${n + 100}/32`),
);
const permits = { grow: false, shrink: false, freeEnis: false };
const engine = new Engine(node, new Store(node, `${directory}/state`), pool, {
  run: async () => {},
  changed: () => {},
  policy: () => ({ ...FREE_POLICY, permits }),
});
const network = new NodeNetwork(node, () => pool, {
  takesOver: false,
  leases: new Leases(node, `${directory}/egress`),
});
const parts = { leases: new Leases(node, `${directory}/egress`).load(), branches: network.branches };
const attachments = new Attachments(node, engine, { ...parts, reaper: new Reaper(node) });

function sandbox(n: number): string {
  const path = `${directory}/netns/${n}`;
  closeSync(openSync(path, 'wx'));
  const made = Bun.spawnSync(['unshare', `--net=${path}`, '--', 'true']);
  if (!made.success) throw new Error(made.stderr.toString());
  return path;
}

/** The most answers between two turns of the loop, while all these calls are served. */
async function mostPerTurn(calls: readonly Record<string, unknown>[]): Promise<number> {
  let [answered, before, most] = [0, 0, 0];
  let isOver = false;
  const look = (): void => {
    most = Math.max(most, answered - before);
    before = answered;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  const gone = new AbortController().signal;
  await Promise.all(
    calls.map(async (call) => {
      await attachments.serve(call, gone);
      answered += 1;
    }),
  );
  isOver = true;
  return most;
}

mkdirSync(`${directory}/netns`, { recursive: true });
const config = { cniVersion: '1.0.0', name: 'aws-cni', type: 'aws-cni' };
const calls = Array.from({ length: PODS }, (_, n) => ({
  ...{ plugin: 'aws-cni', containerId: `c${n}`, netns: sandbox(n), ifName: 'eth0', path: '/opt/cni/bin', config },
  args: `K8S_POD_NAMESPACE=prod;K8S_POD_NAME=pod-${n}`,
}));
const added = await mostPerTurn(calls.map((call) => ({ ...call, command: 'ADD' })));
const wired = listOwnRules(node.socket).length;
const deleted = await mostPerTurn(calls.map((call) => ({ ...call, command: 'DEL' })));
const left = listOwnRules(node.socket).length + pool.allocations().length;
process.stdout.write(JSON.stringify({ added, wired, deleted, left }));
process.exit(0);
