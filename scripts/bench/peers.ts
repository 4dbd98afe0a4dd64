import { DAEMON_SOCKET } from './daemon.ts';

/** A plugin as a runtime would call it. */
export interface Peer {
  readonly name: string;
  readonly executable: string;
  /** CNI_PATH: where the plugin finds those it calls itself. */
  readonly path: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** What it is told besides. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One sandbox and the answer its ADD got. */
export interface Pod {
  readonly id: string;
  readonly netns: string;
  readonly result?: unknown;
}

/** What one call cost: time, and processor time of its process and those it waited for. */
export interface Call {
  readonly ms: number;
  readonly cpuMs: number;
  readonly pod: Pod;
}

const CNI_VERSION = '1.0.0';

/** Where the measured link to our executable stands. */
export const OUR_FOLDER = '/run/vpc-cni-bench/bin';

/**
 * Our plugin with the options of the conflist we ship. Its link leads to the built file on disk, where a real node has
 * it: the file a simulated node installs lies on tmpfs, whose pages come in more and smaller pieces, while the peers'
 * files come from the disk.
 */
export const OURS: Peer = {
  name: 'ours',
  executable: `${OUR_FOLDER}/aws-cni`,
  path: '/opt/cni/bin',
  config: { cniVersion: CNI_VERSION, name: 'aws-cni', type: 'aws-cni', vethPrefix: 'eni', mtu: '9001' },
};

/** What the stock plugins are called here. */
export const STOCK = 'ptp';

/** The nearest stock plugins: a veth with a route, and addresses from files. No masquerading, so no iptables either. */
export function stockPeer(dataDir: string): Peer {
  const ranges = [[{ subnet: '10.250.0.0/16' }]];
  const ipam = { type: 'host-local', dataDir, ranges, routes: [{ dst: '0.0.0.0/0' }] };
  return {
    name: STOCK,
    executable: '/usr/lib/cni/ptp',
    path: '/usr/lib/cni',
    config: { cniVersion: CNI_VERSION, name: 'bench-ptp', type: 'ptp', ipMasq: false, mtu: 9001, ipam },
  };
}

type Command = 'ADD' | 'DEL';

// A runtime hands the result of the ADD to the DEL.
const configOf = (peer: Peer, pod: Pod): unknown =>
  pod.result === undefined ? peer.config : { ...peer.config, prevResult: pod.result };

/** Asks our daemon as our plugin does, without the process of a plugin; returns the pod with what an ADD answered. */
export async function callDaemon(command: Command, pod: Pod): Promise<Pod> {
  const { id, netns } = pod;
  const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME=${id}`;
  const call = { command, containerId: id, netns, ifName: 'eth0', args, path: OURS.path, plugin: 'aws-cni' };
  const answer = await fetch('http://localhost/cni/v1', {
    unix: DAEMON_SOCKET,
    method: 'POST',
    body: JSON.stringify({ ...call, config: configOf(OURS, pod) }),
    headers: { 'content-type': 'application/json', connection: 'close' },
  });
  return check(OURS, command, pod, { code: answer.ok ? 0 : answer.status, out: await answer.text() });
}

function invocation(peer: Peer, command: Command, pod: Pod) {
  const env = {
    ...peer.env,
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    CNI_COMMAND: command,
    CNI_CONTAINERID: pod.id,
    CNI_NETNS: pod.netns,
    CNI_IFNAME: 'eth0',
    CNI_PATH: peer.path,
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME=${pod.id}`,
  };
  const options = {
    env,
    stdin: Buffer.from(JSON.stringify(configOf(peer, pod))),
    stdout: 'pipe',
    stderr: 'pipe',
  } as const;
  return { argv: [peer.executable], options };
}

function check(peer: Peer, command: Command, pod: Pod, answer: { readonly code: number; readonly out: string }): Pod {
  const failed = (): Error => new Error(`${peer.name} ${command} ${pod.id} failed (${answer.code}): ${answer.out}`);
  if (answer.code !== 0) throw failed();
  if (command === 'DEL') return pod;
  const result: { ips?: readonly unknown[] } = JSON.parse(answer.out);
  if (result.ips === undefined || result.ips.length === 0) throw failed();
  return { ...pod, result };
}

/** Calls the plugin once; only its process is timed. */
export function callOnce(peer: Peer, command: Command, pod: Pod): Call {
  const { argv, options } = invocation(peer, command, pod);
  const started = performance.now();
  const { exitCode, stdout, resourceUsage } = Bun.spawnSync(argv, options);
  const ms = performance.now() - started;
  const cpuMs = Number(resourceUsage?.cpuTime.total ?? Number.NaN) / 1000;
  return { ms, cpuMs, pod: check(peer, command, pod, { code: exitCode, out: stdout.toString() }) };
}

/** Starts one call per pod at once; the time is that until the last has ended. */
export async function callTogether(
  peer: Peer,
  command: Command,
  pods: readonly Pod[],
): Promise<{ readonly ms: number; readonly pods: readonly Pod[] }> {
  const calls = pods.map((pod) => ({ pod, ...invocation(peer, command, pod) }));
  const started = performance.now();
  const children = calls.map(({ pod, argv, options }) => ({ pod, child: Bun.spawn(argv, options) }));
  await Promise.all(children.map(({ child }) => child.exited));
  const ms = performance.now() - started;
  const served = children.map(async ({ pod, child }) =>
    check(peer, command, pod, { code: child.exitCode ?? -1, out: await child.stdout.text() }),
  );
  return { ms, pods: await Promise.all(served) };
}
