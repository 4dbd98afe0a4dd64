import { HostError } from '../../errors/index.ts';
import type { Logger } from '../../log/index.ts';
import { systemClock, systemExec } from '../../sys/index.ts';
import { isClockTime, type SimClock } from '../clock/index.ts';
import { createCloudWatchHandler, isCloudWatch } from '../cloudwatch/index.ts';
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
import { createImdsHandler, createRoleCredentials } from '../imds/index.ts';
import { SimFault, type SimVpc } from '../model/index.ts';
import { attachTimes, buildVpc, clockOf, type Scenario } from '../scenario/index.ts';
import { createVpcViews } from '../view/index.ts';
import { listenForOrders } from './admin.ts';
import { credentialsOf } from './credentials.ts';
import { type Answer, listenIn, listenOnLoopback } from './listen.ts';
import { createMachines, NO_MACHINES } from './machines.ts';
import { createNodeFaces } from './node-faces.ts';
import { createNodeNames } from './node-names.ts';
import { createNodes } from './nodes.ts';
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

/** Serves a VPC until told to end: its APIs, its fabric, and orders, which it takes last. Throws `SIM_PORT_TAKEN` or `SIM_START_FAILED`. */
export async function serveVpc(options: ServeOptions): Promise<void> {
  const { names, log, signal } = options;
  writeRecord(names);
  const { apiOnly, ports, scenario } = readPlan(names);
  const clock = clockOf(scenario, systemClock);
  if (!isClockTime(clock.now())) throw startFailure(names, 'the clock of its scenario is not between 1970 and 2999');
  const vpc = builtVpc(names, scenario, clock);
  const dials = new Dials({ buckets: 'ec2', seed: scenario.seed ?? 1 });
  vpc.observe((event) =>
    log.debug('the model changed', { event: event.kind, ...('eni' in event ? { eni_id: event.eni.id } : {}) }),
  );
  const failed = (what: string) => (error: unknown) => log.error(what, { error });
  const nodeNames = createNodeNames(names, vpc);
  const machines = apiOnly
    ? NO_MACHINES
    : await createMachines({
        exec: systemExec,
        names,
        vpc,
        nodes: nodeNames,
        onFailure: failed('the kernel did not follow the model'),
      });
  const nodes = createNodes({
    vpc,
    names: nodeNames,
    machines,
    clock,
    signal,
    onError: failed('a node did not follow'),
  });
  const views = createVpcViews(vpc, () => clock.monotonic());
  const times = attachTimes(scenario, vpc);
  const roles = createRoleCredentials({ secret: vpc.id });
  const ec2 = createEc2Handler({
    vpc,
    dials,
    views,
    clock,
    signal,
    ...nodes.hooks,
    ...times,
    ...(scenario.credentials === undefined ? {} : { credentials: credentialsOf(roles, scenario.credentials) }),
    onError: failed('an EC2 request met a defect'),
  });
  const cloudwatch = createCloudWatchHandler({
    ...{ vpc, dials, clock, signal, onError: failed('a CloudWatch request met a defect') },
    ...(scenario.credentials === undefined ? {} : { credentials: credentialsOf(roles, scenario.credentials) }),
  });
  const imds = createImdsHandler({ vpc, dials, views, clock, credentials: roles });
  // Every service of AWS is asked here; what one is meant stands in the request.
  const aws = (request: Request): Promise<Response> => (isCloudWatch(request) ? cloudwatch(request) : ec2(request));
  using ec2Face = listenOnLoopback({ face: 'the EC2 API', port: ports.ec2 }, (request) => aws(request));
  using imdsFace = listenOnLoopback({ face: 'the metadata service', port: ports.imds }, (request) => {
    const first = vpc.instances().find(({ state }) => state !== 'terminated');
    return imds(request, first === undefined ? '' : primaryAddress(vpc, first));
  });
  using _inside = apiOnly ? undefined : listenInside(names, { ec2: aws, imds });
  using faces = createNodeFaces({ vpc, imds, onError: failed('a node has no metadata on loopback') });
  const urls = () => ({ ec2: ec2Face.url, imds: imdsFace.url, admin: admin.url });
  const mode = apiOnly ? 'api-only' : 'fabric';
  const simulator = createSimulator({ names, mode, vpc, dials, times, clock, machines, nodes, nodeNames, faces, urls });
  using admin = listenForOrders(simulator, ports.admin);
  writeRecord(names, admin.url);
  log.info('serving', { vpc: names.vpc, ...urls() });
  await ended(signal);
  log.info('ended', { vpc: names.vpc });
}

/** What EC2 would refuse to build is the fault of the scenario, not a defect. */
function builtVpc(names: VpcNames, scenario: Scenario, clock: SimClock): SimVpc {
  try {
    return buildVpc(scenario, () => clock.now());
  } catch (error) {
    if (!(error instanceof SimFault)) throw error;
    throw startFailure(names, `${error.code}: ${error.message}`);
  }
}

const startFailure = (names: VpcNames, reason: string): HostError =>
  new HostError('SIM_START_FAILED', { name: names.vpc, reason });

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
