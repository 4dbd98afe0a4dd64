import { EC2Client, EC2ServiceException } from '@aws-sdk/client-ec2';
import { Dials } from '../../../src/sim/dials/index.ts';
import { createEc2Handler, type Ec2HandlerOptions } from '../../../src/sim/ec2/index.ts';
import type { SimVpc } from '../../../src/sim/model/index.ts';
import type { Clock } from '../../../src/sys/index.ts';
import { smallVpc, subnetId } from '../model/support.ts';

/** A clock whose time passes only when told to. */
export function manualClock(): Clock & { advance(ms: number): Promise<void> } {
  let time = 1_700_000_000_000;
  let waiting: { readonly until: number; readonly wake: () => void }[] = [];
  return {
    now: () => time,
    monotonic: () => time,
    sleep: (ms) => new Promise((wake) => waiting.push({ until: time + ms, wake })),
    advance: async (ms) => {
      time += ms;
      const due = waiting.filter((one) => one.until <= time);
      waiting = waiting.filter((one) => one.until > time);
      for (const { wake } of due) wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** The simulated EC2 on a loopback port, one node in it, and the real SDK's client pointed at it. */
export interface Stage extends AsyncDisposable {
  readonly vpc: SimVpc;
  readonly dials: Dials;
  readonly clock: ReturnType<typeof manualClock>;
  readonly client: EC2Client;
  readonly url: string;
  readonly subnet: string;
  readonly node: string;
  readonly primary: string;
}

export function stage(options: Partial<Pick<Ec2HandlerOptions, 'vpc' | 'clock' | 'dials'>> = {}): Stage {
  const { vpc = smallVpc() } = options;
  const subnet = subnetId(vpc);
  const node = vpc.runInstance({ name: 'node-a', instanceType: 't3.small', subnetId: subnet }).id;
  const [dials, clock] = [new Dials(), manualClock()];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: createEc2Handler({ vpc, dials, clock, ...options }),
  });
  const url = `http://127.0.0.1:${server.port}/`;
  const client = new EC2Client({
    region: vpc.region,
    endpoint: url,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  return {
    ...{ vpc, dials, clock, client, url, subnet, node },
    primary: vpc.enisOf(node)[0]?.id ?? '',
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server.stop(true);
    },
  };
}

/** EC2's code and the HTTP status of the failure `run` ends with. */
export async function refusalOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    if (error instanceof EC2ServiceException) return `${error.name} ${error.$metadata.httpStatusCode}`;
    throw error;
  }
  return 'none';
}
