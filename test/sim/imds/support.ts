import { Dials } from '../../../src/sim/dials/index.ts';
import { createEc2Handler, type Ec2HandlerOptions } from '../../../src/sim/ec2/index.ts';
import { createImdsHandler, type ImdsHandlerOptions } from '../../../src/sim/imds/index.ts';
import type { SimVpc } from '../../../src/sim/model/index.ts';
import { manualClock } from '../ec2/support.ts';
import { smallVpc, subnetId } from '../model/support.ts';

/** Both faces of one VPC on loopback ports; IMDS answers as the one node. */
export interface Stage extends AsyncDisposable {
  readonly vpc: SimVpc;
  readonly dials: Dials;
  readonly clock: ReturnType<typeof manualClock>;
  readonly node: string;
  readonly imds: string;
  readonly ec2: string;
  /** Reads a path with a token made for it; the status when that is not 200. */
  read(path: string): Promise<string>;
  token(ttl?: string): Promise<string>;
  /** The same for a request that comes from an address of the VPC. */
  readFrom(caller: string, path: string): Promise<string>;
}

export function stage(
  options: Partial<ImdsHandlerOptions> & {
    readonly launch?: Partial<Parameters<SimVpc['runInstance']>[0]>;
    readonly ec2Options?: Partial<Ec2HandlerOptions>;
  } = {},
): Stage {
  const { vpc = smallVpc(), launch, ec2Options, ...rest } = options;
  const subnetOne = subnetId(vpc);
  const node = vpc.runInstance({ name: 'node-a', instanceType: 't3.small', subnetId: subnetOne, ...launch }).id;
  const [dials, clock] = [new Dials(), manualClock()];
  const handler = createImdsHandler({ vpc, dials, clock, instanceId: node, ...rest });
  const hostname = '127.0.0.1';
  const metadata = Bun.serve({ port: 0, hostname, fetch: (request) => handler(request, hostname) });
  const api = Bun.serve({ port: 0, hostname, fetch: createEc2Handler({ vpc, dials, clock, ...ec2Options }) });
  const imds = `http://127.0.0.1:${metadata.port}`;
  const token = async (ttl = '300'): Promise<string> => {
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': ttl };
    const response = await fetch(`${imds}/latest/api/token`, { method: 'PUT', headers });
    return response.ok ? response.text() : String(response.status);
  };
  return {
    ...{ vpc, dials, clock, node, imds, token },
    ec2: `http://127.0.0.1:${api.port}/`,
    read: async (path) => {
      const headers = { 'x-aws-ec2-metadata-token': await token() };
      const response = await fetch(imds + path, { headers });
      return response.ok ? response.text() : String(response.status);
    },
    readFrom: async (caller, path) => {
      const byAddress = createImdsHandler({ vpc, ...rest });
      const asked = (url: string, init: RequestInit): Request => new Request(`http://169.254.169.254${url}`, init);
      const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
      const issued = await byAddress(asked('/latest/api/token', { method: 'PUT', headers }), caller);
      const response = await byAddress(
        asked(path, { headers: { 'x-aws-ec2-metadata-token': await issued.text() } }),
        caller,
      );
      return response.ok ? response.text() : String(response.status);
    },
    [Symbol.asyncDispose]: async () => {
      await metadata.stop(true);
      await api.stop(true);
    },
  };
}
