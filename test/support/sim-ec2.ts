import { EC2Client } from '@aws-sdk/client-ec2';

/** The real SDK's client of a simulator's EC2. It tries once unless told otherwise, so that a test sees each answer. */
export function ec2Client(
  endpoint: string,
  options: {
    readonly maxAttempts?: number;
    readonly region?: string;
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  } = {},
): EC2Client {
  const {
    maxAttempts = 1,
    region = 'us-east-1',
    credentials = { accessKeyId: 'TESTER', secretAccessKey: 'any' },
  } = options;
  return new EC2Client({ endpoint, region, maxAttempts, credentials });
}

/** What an attempt came to: what `show` makes of the answer, or the name of the error. */
export function outcome<T>(work: Promise<T>, show: (answer: T) => unknown = () => 'OK'): Promise<unknown> {
  return work.then(show, (error: unknown) => (error instanceof Error ? error.name : String(error)));
}
