import {
  formatCidr,
  type Ipv4Address,
  type Ipv6Cidr,
  ipv6FromBigInt,
  ipv6ToBigInt,
  parseIpv4Cidr,
  parseIpv6Cidr,
} from '../../src/addr/index.ts';
import {
  createFabric,
  type DropReason,
  type Fabric,
  inNetnsArgv,
  nodeNetns,
  type VpcNames,
  vpcNames,
} from '../../src/sim/fabric/index.ts';
import { SimVpc } from '../../src/sim/model/index.ts';
import { createMachine, createStateDir, enterArgv, nodePaths, removeRemains } from '../../src/sim/node/index.ts';
import { inNetns, openNetns, systemExec } from '../../src/sys/index.ts';
import { instanceNamed } from './instance-named.ts';

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

/** How a world is. */
export interface WorldOptions {
  /** Gives the VPC, its subnets and device 0 of every node IPv6. */
  readonly ipv6?: boolean;
  readonly instanceType?: string;
  /** Node names by subnet; a1 and a2, b1 unless given. */
  readonly nodes?: readonly (readonly string[])[];
  /** Told what the kernel refused; unless given, `settled` throws it. */
  readonly onFailure?: (error: unknown) => void;
}

/** Builds a world. */
export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const { ipv6 = false, instanceType = 't3.small', nodes = [['a1', 'a2'], ['b1']] } = options;
  const names = vpcNames(freshVpcName());
  const vpc = new SimVpc({ now: () => Date.now(), ipv6 });
  for (const [index, zone] of ['us-east-1a', 'us-east-1b'].entries()) {
    const ipv6Cidr = ipv6 ? subnetIpv6(vpc, index) : undefined;
    vpc.createSubnet({ cidr: parseIpv4Cidr(`10.0.${index}.0/24`), availabilityZone: zone, ipv6Cidr });
  }
  const failures: unknown[] = [];
  const dispose = (): Promise<void> => removeRemains(systemExec, names);
  try {
    await createStateDir(systemExec, names);
    const kernel = await createFabric({
      exec: systemExec,
      names,
      model: vpc,
      netnsOf: (instance) => nodeNetns(names, instance.name),
      // Where the fabric could put right what the kernel refused, its plan was wrong all the same.
      onFailure: options.onFailure ?? ((error) => failures.push(error)),
    });
    vpc.observe((event) => kernel.follow(event));
    for (const [index, subnet] of vpc.subnets().entries())
      for (const name of nodes[index] ?? []) {
        await createMachine(systemExec, names, name);
        vpc.runInstance({ name, instanceType, subnetId: subnet.id, ipv6Count: ipv6 ? 1 : undefined });
      }
    const settled = async (): Promise<void> => {
      await kernel.settled();
      if (failures.length > 0) throw failures[0];
    };
    await settled();
    const fabric = { ...kernel, settled };
    return world({ names, vpc, fabric, dispose });
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** The /64 with this number in the VPC's block. */
function subnetIpv6(vpc: SimVpc, index: number): Ipv6Cidr {
  const [block] = vpc.ipv6Cidrs();
  if (block === undefined) throw new Error('the VPC has no IPv6');
  const base = ipv6ToBigInt(parseIpv6Cidr(formatCidr(block.cidr)).address);
  return { address: ipv6FromBigInt(base + (BigInt(index) << 64n)), prefixLength: 64 };
}

function world(parts: {
  readonly names: VpcNames;
  readonly vpc: SimVpc;
  readonly fabric: Fabric;
  readonly dispose: () => Promise<void>;
}): World {
  const { names, vpc, fabric, dispose } = parts;
  const instance = (node: string) => {
    const found = instanceNamed(vpc, node);
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
  const answer = await fetch(process.argv[1], { signal: AbortSignal.timeout(10_000) }).then((a) => a.text(), () => 'closed');
  process.stdout.write(answer);`;

/** What a server says to a caller inside a node (as which address it is seen), or `closed`. */
export function call(world: World, node: string, address: string): Promise<string> {
  return world.run(node, process.execPath, '-e', CALL, `http://${address}/`);
}

/** Packets the router has dropped, by reason. */
export async function drops(world: World): Promise<Readonly<Record<DropReason, number>>> {
  const { stdout } = await systemExec.run({
    argv: [...inNetnsArgv(world.names.routerNetns), 'nft', 'list', 'counters', 'table', 'inet', 'vpc_fabric'],
  });
  const counts = { spoofed: 0, unassigned: 0, unmapped: 0, denied_egress: 0, denied_ingress: 0, closed: 0 };
  for (const [, reason = '', packets] of stdout.matchAll(/counter (\w+) \{\s+packets (\d+)/g))
    Object.assign(counts, { [reason]: Number(packets) });
  return counts;
}
