import type { SimInstance } from '../model/index.ts';

/** Credentials of an instance's role in the spelling of the metadata service. */
export interface RoleCredentials {
  readonly Code: 'Success';
  readonly LastUpdated: string;
  readonly Type: 'AWS-HMAC';
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
  readonly Expiration: string;
}

const HOUR_MS = 3_600_000;

/** EC2 hands out credentials for six hours and renews them every hour. */
const LIFETIME_MS = 6 * HOUR_MS;

/**
 * Credentials that look as if they rotated: fresh every hour, always the same for one instance and hour. The access
 * key names the instance, so that the record of calls tells which node called EC2.
 */
export function roleCredentials(instance: SimInstance, now: number): RoleCredentials {
  const updated = Math.floor(now / HOUR_MS) * HOUR_MS;
  const text = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    Code: 'Success',
    LastUpdated: text(updated),
    Type: 'AWS-HMAC',
    AccessKeyId: accessKeyFor(instance.id),
    SecretAccessKey: 'simulated/simulated/simulated/simulated+',
    Token: Buffer.from(`simulated session of ${instance.id} at ${updated}`).toString('base64'),
    Expiration: text(updated + LIFETIME_MS),
  };
}

/** The access key of an instance's role: `ASIA` and the digits of the instance id. */
export function accessKeyFor(instanceId: string): string {
  return instanceId.replace(/^i-0/, 'ASIA').toUpperCase();
}
