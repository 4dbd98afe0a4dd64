import { CREDENTIALS, ENDPOINTS } from './schema/aws.ts';
import { SETTING_KEYS, type Settings } from './schema.ts';

/** Switches that the SDK reads from the environment, besides the credentials. */
const SWITCHES = [
  'AWS_USE_FIPS_ENDPOINT',
  'AWS_USE_DUALSTACK_ENDPOINT',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
] as const;
const FOR_THE_SDK: readonly string[] = [...Object.keys(CREDENTIALS), ...SWITCHES];

// AWS_EC2_ENDPOINT and HTTP_TIMEOUT are names of aws-node alone.
const OTHERS_TOO = new Set<string>([
  ...Object.keys(CREDENTIALS),
  ...Object.keys(ENDPOINTS).filter((key) => key !== 'AWS_EC2_ENDPOINT' && key !== 'HTTP_TIMEOUT'),
  ...['KUBECONFIG', 'KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'],
]);

/** Reports whether other programs know the name as well: in an environment it need not be meant for us. */
export function isOthersToo(key: string): boolean {
  return OTHERS_TOO.has(key);
}

/** The environment in which the AWS SDK finds the credentials, endpoint switches and proxies of these settings. */
export function sdkEnvironment(settings: Settings): Readonly<Record<string, string>> {
  const entries = SETTING_KEYS.filter((key) => FOR_THE_SDK.includes(key)).flatMap((key) => {
    const value = settings[key];
    return value === '' || value === false ? [] : [[key, String(value)] as const];
  });
  return Object.fromEntries(entries);
}

/** How a service of AWS is reached with these settings: all but the region, which is the instance's own. */
export interface AwsAccess {
  readonly endpoint: string | undefined;
  readonly timeoutMs: number;
  readonly imdsEndpoint: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

const accessAt = (endpoint: string, settings: Settings): AwsAccess => ({
  endpoint: endpoint || undefined,
  timeoutMs: settings.HTTP_TIMEOUT * 1000,
  imdsEndpoint: settings.AWS_EC2_METADATA_SERVICE_ENDPOINT || undefined,
  environment: sdkEnvironment(settings),
});

/** How EC2 is reached. */
export const ec2Access = (settings: Settings): AwsAccess => accessAt(settings.AWS_ENDPOINT_URL_EC2, settings);

/** How CloudWatch is reached. */
export const cloudWatchAccess = (settings: Settings): AwsAccess =>
  accessAt(settings.AWS_ENDPOINT_URL_CLOUDWATCH, settings);
