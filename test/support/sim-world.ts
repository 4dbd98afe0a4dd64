import { readFileSync } from 'node:fs';
import { type Ipv4Address, parseIpv4Cidr } from '../../src/addr/index.ts';
import {
  createFabric,
  type Fabric,
  inNetnsArgv,
  nodeNetns,
  type VpcNames,
  vpcNames,
} from '../../src/sim/fabric/index.ts';
import { SimVpc } from '../../src/sim/model/index.ts';
import { createMachine, createStateDir, enterArgv, nodePaths, removeRemains } from '../../src/sim/node/index.ts';
import { createFiles, inNetns, openNetns, systemExec } from '../../src/sys/index.ts';

/** A model and its fabric with two nodes in subnet a and one in subnet b; removed when it goes out of scope. */
export interface World extends AsyncDisposable {
  readonly names: VpcNames;
  readonly vpc: SimVpc;
  readonly fabric: Fabric;
  addressOf(node: string): Ipv4Address;
  /** Attaches a new ENI with `secondaryCount` secondary addresses and waits for its link. */
  attach(node: string, deviceIndex: number, secondaryCount?: number): Promise<{ eniId: string; attachmentId: string }>;
  run(node: string, ...argv: [string, ...string[]]): Promise<string>;
}

let counter = 0;

/** A name no other test run uses. */
export function freshVpcName(): string {
  counter += 1;
  return `t${process.pid.toString(36)}x${counter}`;
}

/** Builds a world. */
export async function createWorld(): Promise<World> {
  const names = vpcNames(freshVpcName());
  const vpc = new SimVpc({
    now: () => Date.now(),
    subnets: [
      { cidr: parseIpv4Cidr('10.0.0.0/24'), availabilityZone: 'us-east-1a' },
      { cidr: parseIpv4Cidr('10.0.1.0/24'), availabilityZone: 'us-east-1b' },
    ],
  });
  const dispose = (): Promise<void> => removeRemains(systemExec, names);
  try {
    await createStateDir(systemExec, names);
    const fabric = await createFabric({
      exec: systemExec,
      layout: { names, vpcCidr: vpc.cidr, subnets: vpc.subnets().map((subnet) => subnet.cidr) },
      placement: {
        netnsOf: (instanceId) => nodeNetns(names, vpc.instance(instanceId).name),
        subnetCidr: (subnetId) => vpc.subnet(subnetId).cidr,
      },
    });
    vpc.observe((event) => fabric.follow(event));
    for (const [name, index] of [
      ['a1', 0],
      ['a2', 0],
      ['b1', 1],
    ] as const) {
      await createMachine(systemExec, names, name);
      vpc.runInstance({ name, instanceType: 't3.small', subnetId: vpc.subnets()[index]?.id ?? '' });
    }
    await fabric.settled();
    return world({ names, vpc, fabric, dispose });
  } catch (error) {
    await dispose();
    throw error;
  }
}

function world(parts: {
  readonly names: VpcNames;
  readonly vpc: SimVpc;
  readonly fabric: Fabric;
  readonly dispose: () => Promise<void>;
}): World {
  const { names, vpc, fabric, dispose } = parts;
  const instance = (node: string) => {
    const found = vpc.instanceByName(node);
    if (found === undefined) throw new Error(`no node ${node}`);
    return found;
  };
  return {
    names,
    vpc,
    fabric,
    addressOf(node) {
      const address = vpc.enisOf(instance(node).id)[0]?.addresses[0];
      if (address === undefined) throw new Error(`${node} has no address`);
      return address;
    },
    async attach(node, deviceIndex, secondaryCount = 0) {
      const { id, subnetId } = instance(node);
      const eni = vpc.createEni({ subnetId, secondaryCount });
      const attachment = vpc.beginAttach({ eniId: eni.id, instanceId: id, deviceIndex });
      vpc.completeAttach(attachment.id);
      await fabric.settled();
      return { eniId: eni.id, attachmentId: attachment.id };
    },
    async run(node, ...argv) {
      return (await systemExec.run({ argv: [...enterArgv(nodePaths(names, node)), ...argv] })).stdout;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** An HTTP server in a namespace that tells every caller the address it came from. */
export function serveCaller(netnsFile: string, address: string): Disposable {
  using netns = openNetns(netnsFile);
  const server = inNetns(netns, () =>
    Bun.serve({
      hostname: address,
      port: 80,
      fetch: (request, self) => new Response(self.requestIP(request)?.address),
    }),
  );
  return { [Symbol.dispose]: () => void server.stop(true) };
}

const CALL = `
  const answer = await fetch(process.argv[1], { signal: AbortSignal.timeout(1000) }).then((a) => a.text(), () => 'closed');
  process.stdout.write(answer);`;

/** What a server says to a caller inside a node (as which address it is seen), or `closed`. */
export function call(world: World, node: string, address: string): Promise<string> {
  return world.run(node, process.execPath, '-e', CALL, `http://${address}/`);
}

/** Makes a node use `source` towards `target`, whether or not the VPC knows that address there. */
export async function useSource(world: World, node: string, route: { source: string; target: string }): Promise<void> {
  const { source, target } = route;
  await world.run(node, 'ip', 'addr', 'replace', `${source}/32`, 'dev', 'lo');
  await world.run(node, 'ip', 'route', 'replace', `${target}/32`, 'via', '10.0.0.1', 'dev', 'eth0', 'src', source);
}

/** Packets the router has dropped for a reason (`spoofed`, `unmapped`). */
export async function dropped(world: World, reason: string): Promise<number> {
  const { stdout } = await systemExec.run({
    argv: [...inNetnsArgv(world.names.routerNetns), 'nft', 'list', 'counter', 'ip', 'vpc_fabric', reason],
  });
  return Number(/packets (\d+)/.exec(stdout)?.[1]);
}

/** State of the machine a simulator may touch, as text; simulated VPCs other than `own` that run meanwhile are left out. */
export async function machineState(own?: string): Promise<string> {
  const others = createFiles('/run/vpc-cni-sim')
    .list('/')
    .filter((vpc) => vpc !== own);
  const show = async (...argv: [string, ...string[]]): Promise<string> =>
    `$ ${argv.join(' ')}\n${(await systemExec.run({ argv })).stdout}`;
  const texts = [
    await show('ip', 'netns'),
    await show('ip', '-brief', 'link'),
    await show('ip', 'rule'),
    await show('ip', 'route', 'show', 'table', 'all'),
    await show('nft', 'list', 'ruleset'),
    readFileSync('/proc/self/mounts', 'utf8'),
  ];
  return texts
    .join('\n')
    .split('\n')
    .filter((line) => !others.some((vpc) => line.startsWith(`${vpc}-`) || line.includes(`/${vpc}`)))
    .join('\n');
}
