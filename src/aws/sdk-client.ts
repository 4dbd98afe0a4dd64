import type { EC2Client, EC2ClientConfig } from '@aws-sdk/client-ec2';
import type { Sdk } from './sdk.ts';
import type { Ec2Outcome } from './types.ts';

/** Where EC2 is and how long one request may take. */
export interface Ec2Options {
  readonly region: string;
  /** EC2's own endpoint of the region unless given. */
  readonly endpoint?: string | undefined;
  readonly timeoutMs: number;
  /** Where the SDK finds the credentials of the instance's role; the instance metadata service unless given. */
  readonly imdsEndpoint?: string | undefined;
  /** Credentials, switches and proxies for the SDK, under the names it reads from the environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Is told of every request, for the metrics. */
  readonly told?: (outcome: Ec2Outcome) => void;
}

/** The SDK and its client. */
export interface OpenClient {
  readonly sdk: Sdk;
  readonly client: EC2Client;
}

/** Sockets kept open to EC2: growth, shrink and a describe may be under way together. */
const MAX_SOCKETS = 8;

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY'] as const;

/** Loads the SDK and makes its client. Credentials come from the SDK's own chain; nothing is sent yet. */
export async function openClient(options: Ec2Options): Promise<OpenClient> {
  const { sdk } = await import('./sdk.ts');
  return { sdk, client: new sdk.EC2Client(await clientConfig(options)) };
}

/** What a client of any service is made with. */
export async function clientConfig(options: Omit<Ec2Options, 'told'>) {
  const { environment = {}, timeoutMs } = options;
  for (const [name, value] of Object.entries(environment)) process.env[name] = value;
  pointCredentialsAt(options.imdsEndpoint);
  const proxied = PROXIES.some((name) => environment[name] !== undefined);
  return {
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    // The daemon owns the retries: one request here is one request in the call budget.
    maxAttempts: 1,
    defaultsMode: 'standard',
    customUserAgent: 'vpc-cni-host',
    requestHandler: proxied ? await proxyingHandler(timeoutMs) : direct(timeoutMs),
  } as const satisfies EC2ClientConfig;
}

function direct(timeoutMs: number): NonNullable<EC2ClientConfig['requestHandler']> {
  return {
    connectionTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    throwOnRequestTimeout: true,
    httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
  };
}

/** Bun's fetch asks the proxies of the environment and heeds NO_PROXY; its node:http, which the SDK uses, knows neither. */
async function proxyingHandler(timeoutMs: number): Promise<NonNullable<EC2ClientConfig['requestHandler']>> {
  const { FetchHttpHandler } = await import('@smithy/fetch-http-handler');
  return new FetchHttpHandler({ requestTimeout: timeoutMs });
}

/**
 * The SDK's instance-metadata provider takes its endpoint from the environment or from ~/.aws/config and from nowhere
 * else, and falls back to IMDSv1 unless the environment forbids it. So these two documented variables are set.
 */
function pointCredentialsAt(imdsEndpoint: string | undefined): void {
  process.env['AWS_EC2_METADATA_V1_DISABLED'] = 'true';
  if (imdsEndpoint !== undefined) process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = imdsEndpoint;
}
