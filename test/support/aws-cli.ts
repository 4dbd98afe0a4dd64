import { existsSync } from 'node:fs';

/** The AWS CLI as Debian and Fedora install it. */
const AWS = '/usr/bin/aws';

/** Why the CLI cannot be used here, or `undefined`. */
export const cliMissing = existsSync(AWS) ? undefined : `${AWS} is missing (Debian package awscli)`;

/** Who calls, and where. */
export interface CliCaller {
  readonly endpointUrl: string;
  readonly region: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
}

/** How a call ended: its JSON, or the sentence it failed with. */
export type CliResult =
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'failure'; readonly text: string };

/** Runs `aws ec2 WORDS` against an endpoint, with nothing of the machine's own configuration. */
export async function awsEc2(caller: CliCaller, words: readonly string[]): Promise<CliResult> {
  const { endpointUrl, region, accessKeyId = 'AKIDEXAMPLE', secretAccessKey = 'secret', sessionToken } = caller;
  const child = Bun.spawn([AWS, 'ec2', ...words, '--endpoint-url', endpointUrl, '--region', region], {
    env: {
      PATH: '/usr/bin:/bin',
      HOME: '/nonexistent',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
      AWS_PAGER: '',
      AWS_DEFAULT_OUTPUT: 'json',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) return { kind: 'failure', text: stderr.trim() };
  return { kind: 'answer', value: stdout.trim() === '' ? {} : JSON.parse(stdout) };
}

/** The CLI's name of an action: `assign-ipv6-addresses`. */
export function cliCommand(action: string): string {
  return action.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase();
}
