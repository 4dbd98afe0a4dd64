import { connectEc2 } from '../../src/aws/index.ts';
import { toHostError } from '../../src/errors/index.ts';
import type { SimStatus } from '../../src/sim/index.ts';

/** An ENI holds its primary address and at most so many more. */
const MOST_SECONDARY = 49;
const VARIABLES = ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS_EC2_METADATA_V1_DISABLED'] as const;

/** Takes every free address of a node's subnet, as other users of the account would; gives them back when disposed of. */
export async function fillSubnet(status: SimStatus, node: string): Promise<AsyncDisposable> {
  const view = status.nodes.find(({ name }) => name === node);
  if (view === undefined) throw new Error(`no node ${node}`);
  const { subnetId } = view;
  const ec2 = connectEc2({
    region: status.vpc.region,
    endpoint: status.ec2,
    timeoutMs: 10_000,
    imdsEndpoint: view.imds,
  });
  const taken: string[] = [];
  for (let secondaryCount = MOST_SECONDARY; secondaryCount >= 0; ) {
    try {
      const request = { subnetId, securityGroups: [], tags: {}, description: 'somebody else' };
      taken.push(
        (
          await ec2.createEni({
            ...request,
            holding: { unit: 'address', count: secondaryCount },
            clientToken: crypto.randomUUID(),
          })
        ).id,
      );
    } catch (error) {
      if (toHostError(error).code !== 'SUBNET_NO_IPS') throw error;
      secondaryCount = secondaryCount === 0 ? -1 : Math.floor(secondaryCount / 2);
    }
  }
  // The SDK was pointed at the simulator by these; the nodes' own daemons must not inherit them.
  for (const name of VARIABLES) delete process.env[name];
  return {
    [Symbol.asyncDispose]: async () => {
      for (const eniId of taken) await ec2.deleteEni({ eniId });
    },
  };
}
