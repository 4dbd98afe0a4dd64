import { EC2Client } from '@aws-sdk/client-ec2';
import { type AccessSecret, createEc2Handler } from '../../../src/sim/ec2/index.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { smallVpc } from '../model/support.ts';

/** Who may call: a user for good, and a role for an hour. */
export const USER = { accessKeyId: 'AKIDUSER', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
export const ROLE = { accessKeyId: 'ASIAROLE', secretAccessKey: 'c2VjcmV0', sessionToken: 'token/with+signs==' };

/** A simulated EC2 that checks signatures, whose clock is the machine's and so much ahead. */
export interface SignedStage extends AsyncDisposable {
  readonly url: string;
  readonly region: string;
  client(credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }): EC2Client;
  /** The last request, to be sent again with something changed. */
  last(): { readonly headers: Headers; readonly body: string };
}

export function signedStage(options: { aheadMs?: number; roleEndsIn?: number } = {}): SignedStage {
  const { aheadMs = 0, roleEndsIn = 3_600_000 } = options;
  const vpc = smallVpc();
  const credentials = (key: string, now: number): AccessSecret | undefined => {
    if (key === USER.accessKeyId) return USER;
    return key === ROLE.accessKeyId ? { ...ROLE, expiresAt: now + roleEndsIn } : undefined;
  };
  const handle = createEc2Handler({
    vpc,
    credentials,
    clock: { ...systemClock, now: () => systemClock.now() + aheadMs },
  });
  let last = { headers: new Headers(), body: '' };
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      last = { headers: request.headers, body: await request.clone().text() };
      return handle(request);
    },
  });
  const url = `http://127.0.0.1:${server.port}/`;
  const clients: EC2Client[] = [];
  return {
    url,
    region: vpc.region,
    client: (given) => {
      const client = new EC2Client({ region: vpc.region, endpoint: url, credentials: given, maxAttempts: 1 });
      clients.push(client);
      return client;
    },
    last: () => last,
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      await server.stop(true);
    },
  };
}
