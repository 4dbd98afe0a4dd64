import { connectEc2, createImds, insist, readIdentity, removeEni } from '../aws/index.ts';
import { ec2Access } from '../config/index.ts';
import { ENI_TAG } from '../vpc/index.ts';
import { type Host, readSettings } from './host.ts';

const IMDS_MS = 10_000;
const TRIES = 8;

/**
 * Gives the addresses of the primary ENI back to EC2 and deletes the ENIs that we made on this instance; one without
 * our tag belongs to somebody else and stays.
 */
export async function returnToEc2(host: Host): Promise<void> {
  const settings = readSettings(host);
  const access = ec2Access(settings);
  const identity = await readIdentity(createImds({ endpoint: access.imdsEndpoint, timeoutMs: IMDS_MS }));
  const ec2 = connectEc2({ region: identity.region, ...access });
  // A throttled answer must not end the removal half-way: the daemon is gone by now, nobody else would go on.
  const keepAsking = <T>(ask: () => Promise<T>): Promise<T> => insist({ clock: host.clock, tries: TRIES }, ask);
  const enis = await keepAsking(() => ec2.describeEnis({ instanceId: identity.instanceId }));
  const eniId = identity.primaryEniId;
  const addresses = enis.find(({ id }) => id === eniId)?.addresses.slice(1) ?? [];
  if (addresses.length > 0) await keepAsking(() => ec2.unassignAddresses({ eniId, addresses }));
  // By tag, so that one which a crash left unattached goes too.
  const ours = await keepAsking(() => ec2.findEnis({ tags: { [ENI_TAG.instance]: identity.instanceId } }));
  const edges = { ec2, clock: host.clock };
  await Promise.all(ours.map((eni) => removeEni(edges, { eniId: eni.id, attachmentId: eni.attachment?.id })));
}
