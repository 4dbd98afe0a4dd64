import { connectEc2, createImds, type Ec2, type EniDescription, readIdentity } from '../aws/index.ts';
import { HostError } from '../errors/index.ts';
import type { Clock } from '../sys/index.ts';
import { type Host, readSettings } from './host.ts';

// Set by the call that creates an ENI of ours; the same key as upstream's, so that its clean-up finds ours too.
const OWNER_TAG = 'node.k8s.amazonaws.com/instance_id';
// EC2 takes seconds to detach; a detach that hangs past this needs a person.
const DETACH_DEADLINE_MS = 60_000;
const POLL_MS = 500;
const IMDS_MS = 10_000;

async function awaitDetached(ec2: Ec2, clock: Clock, eniId: string): Promise<void> {
  const deadline = clock.monotonic() + DETACH_DEADLINE_MS;
  for (;;) {
    const eni = await ec2.describeEni({ eniId });
    if (eni === undefined || eni.attachment === undefined || eni.attachment.state === 'detached') return;
    if (clock.monotonic() >= deadline) {
      throw new HostError('EC2_FAILED', {
        action: 'DetachNetworkInterface',
        ec2Code: 'no end',
        reason: `${eniId} is still attached after ${DETACH_DEADLINE_MS / 1000} s`,
      });
    }
    await clock.sleep(POLL_MS);
  }
}

async function returnEni(ec2: Ec2, clock: Clock, eni: EniDescription): Promise<void> {
  if (eni.attachment !== undefined) await ec2.detachEni({ attachmentId: eni.attachment.id });
  await awaitDetached(ec2, clock, eni.id);
  await ec2.deleteEni({ eniId: eni.id });
}

/**
 * Gives the addresses of the primary ENI back to EC2 and deletes the ENIs that we made on this instance; one without
 * our tag belongs to somebody else and stays.
 */
export async function returnToEc2(host: Host): Promise<void> {
  const settings = readSettings(host);
  const imdsEndpoint = settings.AWS_EC2_METADATA_SERVICE_ENDPOINT;
  const identity = await readIdentity(createImds({ endpoint: imdsEndpoint, timeoutMs: IMDS_MS }));
  const ec2 = connectEc2({
    region: identity.region,
    endpoint: settings.AWS_ENDPOINT_URL_EC2 || undefined,
    timeoutMs: settings.HTTP_TIMEOUT * 1000,
    imdsEndpoint,
  });
  const enis = await ec2.describeEnis({ instanceId: identity.instanceId });
  const secondary = enis.find(({ id }) => id === identity.primaryEniId)?.addresses.slice(1) ?? [];
  if (secondary.length > 0) await ec2.unassignAddresses({ eniId: identity.primaryEniId, addresses: secondary });
  // By tag, so that one which a crash left unattached goes too.
  const ours = await ec2.findEnis({ tags: { [OWNER_TAG]: identity.instanceId } });
  await Promise.all(ours.map((eni) => returnEni(ec2, host.clock, eni)));
}
