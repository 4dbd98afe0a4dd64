import * as ec2 from '@aws-sdk/client-ec2';
import { ipv6NetworkOf, isIpv6, parseIpv4Cidr } from '../../../../src/addr/index.ts';
import { createEc2Handler, type InstanceHooks } from '../../../../src/sim/ec2/index.ts';
import { SimVpc } from '../../../../src/sim/model/index.ts';
import { manualClock } from '../support.ts';
import { need } from './story.ts';

/** What went over the wire last. */
export interface Exchange {
  /** The form the client sent. */
  readonly form: string;
  readonly headers: Headers;
  /** The XML that answered it. */
  readonly answer: string;
}

/** The simulated EC2 on a loopback port, in a VPC with IPv6, one node, and an ENI that hangs on nothing. */
export interface StoryStage extends AsyncDisposable {
  readonly vpc: SimVpc;
  readonly clock: ReturnType<typeof manualClock>;
  readonly client: ec2.EC2Client;
  readonly url: string;
  readonly subnet: string;
  readonly node: string;
  readonly spare: string;
  /** The last exchange. */
  last(): Exchange;
  /** Sends an action through the real SDK; answers with its output as JSON, without what is about the transport. */
  send(action: string, input: object): Promise<unknown>;
}

/** Equal from run to run: ids, MACs, addresses and times. */
export function storyStage(hooks: InstanceHooks = {}): StoryStage {
  const clock = manualClock();
  const vpc = new SimVpc({ ipv6: true, now: () => clock.now() });
  const block = need(vpc.ipv6Cidrs()[0]).cidr.address;
  const ipv6Cidr = isIpv6(block) ? ipv6NetworkOf({ address: block, prefixLength: 64 }) : undefined;
  const cidr = parseIpv4Cidr('10.0.1.0/24');
  const subnet = vpc.createSubnet({ cidr, ipv6Cidr, availabilityZone: 'us-east-1a', tags: { tier: 'pods' } }).id;
  const node = vpc.runInstance({ name: 'node-a', instanceType: 'm5.large', subnetId: subnet }).id;
  const spare = vpc.createEni({ subnetId: subnet }).id;
  const handle = createEc2Handler({ vpc, clock, ...hooks });
  let last: Exchange = { form: '', headers: new Headers(), answer: '' };
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const form = await request.clone().text();
      const response = await handle(request);
      last = { form, headers: request.headers, answer: await response.clone().text() };
      return response;
    },
  });
  const url = `http://127.0.0.1:${server.port}/`;
  const client = new ec2.EC2Client({
    region: vpc.region,
    endpoint: url,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  return {
    ...{ vpc, clock, client, url, subnet, node, spare },
    last: () => last,
    send: async (action, input) => {
      const command: unknown = Reflect.get(ec2, `${action}Command`);
      if (typeof command !== 'function') throw new Error(`the SDK has no ${action}Command`);
      const { $metadata: _, ...output } = await client.send(Reflect.construct(command, [input]));
      return JSON.parse(JSON.stringify(output));
    },
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await server.stop(true);
    },
  };
}
