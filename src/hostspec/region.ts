/** A place where somebody says in which region we are. */
export interface RegionClaim {
  readonly name: string;
  readonly region: string;
}

const AWS_DOMAINS = ['amazonaws.com', 'amazonaws.com.cn', 'api.aws', 'api.amazonwebservices.com.cn'] as const;
const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d+$/;

/** The region in the name of an AWS endpoint, such as `ec2.eu-west-1.amazonaws.com` or that of a VPC endpoint. */
export function regionOfEndpoint(url: string): string | undefined {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  if (!AWS_DOMAINS.some((domain) => host.endsWith(`.${domain}`))) return undefined;
  return host.split('.').find((label) => REGION.test(label));
}

/** Everybody who names a region: the environment of the SDK, and the names of other endpoints. */
export function regionClaims(input: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly endpoints: Readonly<Record<string, string>>;
}): readonly RegionClaim[] {
  const named = ['AWS_REGION', 'AWS_DEFAULT_REGION'].map((name) => ({ name, region: input.env[name]?.trim() }));
  const hosts = Object.entries(input.endpoints).map(([name, url]) => ({
    name: `${name}=${url}`,
    region: regionOfEndpoint(url),
  }));
  return [...named, ...hosts].flatMap(({ name, region }) =>
    region === undefined || region === '' ? [] : [{ name, region }],
  );
}
