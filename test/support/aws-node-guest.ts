import type { StatusDocument } from '../../src/cniproto/index.ts';
import {
  type AwsNodePod,
  awsNodeCheckpoint,
  awsNodeConflist,
  awsNodeEniSetup,
  awsNodeIptables,
  awsNodeMarkRule,
  awsNodeNftTable,
  awsNodePodSetup,
  awsNodeResult,
  type IpWords,
} from './aws-node.ts';
import type { CaseGuest, CasePod } from './case-guest.ts';
import { until } from './e2e.ts';
import { callPlugin } from './e2e-cni.ts';

const CHECKPOINT = '/var/run/aws-node/ipam.json';
const SOCKET = '/var/run/aws-node/ipamd.sock';
/** Nanoseconds that no double can hold. */
const SINCE = 1_764_460_800_000_000_123n;

/** The part of aws-node's daemon that shows that it lives: its name, its socket, its ports. It serves nobody. */
const IPAMD = `
use strict; use IO::Socket::UNIX; use IO::Socket::INET;
$0 = 'aws-k8s-agent';
unlink '${SOCKET}'; mkdir '/var/run/aws-node', 0755;
my @keep = (IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => '${SOCKET}', Listen => 5) || die 'socket');
push @keep, IO::Socket::INET->new(Listen => 5, LocalAddr => $_, ReuseAddr => 1) || die $_ for @ARGV;
sleep;
`;

/** How aws-node's packet rules are made. */
export type Filter = {
  readonly program: 'iptables-nft' | 'iptables-legacy';
  readonly connmark: 'iptables' | 'nftables';
};

/** A pod of aws-node on the guest, as the other helpers of a case take it. */
export type GuestAwsPod = AwsNodePod & CasePod & { readonly since: bigint };

/** A guest that is as aws-node leaves a node when its pod is taken off it: live pods, rules, files, checkpoint. */
export class AwsNodeGuest {
  readonly guest: CaseGuest;
  readonly pods: readonly GuestAwsPod[];

  readonly #spare: Pick<AwsNodePod, 'table' | 'address'>;

  private constructor(guest: CaseGuest, pods: readonly GuestAwsPod[], spare: Pick<AwsNodePod, 'table' | 'address'>) {
    this.guest = guest;
    this.pods = pods;
    this.#spare = spare;
  }

  /**
   * What aws-node does when it was started once more: two pods have come, the first one is gone. The second of the new
   * ones has an address that EC2 lists on no ENI as such, as one from a prefix.
   */
  async liveOn(): Promise<readonly [GuestAwsPod, GuestAwsPod]> {
    const [first, ...rest] = this.pods;
    const prefixed = { ...this.#spare, address: this.#spare.address.replace(/\d+$/, '250') };
    const added = [await wirePod(this.guest, 8, this.#spare), await wirePod(this.guest, 9, prefixed)] as const;
    await this.guest.text('ip', 'netns', 'delete', first?.name ?? '');
    await this.guest.machine.write(CHECKPOINT, awsNodeCheckpoint([...rest, ...added]));
    return added;
  }

  /** Two pods on the primary ENI and two on another one. What EC2 knows of them is left over from a life of our own. */
  static async start(guest: CaseGuest, filter: Filter): Promise<AwsNodeGuest> {
    const status = await leftOverEnis(guest);
    const { vpc } = await guest.vpc.status();
    const [primary, second] = status.enis;
    if (primary === undefined || primary.link === null || second?.link === undefined || second.link === null)
      throw new Error(`no two ENIs: ${JSON.stringify(status.enis)}`);
    await guest.text('sysctl', '-qw', 'net.ipv4.ip_forward=1', `net.ipv4.conf.${primary.link}.rp_filter=2`);
    const [gateway = ''] = /via ([\d.]+)/.exec(await guest.text('ip', 'route', 'show', 'default'))?.slice(1) ?? [];
    const subnet = /^(\S+\/(\d+)) dev/m.exec(await guest.text('ip', 'route', 'show', 'proto', 'kernel'));
    const eni = { link: second.link, address: second.primaryAddress, table: second.table, gateway };
    const place = { ...eni, subnet: subnet?.[1] ?? '', prefixLength: Number(subnet?.[2]) };
    for (const each of [...awsNodeEniSetup(place), awsNodeMarkRule]) await runIp(guest, each);
    const choices = [primary, primary, second, second].map((each, n) => ({
      table: each.table,
      address: each.addresses[n + 1]?.address ?? '',
    }));
    await guest.text('mkdir', '-p', '/run/netns');
    const pods: GuestAwsPod[] = [];
    for (const [n, place] of choices.entries()) pods.push(await wirePod(guest, n, place));
    const rules = { primaryLink: primary.link ?? '', primaryAddress: primary.primaryAddress, vpcCidr: vpc.cidr };
    await guest.run([`${filter.program}-restore`, '--noflush'], {
      input: awsNodeIptables({ ...rules, connmark: filter.connmark }),
    });
    if (filter.connmark === 'nftables') await guest.run(['nft', '-f', '-'], { input: awsNodeNftTable([vpc.cidr]) });
    await writeFiles(guest, pods);
    await guest.pristine();
    return new AwsNodeGuest(guest, pods, { table: second.table, address: second.addresses[4]?.address ?? '' });
  }

  /** aws-node's checkpoint as it is on the guest. */
  checkpoint(): Promise<string> {
    return this.guest.text('cat', CHECKPOINT);
  }

  /** Starts what shows that aws-node lives, with these ports as well as its socket. */
  async startIpamd(...addresses: readonly string[]): Promise<void> {
    const command = ['perl', '-e', IPAMD, ...addresses];
    await this.guest.text('systemd-run', '--unit=aws-node', '--service-type=exec', '--quiet', ...command);
    await until('aws-node to serve its socket', async () =>
      (await this.guest.machine.has(SOCKET)) ? true : undefined,
    );
  }

  /** Ends it; its socket stays behind, as upstream's does. */
  async stopIpamd(): Promise<void> {
    await this.guest.text('systemctl', 'stop', 'aws-node');
  }

  /** CHECK or DEL of a pod of aws-node as a runtime calls it: with the result it has kept. */
  call(command: 'CHECK' | 'DEL', pod: GuestAwsPod, cniVersion = '0.4.0') {
    const config = { cniVersion, prevResult: { ...awsNodeResult(pod), cniVersion } };
    return callPlugin(this.guest, command, pod, { config });
  }

  /** Pings that go on: between pods of each pair of ENIs, and from each ENI to the internet. */
  talk(internet: string): {
    readonly end: () => Promise<{ readonly answered: number; readonly lost: readonly string[] }>;
  } {
    const [a, b, c, d] = this.pods;
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('four pods talk');
    const ways = [
      { from: a, to: b.address },
      { from: a, to: c.address },
      { from: d, to: b.address },
      { from: c, to: d.address },
      { from: a, to: internet },
      { from: c, to: internet },
    ];
    const pings = ways.map(({ from, to }) => ({ way: `${from.pod} → ${to}`, ping: this.guest.ping(from, to, 0.01) }));
    return {
      end: async () => {
        const ends = await Promise.all(pings.map(async ({ way, ping }) => ({ way, ...(await ping.end()) })));
        return {
          answered: Math.min(...ends.map(({ answered }) => answered)),
          lost: ends.flatMap(({ way, lost }) => lost.map((n) => `${way} #${n}`)),
        };
      },
    };
  }
}

async function runIp(guest: CaseGuest, { words }: IpWords, netns?: string): Promise<void> {
  await guest.text('ip', ...(netns === undefined ? [] : ['-n', netns]), ...words.split(' '));
}

/** Makes a pod as aws-node does. */
async function wirePod(
  guest: CaseGuest,
  n: number,
  place: Pick<AwsNodePod, 'table' | 'address'>,
): Promise<GuestAwsPod> {
  const name = `web-${n}`;
  const pod = { namespace: 'default', name, netns: name, containerId: `sandbox-${name}`, ...place };
  await guest.text('ip', 'netns', 'add', name);
  for (const each of awsNodePodSetup(pod)) await runIp(guest, each, each.at === 'pod' ? name : undefined);
  return { ...pod, pod: name, netns: `/run/netns/${name}`, since: SINCE + BigInt(n) };
}

/** Has our own daemon attach a second ENI and takes it off again: what it asked of EC2 stays. */
async function leftOverEnis(guest: CaseGuest): Promise<StatusDocument> {
  const settings = '/etc/vpc-cni/conf.d/90-enis.env';
  await guest.machine.write(settings, 'MINIMUM_IP_TARGET=14\n');
  await guest.install();
  const status = await until('a second ENI', async () => {
    const text = await guest.text('vpc-cni', 'status', '--json');
    const { daemon }: { daemon: StatusDocument } = JSON.parse(text);
    const has =
      daemon.enis.length > 1 &&
      daemon.pool.pending === 0 &&
      daemon.enis.every(({ addresses }) => addresses.length > 4 && addresses.every(({ state }) => state === 'free'));
    return has ? daemon : undefined;
  });
  await guest.uninstall();
  await guest.text('rm', settings);
  return status;
}

async function writeFiles(guest: CaseGuest, pods: readonly GuestAwsPod[]): Promise<void> {
  for (const name of ['aws-cni', 'egress-cni']) {
    await guest.machine.write(`/opt/cni/bin/${name}`, `#!/bin/sh\necho "${name} of upstream" >&2\nexit 1\n`);
    await guest.text('chmod', '0755', `/opt/cni/bin/${name}`);
  }
  await guest.text('sh', '-c', 'cp /usr/lib/cni/* /opt/cni/bin/');
  await guest.machine.write('/etc/cni/net.d/10-aws.conflist', awsNodeConflist());
  await guest.machine.write(CHECKPOINT, awsNodeCheckpoint(pods));
  await guest.text('chmod', '0600', CHECKPOINT);
}

/** One allocation as the file of a checkpoint has it, its time as text. */
export interface WrittenAllocation {
  readonly networkName: string;
  readonly containerID: string;
  readonly ifName: string;
  readonly ipv4: string;
  readonly allocationTimestamp: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The allocations in a checkpoint, by container; a nanosecond survives only as text. */
export function allocationsIn(checkpoint: string): readonly WrittenAllocation[] {
  const exact = checkpoint.replaceAll(/"allocationTimestamp":(\d+)/g, '"allocationTimestamp":"$1"');
  const { allocations }: { allocations: readonly WrittenAllocation[] } = JSON.parse(exact);
  return allocations.toSorted((a, b) => (a.containerID < b.containerID ? -1 : 1));
}
