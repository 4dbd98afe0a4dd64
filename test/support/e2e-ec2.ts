import { connectEc2, type Ec2 } from '../../src/aws/index.ts';
import type { SimStatus } from '../../src/sim/index.ts';

const VARIABLES = ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS_EC2_METADATA_V1_DISABLED'] as const;

/** EC2 as somebody else in the account uses it, with the credentials of a node, for the time of `work`. */
export async function asOthers<T>(status: SimStatus, node: string, work: (ec2: Ec2) => Promise<T>): Promise<T> {
  const view = status.nodes.find(({ name }) => name === node);
  if (view === undefined) throw new Error(`no node ${node}`);
  const { region } = status.vpc;
  try {
    return await work(connectEc2({ region, endpoint: status.ec2, timeoutMs: 10_000, imdsEndpoint: view.imds }));
  } finally {
    // The SDK was pointed at the simulator by these; the nodes' own daemons must not inherit them.
    for (const name of VARIABLES) delete process.env[name];
  }
}
