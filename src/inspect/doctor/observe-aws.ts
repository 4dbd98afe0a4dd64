import { answersWithoutToken, createImds, examineEc2, readIdentity } from '../../aws/index.ts';
import { ec2Access } from '../../config/index.ts';
import { toHostError } from '../../errors/index.ts';
import { readNotes } from '../explain/memory.ts';
import type { AwsFacts } from './aws.ts';
import type { NodePlace } from './observe-network.ts';

/** Both answer within milliseconds where they answer, and a person waits. */
const METADATA_MS = 1_000;
const EC2_MS = 1_200;

/** Asks the metadata service and EC2. Changes nothing; what does not answer is a fact like any other. */
export async function observeAws({ files, settings, run }: NodePlace): Promise<AwsFacts> {
  const notes = readNotes(files, settings, run);
  const access = ec2Access(settings);
  const imds = createImds({ endpoint: access.imdsEndpoint, timeoutMs: METADATA_MS });
  try {
    const [identity, withoutToken] = await Promise.all([readIdentity(imds), answersWithoutToken(imds)]);
    const { instanceId, subnetId, region } = identity;
    const heard = { kind: 'heard', instanceId, subnetId, withoutToken, notes } as const;
    if (settings.ENABLE_IMDS_ONLY_MODE) return heard;
    const about = { ...identity, ipv6: settings.ENABLE_IPv6, changes: !settings.DISABLE_NETWORK_RESOURCE_PROVISIONING };
    const ec2 = await examineEc2({ ...access, region, timeoutMs: Math.min(access.timeoutMs, EC2_MS) }, about);
    return { ...heard, ec2 };
  } catch (error) {
    return { kind: 'silent', reason: toHostError(error).message };
  }
}
