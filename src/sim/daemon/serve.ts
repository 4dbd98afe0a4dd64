import { parseIpv4Cidr } from '../../addr/index.ts';
import type { Logger } from '../../log/index.ts';
import { systemClock, systemExec } from '../../sys/index.ts';
import { createSimClock } from '../clock/index.ts';
import { Dials } from '../dials/index.ts';
import { createEc2Handler } from '../ec2/index.ts';
import {
  EC2_ADDRESS,
  hasIpv6,
  IMDS_ADDRESS,
  INTERNET_ADDRESS,
  INTERNET_IPV6_ADDRESS,
  type VpcNames,
} from '../fabric/index.ts';
import { createImdsHandler } from '../imds/index.ts';
import { SimVpc } from '../model/index.ts';
import { createVpcViews } from '../view/index.ts';
import { listenForOrders } from './admin.ts';
import { type Answer, listenIn, listenOnLoopback } from './listen.ts';
import { createMachines, type Machines, NO_MACHINES } from './machines.ts';
import { readPlan, writeRecord } from './record.ts';
import { createSimulator } from './simulator.ts';
import { primaryAddress } from './view.ts';

/** How a VPC is served. What it is stands in the plan that `sim up` has written. */
export interface ServeOptions {
  readonly names: VpcNames;
  readonly log: Logger;
  /** Ends the service. What is in the kernel stays for `sim down`. */
  readonly signal: AbortSignal;
}

const SUBNETS = [
  { cidr: parseIpv4Cidr('10.0.0.0/24'), availabilityZone: 'us-east-1a' },
  { cidr: parseIpv4Cidr('10.0.1.0/24'), availabilityZone: 'us-east-1b' },
] as const;

/** Serves a VPC until told to end: its APIs, its fabric, and orders, which it takes last. Throws `SIM_PORT_TAKEN`. */
export async function serveVpc(options: ServeOptions): Promise<void> {
  const { names, log, signal } = options;
  writeRecord(names);
  const { apiOnly, ports, attachMs, detachMs } = readPlan(names);
  const clock = createSimClock(systemClock);
  const dials = new Dials({ buckets: 'ec2' });
  const vpc = new SimVpc({ now: () => clock.now(), attachMs, detachMs, subnets: SUBNETS });
  vpc.observe((event) =>
    log.debug('the model changed', { event: event.kind, ...('eni' in event ? { eni_id: event.eni.id } : {}) }),
  );
  const views = createVpcViews(vpc, () => clock.monotonic());
  const ec2 = createEc2Handler({
    vpc,
    dials,
    views,
    clock,
    signal,
    onError: (error) => log.error('an EC2 request met a defect', { error }),
  });
  const imds = createImdsHandler({ vpc, dials, views, clock });
  // Ports first: one that is taken must not leave a fabric to be undone.
  using ec2Face = listenOnLoopback({ face: 'the EC2 API', port: ports.ec2 }, (request) => ec2(request));
  using imdsFace = listenOnLoopback({ face: 'the metadata service', port: ports.imds }, (request) => {
    const [first] = vpc.instances();
    return imds(request, first === undefined ? '' : primaryAddress(vpc, first));
  });
  const machines: Machines = apiOnly
    ? NO_MACHINES
    : await createMachines({
        exec: systemExec,
        names,
        vpc,
        onFailure: (error) => log.error('the kernel did not follow the model', { error }),
      });
  using _inside = apiOnly ? undefined : listenInside(names, { ec2, imds });
  using simulator = createSimulator({
    names,
    mode: apiOnly ? 'api-only' : 'fabric',
    vpc,
    dials,
    clock,
    machines,
    imds,
    urls: () => ({ ec2: ec2Face.url, imds: imdsFace.url, admin: admin.url }),
  });
  using admin = listenForOrders(simulator, ports.admin);
  writeRecord(names, admin.url);
  log.info('serving', { vpc: names.vpc, ec2: ec2Face.url, imds: imdsFace.url, admin: admin.url });
  await ended(signal);
  log.info('ended', { vpc: names.vpc });
}

/** The faces at the addresses nodes know. */
function listenInside(names: VpcNames, faces: { readonly ec2: Answer; readonly imds: Answer }): Disposable {
  const stack = new DisposableStack();
  stack.use(listenIn(names.internetNetns, EC2_ADDRESS, faces.ec2));
  stack.use(listenIn(names.routerNetns, IMDS_ADDRESS, faces.imds));
  for (const address of [INTERNET_ADDRESS, ...(hasIpv6() ? [INTERNET_IPV6_ADDRESS] : [])])
    stack.use(listenIn(names.internetNetns, address, (_, caller) => new Response(`${caller}\n`)));
  return stack;
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
