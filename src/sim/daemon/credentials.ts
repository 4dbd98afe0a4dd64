import type { Credentials } from '../ec2/index.ts';
import type { RoleCredentialSource } from '../imds/index.ts';

/** Who may call EC2: the holder of one access key, and every node by the credentials of its role. */
export function credentialsOf(
  roles: RoleCredentialSource,
  own: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Credentials {
  return (accessKeyId, now) =>
    accessKeyId === own.accessKeyId ? { secretAccessKey: own.secretAccessKey } : roles.find(accessKeyId, now);
}
