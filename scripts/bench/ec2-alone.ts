/**
 * Makes new ENIs for a node, all at once, by nothing but the calls it takes, and prints the milliseconds until their
 * links are there. It runs on that node.
 */
import { linkCount } from './sandbox.ts';
import { signedRequest } from './sim.ts';

/** One new ENI, as it was asked for once. */
export interface Chain {
  readonly create: Readonly<Record<string, string>>;
}

interface Plan {
  readonly chains: readonly Chain[];
  readonly instanceId: string;
}

/** That of every simulated VPC unless told. */
const REGION = 'us-east-1';
const POLL_MS = 1;
const PATIENCE_MS = 30_000;

async function ask(parameters: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(
    signedRequest({ url: process.env['AWS_ENDPOINT_URL_EC2'] ?? 'http://192.0.2.10', region: REGION, parameters }),
  );
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${parameters['Action']} failed: ${text}`);
  return text;
}

const idIn = (text: string, tag: string): string => new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(text)?.[1] ?? '';

async function makeEni({ instanceId }: Plan, { create }: Chain, deviceIndex: number): Promise<void> {
  // A token would bring back the ENI of the node that asked first.
  const { ClientToken: _, ...parameters } = create;
  const made = await ask({ ...parameters, Action: 'CreateNetworkInterface' });
  const NetworkInterfaceId = idIn(made, 'networkInterfaceId');
  const attached = await ask({
    ...{ Action: 'AttachNetworkInterface', NetworkInterfaceId, InstanceId: instanceId, DeviceIndex: `${deviceIndex}` },
  });
  await ask({
    ...{ Action: 'ModifyNetworkInterfaceAttribute', NetworkInterfaceId },
    'Attachment.AttachmentId': idIn(attached, 'attachmentId'),
    'Attachment.DeleteOnTermination': 'true',
  });
}

const plan: Plan = JSON.parse(process.argv[2] ?? '');
// The links of this namespace: lo, and one for each ENI.
const before = linkCount();
const started = performance.now();
await Promise.all(plan.chains.map((chain, index) => makeEni(plan, chain, before - 1 + index)));
while (linkCount() < before + plan.chains.length) {
  if (performance.now() - started > PATIENCE_MS) throw new Error('waited in vain for the links');
  await Bun.sleep(POLL_MS);
}
console.log(JSON.stringify(performance.now() - started));
