/**
 * A program for a node's namespace: keeps the network of two ENIs and their pods as the daemon does, without EC2. Prints a
 * line `kind` for each repair and `! code` for a condition that has come.
 */
import { parseIpv4, parseIpv4Cidr, parseMac } from '../../src/addr/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { Conditions } from '../../src/ipamd/conditions.ts';
import { Drift } from '../../src/ipamd/drift/index.ts';
import { NO_LEASES } from '../../src/ipamd/egress/leases.ts';
import { NodeNetwork } from '../../src/ipamd/node-network.ts';
import type { Node } from '../../src/ipamd/parts.ts';
import { RouteSocket } from '../../src/kernel/index.ts';
import { createLogger } from '../../src/log/index.ts';
import { Pool } from '../../src/pool/index.ts';
import { createFiles, systemClock, systemExec } from '../../src/sys/index.ts';
import { startSimulatedEc2 } from '../aws/simulated-ec2.ts';
import { SMALL, targets } from '../pool/sample.ts';

/** What the test tells of its node. */
export interface DriftNode {
  readonly enis: readonly { readonly device: number; readonly mac: string; readonly address: string }[];
  readonly subnet: string;
  readonly vpc: string;
  readonly pods: readonly { readonly name: string; readonly address: string; readonly device: number }[];
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function run({ enis, subnet, vpc, pods }: DriftNode): Promise<void> {
  await using ec2 = startSimulatedEc2();
  using socket = new RouteSocket();
  const [primary] = enis;
  if (primary === undefined) throw new Error('no ENI');
  const node: Node = {
    clock: systemClock,
    exec: systemExec,
    files: createFiles('/'),
    logger: createLogger({ level: 'error', program: 'drift' }),
    socket,
    settings: loadSettings({ env: {} }).settings,
    signal: new AbortController().signal,
    imds: { endpoint: '', get: async () => undefined, getBytes: async () => undefined, list: async () => [] },
    ec2: ec2.ec2,
    primaryLink: 'eth0',
    limits: SMALL,
    targets: targets(1),
    identity: {
      ...{ instanceId: 'i-1', instanceType: 't3.small', region: 'r', availabilityZone: 'z', vpcId: 'vpc-1' },
      ...{ subnetId: 'subnet-1', subnetCidr: parseIpv4Cidr(subnet), securityGroups: [], primaryEniId: 'eni-0' },
      primaryMac: parseMac(primary.mac),
      primaryAddress: parseIpv4(primary.address),
      vpcCidrs: [parseIpv4Cidr(vpc)],
    },
  };
  const pool = new Pool();
  const network = new NodeNetwork(node, () => pool, { takesOver: false, leases: NO_LEASES });
  for (const { device, mac, address } of enis) {
    const table = device === 0 ? 254 : device + 1;
    const facts = { id: `eni-${device}`, card: 0, device, table, primary: device === 0, subnetId: 'subnet-1' };
    const cidrs = pods.filter((pod) => pod.device === device).map((pod) => `${pod.address}/32`);
    const attached = { mac: parseMac(mac), primaryAddress: parseIpv4(address), subnet: parseIpv4Cidr(subnet) };
    pool.putEni({ ...facts, attachedAtMs: 0, efa: false });
    pool.addCidrs(facts.id, cidrs);
    network.remember({
      facts: { ...facts, attachedAtMs: 0, efa: false },
      attached: { ...attached, attachmentId: `attach-${device}` },
      cidrs,
    });
  }
  for (const { name, address } of pods) {
    const owner = {
      network: 'aws-cni',
      containerId: `c-${name}`,
      ifName: 'eth0',
      podNamespace: 'default',
      podName: name,
    };
    pool.apply({ kind: 'assigned', address: parseIpv4(address), owner, since: 1n });
  }
  const conditions = new Conditions(node);
  new Drift({ node, network, conditions, repaired: print }).start();
  let told = '';
  for (;;) {
    const codes = conditions.list().map(({ error }) => error.code);
    if (codes.join() !== told) print(`! ${codes.join()}`);
    told = codes.join();
    await Bun.sleep(50);
  }
}

if (import.meta.main) await run(JSON.parse(process.argv[2] ?? ''));
