import { parseIpv4Cidr } from '../../src/addr/index.ts';
import { connectEc2, type Ec2 } from '../../src/aws/index.ts';
import { Dials } from '../../src/sim/dials/index.ts';
import { createEc2Handler } from '../../src/sim/ec2/index.ts';
import { type SimInstance, type SimSubnet, SimVpc } from '../../src/sim/model/index.ts';
import { type ImdsService, startImdsService } from './imds-service.ts';

const ROLE = '/latest/meta-data/iam/security-credentials/';
const VARIABLES = ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS_EC2_METADATA_V1_DISABLED'] as const;

/** A simulated VPC with one instance, its EC2 API on loopback, and role credentials from a metadata service. */
export interface SimulatedEc2 extends AsyncDisposable {
  readonly vpc: SimVpc;
  readonly dials: Dials;
  readonly subnet: SimSubnet;
  readonly instance: SimInstance;
  readonly imds: ImdsService;
  readonly ec2: Ec2;
  /** Where that API is. */
  readonly endpoint: string;
  /** EC2 actions that are carried out but whose answer the client never gets. */
  readonly losing: Set<string>;
}

/** Starts all of it; `credentials` false leaves the instance without a role. */
export function startSimulatedEc2(
  options: { readonly credentials?: false; readonly timeoutMs?: number; readonly instanceType?: string } = {},
): SimulatedEc2 {
  const vpc = new SimVpc({
    now: () => Date.now(),
    attachMs: 20,
    detachMs: 20,
    subnets: [{ cidr: parseIpv4Cidr('10.0.0.0/24') }, { cidr: parseIpv4Cidr('10.0.1.0/28') }],
  });
  const [subnet] = vpc.subnets();
  if (subnet === undefined) throw new Error('the VPC has no subnet');
  const { instanceType = 't3.small' } = options;
  const instance = vpc.runInstance({ name: 'node-a', instanceType, subnetId: subnet.id });
  const dials = new Dials();
  const stop = new AbortController();
  const handler = createEc2Handler({ vpc, dials, signal: stop.signal });
  const losing = new Set<string>();
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const action = new URLSearchParams(await request.clone().text()).get('Action') ?? '';
      const answer = await handler(request);
      // The client's own deadline ends its waiting.
      if (losing.has(action))
        await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
      return answer;
    },
  });
  const imds = startImdsService({ tree: options.credentials === false ? {} : roleCredentials() });
  const before = VARIABLES.map((name) => [name, process.env[name]] as const);
  const endpoint = `http://127.0.0.1:${server.port}`;
  const ec2 = connectEc2({
    region: vpc.region,
    endpoint,
    timeoutMs: options.timeoutMs ?? 5_000,
    imdsEndpoint: imds.endpoint,
  });
  return {
    vpc,
    dials,
    subnet,
    instance,
    imds,
    ec2,
    endpoint,
    losing,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await server.stop(true);
      await imds[Symbol.asyncDispose]();
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}

function roleCredentials(): Readonly<Record<string, string>> {
  return {
    [ROLE]: 'node-role',
    [`${ROLE}node-role`]: JSON.stringify({
      Code: 'Success',
      Type: 'AWS-HMAC',
      AccessKeyId: 'ASIASIMULATED',
      SecretAccessKey: 'simulated',
      Token: 'simulated',
      Expiration: '2099-01-01T00:00:00Z',
    }),
  };
}
