/** Run in a network namespace of its own: makes the host's part of pods and times how long it takes to see that nothing differs. */
import { readlinkSync } from 'node:fs';
import { parseIpv4 } from '../../src/addr/index.ts';
import { JIT_SCALE } from '../../src/commands/ipamd.ts';
import {
  diffNetwork,
  type ObservedNetwork,
  podWiring,
  type Step,
  wantedHostNetwork,
} from '../../src/dataplane/index.ts';
import { wantedPods } from '../../src/ipamd/wanted-pods.ts';
import { applySteps, observeNetwork, RouteSocket } from '../../src/kernel/index.ts';
import { Pool } from '../../src/pool/index.ts';

const SAMPLES = 30;
const addressOf = (n: number) => parseIpv4(`10.1.${n >> 8}.${n & 255}`);

/** A process in another namespace, where the pods' own ends are; it ends with us. */
async function elsewhere(): Promise<number> {
  const { pid } = Bun.spawn(['unshare', '--net', 'sleep', '120'], { stdout: 'ignore', stderr: 'ignore' });
  const own = readlinkSync('/proc/self/ns/net');
  while (readlinkSync(`/proc/${pid}/ns/net`) === own) await Bun.sleep(1);
  return pid;
}

function populate(pool: Pool, socket: RouteSocket, count: number, pods: number): void {
  const own = { id: 'eni-1', card: 0, device: 1, table: 2, primary: false, subnetId: 's', attachedAtMs: 0, efa: false };
  pool.putEni(own);
  pool.addCidrs(
    own.id,
    Array.from({ length: count }, (_, n) => `${addressOf(n)}/32`),
  );
  const wirings = Array.from({ length: count }, (_, n) => {
    const pod = { network: 'aws-cni', containerId: `c${n}`, ifName: 'eth0' };
    const owner = { ...pod, podNamespace: 'default', podName: `pod-${n}` };
    pool.apply({ kind: 'assigned', address: addressOf(n), owner, since: 1n });
    const identity = { ...pod, namespace: owner.podNamespace, name: owner.podName };
    return podWiring({ pod: identity, address: addressOf(n), table: own.table, vethPrefix: 'eni', mtu: 9001 });
  });
  const script = wirings.map(
    ({ veth: { host, mtu } }, n) =>
      `link add ${host.name} address ${host.mac} mtu ${mtu} type veth peer name p${n} netns ${pods}`,
  );
  const made = Bun.spawnSync(['ip', '-batch', '-'], { stdin: Buffer.from(script.join('\n')) });
  if (!made.success) throw new Error(made.stderr.toString());
  for (const { hostSteps } of wirings) applySteps(socket, hostSteps);
}

/** Milliseconds of each look at so many pods: all of the kernel's state against all that is wanted. */
function measure(count: number, pods: number): readonly number[] {
  const pool = new Pool();
  using socket = new RouteSocket();
  populate(pool, socket, count, pods);
  const host = { primaryLink: 'lo', enis: [], externalServiceCidrs: [], mark: 0x80, mtu: 65536 };
  const plan = (observed: ObservedNetwork): readonly Step[] =>
    diffNetwork(
      {
        ...wantedHostNetwork(host),
        ...wantedPods({ pool, observed, eniLinks: [], vethPrefix: 'eni', takesOver: false }),
      },
      observed,
    );
  applySteps(socket, plan(observeNetwork(socket)));
  return Array.from({ length: SAMPLES }, () => {
    const began = performance.now();
    if (plan(observeNetwork(socket)).length > 0) throw new Error('something differs');
    return performance.now() - began;
  });
}

Bun.unsafe.setJITPolicy(JIT_SCALE);
const pods = await elsewhere();
try {
  console.log(JSON.stringify(measure(Number(process.argv[2]), pods)));
} finally {
  process.kill(pods);
}
