import { chmodSync } from 'node:fs';
import { parseIpv4Cidr } from '../../addr/index.ts';
import type { Logger } from '../../log/index.ts';
import { systemClock, systemExec } from '../../sys/index.ts';
import { Dials } from '../dials/index.ts';
import { createEc2Handler } from '../ec2/index.ts';
import {
  createFabric,
  EC2_ADDRESS,
  IMDS_ADDRESS,
  INTERNET_ADDRESS,
  nodeNetns,
  type VpcNames,
} from '../fabric/index.ts';
import { createImdsHandler } from '../imds/index.ts';
import { SimVpc } from '../model/index.ts';
import { createAdminHandler } from './admin.ts';
import { listenIn, listenOnLoopback } from './listen.ts';
import { adminSocket, writeRecord } from './record.ts';
import { createSimulator } from './simulator.ts';

/** How a VPC is served. */
export interface ServeOptions {
  readonly names: VpcNames;
  readonly log: Logger;
  readonly attachMs: number;
  readonly detachMs: number;
  /** Ends the service. What is in the kernel stays for `sim down`. */
  readonly signal: AbortSignal;
}

const SUBNETS = [
  { cidr: parseIpv4Cidr('10.0.0.0/24'), availabilityZone: 'us-east-1a' },
  { cidr: parseIpv4Cidr('10.0.1.0/24'), availabilityZone: 'us-east-1b' },
] as const;

/** Serves a VPC until told to end: its APIs, its fabric, and orders over the admin socket, which is opened last. */
export async function serveVpc(options: ServeOptions): Promise<void> {
  const { names, log, attachMs, detachMs, signal } = options;
  writeRecord(names);
  const clock = systemClock;
  const dials = new Dials({ buckets: 'ec2' });
  const vpc = new SimVpc({ now: () => clock.now(), attachMs, detachMs, subnets: SUBNETS });
  const fabric = await createFabric({
    exec: systemExec,
    layout: { names, vpcCidr: vpc.cidr, subnets: vpc.subnets().map(({ cidr }) => cidr) },
    placement: {
      netnsOf: (instanceId) => nodeNetns(names, vpc.instance(instanceId).name),
      subnetCidr: (subnetId) => vpc.subnet(subnetId).cidr,
    },
    onFailure: (error) => log.error('the kernel did not follow the model', { error }),
  });
  vpc.observe((event) => {
    log.debug('the model changed', { event: event.kind, ...('eni' in event ? { eni_id: event.eni.id } : {}) });
    fabric.follow(event);
  });
  const ec2 = createEc2Handler({
    vpc,
    dials,
    clock,
    signal,
    onError: (error) => log.error('an EC2 request met a defect', { error }),
  });
  const imds = createImdsHandler({ vpc, dials, clock });
  using ec2Loopback = listenOnLoopback(ec2);
  using _ec2 = listenIn(names.internetNetns, EC2_ADDRESS, ec2);
  using _imds = listenIn(names.routerNetns, IMDS_ADDRESS, imds);
  using _echo = listenIn(names.internetNetns, INTERNET_ADDRESS, (_, caller) => new Response(`${caller}\n`));
  const adminUrl = `unix:${adminSocket(names)}`;
  using simulator = createSimulator({
    exec: systemExec,
    names,
    vpc,
    dials,
    fabric,
    imds,
    ec2Url: ec2Loopback.url,
    adminUrl,
  });
  const admin = Bun.serve({ unix: adminSocket(names), fetch: createAdminHandler(simulator) });
  // Its directory is 0700 already; this is the second lock.
  chmodSync(adminSocket(names), 0o600);
  log.info('serving', { vpc: names.vpc, ec2: ec2Loopback.url, admin: adminUrl });
  await ended(signal);
  await admin.stop(true);
  log.info('ended', { vpc: names.vpc });
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
