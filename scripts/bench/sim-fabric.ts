import { parseIpv4Cidr } from '../../src/addr/index.ts';
import { createFabric, type Fabric, nodeNetns, vpcNames } from '../../src/sim/fabric/index.ts';
import { SimVpc } from '../../src/sim/model/index.ts';
import { createMachine, createStateDir, enterArgv, nodePaths, removeRemains } from '../../src/sim/node/index.ts';
import { systemExec } from '../../src/sys/index.ts';
import type { Measured } from './rows.ts';

const NODES = 20;
const CHANGES = 20;
const BUDGET = { nodeMs: 300, addressMs: 50 } as const;

/**
 * Measures the simulator's fabric, which needs root: one node with two ENIs after the other in one VPC, each of which
 * must then reach the first; and an address more on an ENI among them, until packets go there.
 */
export async function measureFabric(): Promise<readonly Measured[]> {
  const names = vpcNames(`b${process.pid.toString(36)}`);
  const vpc = new SimVpc({ now: () => Date.now(), subnets: [{ cidr: parseIpv4Cidr('10.0.0.0/20') }] });
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort(new Error('interrupted'));
  process.on('SIGINT', stop).on('SIGTERM', stop);
  await createStateDir(systemExec, names);
  try {
    const netnsOf = ({ name }: { readonly name: string }): string => nodeNetns(names, name);
    const fabric = await createFabric({ exec: systemExec, names, model: vpc, netnsOf });
    vpc.observe((event) => fabric.follow(event));
    const nodes: number[] = [];
    for (let n = 0; n < NODES; n += 1) {
      interrupted.signal.throwIfAborted();
      const start = performance.now();
      await createMachine(systemExec, names, `n${n}`);
      runNode(vpc, `n${n}`);
      await fabric.settled();
      nodes.push(performance.now() - start);
      await systemExec.run({ argv: [...enterArgv(nodePaths(names, `n${n}`)), 'ping', '-qc1', '-W5', '10.0.0.4'] });
    }
    return [
      { name: 'sim-node-up', ours: nodes, peer: [BUDGET.nodeMs], against: 'budget', unit: 'ms' },
      {
        name: 'sim-address-up',
        ours: await addAddresses(vpc, fabric),
        peer: [BUDGET.addressMs],
        against: 'budget',
        unit: 'ms',
      },
    ];
  } finally {
    await removeRemains(systemExec, names);
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

function runNode(vpc: SimVpc, name: string): void {
  const [subnet] = vpc.subnets();
  const interfaces = [{ deviceIndex: 1 }];
  vpc.runInstance({ name, instanceType: 'm5.4xlarge', subnetId: subnet?.id ?? '', interfaces });
}

async function addAddresses(vpc: SimVpc, fabric: Fabric): Promise<readonly number[]> {
  const took: number[] = [];
  const eniId = vpc.eniByAddress('10.0.0.4')?.id ?? '';
  for (let n = 0; n < CHANGES; n += 1) {
    const start = performance.now();
    vpc.assignAddresses({ eniId, count: 1 });
    await fabric.settled();
    took.push(performance.now() - start);
  }
  return took;
}
