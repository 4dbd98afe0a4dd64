import { expect } from 'bun:test';
import { hostCidr, parseIpv4 } from '../../src/addr/index.ts';
import {
  diffNetwork,
  MAIN_TABLE,
  type PodIdentity,
  podLinkFinder,
  podRules,
  podUnwiring,
  podWiring,
  type Step,
  type WantedNetwork,
} from '../../src/dataplane/index.ts';
import { applySteps, checkPod, listOwnRules, observeNetwork, takenOverEnds } from '../../src/kernel/index.ts';
import {
  type AwsNodePod,
  awsNodeEniSetup,
  awsNodeMarkRule,
  awsNodePodSetup,
  awsNodeVeth,
} from '../support/aws-node.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { PRIMARY_ADDRESS, TestNode } from './pod-node.ts';

/** A node as aws-node has it: eth1 with its table, and a pod on each ENI. */
class AwsNode implements Disposable {
  readonly node = new TestNode();
  readonly spaces = [new TestNetns('a'), new TestNetns('b')] as const;
  readonly pods: readonly [AwsNodePod, AwsNodePod];

  constructor() {
    const { node, spaces } = this;
    const nothing = { links: [], addresses: [], routes: [], rules: [], podRules: [], podRoutes: [] };
    applySteps(node.socket, diffNetwork(nothing, observeNetwork(node.socket)));
    const pod = (name: string, address: string, table: number, netns: string): AwsNodePod => ({
      ...{ namespace: 'default', name, address, table, netns, containerId: `sandbox-${name}` },
    });
    this.pods = [pod('nginx', '10.0.1.20', 254, spaces[0].name), pod('sample', '10.0.1.90', 2, spaces[1].name)];
    const eth1 = {
      link: 'eth1',
      address: '10.0.1.77',
      prefixLength: 24,
      subnet: '10.0.1.0/24',
      gateway: '10.0.1.1',
      table: 2,
    };
    for (const { words } of [...awsNodeEniSetup(eth1), awsNodeMarkRule]) node.space.ip(words);
    for (const [index, each] of this.pods.entries()) {
      node.deliver(each.address, each.table === 254 ? 'eth0' : 'eth1');
      for (const { at, words } of awsNodePodSetup(each)) (at === 'node' ? node.space : spaces[index])?.ip(words);
    }
  }

  identity(index: 0 | 1): PodIdentity {
    const { namespace, name, containerId } = this.pods[index];
    return { network: 'aws-cni', ifName: 'eth0', namespace, name, containerId };
  }

  /** What the daemon wants when these are its pods. */
  wanted(idle: readonly string[] = []): WantedNetwork {
    const { links, foreignRoutes, routes } = observeNetwork(this.node.socket);
    const ends = this.pods.map(({ address }, index) => {
      const place = { address: parseIpv4(address), vethPrefix: 'eni', links, routes: [...routes, ...foreignRoutes] };
      return podLinkFinder(place)({ pod: this.identity(index === 0 ? 0 : 1), ...place });
    });
    return {
      ...this.node.wanted,
      podRules: this.pods.flatMap(({ address, table }) => podRules(parseIpv4(address), table)),
      podRoutes: this.pods.flatMap(({ address }, index) => {
        const link = ends[index]?.link;
        return link === undefined ? [] : [{ table: MAIN_TABLE, destination: hostCidr(parseIpv4(address)), link }];
      }),
      podAliases: ends.filter((end) => end !== undefined),
      takeOver: { idleAddresses: idle.map(parseIpv4) },
    };
  }

  steps(idle: readonly string[] = []): readonly Step[] {
    return diffNetwork(this.wanted(idle), observeNetwork(this.node.socket));
  }

  takeOver(idle: readonly string[] = []): number {
    const steps = this.steps(idle);
    applySteps(this.node.socket, steps);
    return steps.length;
  }

  rules(): readonly string[] {
    return lines(this.node.space.ip('-4 rule'));
  }

  [Symbol.dispose](): void {
    for (const space of this.spaces) space[Symbol.dispose]();
    this.node[Symbol.dispose]();
  }
}

const TAKEN_OVER = [
  '0: from all lookup local',
  '512: from all to 10.0.1.20 lookup main proto 90',
  '512: from all to 10.0.1.90 lookup main proto 90',
  '1024: from all fwmark 0x80/0x80 lookup main proto 90',
  '1536: from 10.0.1.90 lookup 2 proto 90',
  '32765: from 10.0.1.77 lookup 2 proto 90',
  '32766: from all lookup main',
  '32767: from all lookup default',
];

/** Pings every 2 ms while the work is done; tells how many of the 400 were answered. */
async function lostDuring(space: TestNetns, target: string, work: () => void): Promise<string> {
  const child = Bun.spawn(['ip', 'netns', 'exec', space.name, 'ping', '-n', '-q', '-i0.002', '-c400', '-W1', target], {
    stdout: 'pipe',
  });
  await Bun.sleep(200);
  work();
  await child.exited;
  const text = await new Response(child.stdout).text();
  return /(\d+) packets transmitted, (\d+) received/.exec(text)?.slice(1, 3).join(' sent, answered ') ?? text;
}

kernelTest('rules, routes and links of aws-node become ours, each once', () => {
  using aws = new AwsNode();
  expect(aws.rules().every((rule) => !rule.endsWith('proto 90'))).toBe(true);
  // In this order, and no address is touched: the pods of an ENI have their default route by it.
  const kinds = aws.steps().map(({ kind }) => kind);
  expect(kinds.filter((kind, at) => kind !== kinds[at - 1])).toEqual([
    'set-link',
    'replace-route',
    'add-rule',
    'remove-foreign-rule',
  ]);
  expect(aws.takeOver()).toBeGreaterThan(0);
  expect(aws.rules()).toEqual(TAKEN_OVER);
  const { space } = aws.node;
  expect(lines(space.ip('-4 -details route show table 2'))).toEqual([
    'unicast default via 10.0.1.1 dev eth1 proto 90 scope global',
    'unicast 10.0.1.1 dev eth1 proto 90 scope link',
  ]);
  const main = lines(space.ip('-4 -details route show table main'));
  const routes = aws.pods.map((pod) => `unicast ${pod.address} dev ${awsNodeVeth(pod)} proto 90 scope link`);
  expect(main.filter((line) => line.includes(' eni'))).toEqual(routes);
  expect(main.filter((line) => line.startsWith('unicast 10.0.1.0/24'))).toHaveLength(1);
  for (const pod of aws.pods)
    expect(space.ip(`link show ${awsNodeVeth(pod)}`)).toContain(
      `alias vpc-cni aws-cni ${pod.containerId} eth0 default/${pod.name} from aws-node`,
    );
  expect(aws.takeOver()).toBe(0);
});

kernelTest('a takeover loses no packet of pods that talk', async () => {
  using aws = new AwsNode();
  const [a, b] = aws.spaces;
  const lost = await Promise.all([
    lostDuring(a, '10.0.1.90', () => aws.takeOver()),
    lostDuring(b, '10.0.1.20', () => undefined),
    lostDuring(b, '10.0.1.1', () => undefined),
    lostDuring(b, String(PRIMARY_ADDRESS), () => undefined),
    lostDuring(a, '10.0.1.1', () => undefined),
  ]);
  expect(lost.filter((text) => text !== '400 sent, answered 400')).toEqual([]);
  expect(aws.takeOver()).toBe(0);
});

kernelTest('whatever an interrupted takeover left, the next one ends with each rule once', () => {
  using aws = new AwsNode();
  const { space } = aws.node;
  // Behind and in front of the foreign one, and more than one of either.
  space.ip('rule add priority 1536 from 10.0.1.90 table 2 protocol 90');
  space.ip('rule del priority 512 to 10.0.1.20 table main');
  space.ip('rule add priority 512 to 10.0.1.20 table main protocol 90');
  space.ip('rule add priority 512 to 10.0.1.20 table main');
  space.ip('rule add priority 32765 from 10.0.1.77 table 2 protocol static');
  aws.takeOver();
  expect(aws.rules().toSorted()).toEqual(TAKEN_OVER.toSorted());
  expect(aws.takeOver()).toBe(0);
});

kernelTest('rules that aws-node leaked for addresses of ours go; those of anybody else stay', () => {
  using aws = new AwsNode();
  const { space } = aws.node;
  for (const words of [
    'rule add priority 512 to 10.0.1.21 table main',
    'rule add priority 1536 from 10.0.1.21 table 3',
    'rule add priority 1536 from 10.0.1.90 table 3',
    'rule add priority 512 to 10.0.1.22 table main',
    'rule add priority 1536 from 10.0.1.21 iif eth0 table 3',
    'rule add priority 700 to 10.0.1.21 table main',
  ])
    space.ip(words);
  aws.takeOver(['10.0.1.21']);
  expect(aws.rules().filter((rule) => !TAKEN_OVER.includes(rule))).toEqual([
    '512: from all to 10.0.1.22 lookup main',
    '700: from all to 10.0.1.21 lookup main',
    '1536: from 10.0.1.21 iif eth0 lookup 3',
  ]);
});

kernelTest('CHECK passes for a pod that aws-node wired, and sees what is missing', () => {
  using aws = new AwsNode();
  aws.takeOver();
  const { socket, space } = aws.node;
  for (const index of [0, 1] as const) {
    const { address, table } = aws.pods[index];
    const pod = aws.identity(index);
    const netns = aws.spaces[index].netns;
    const place = { pod, address: parseIpv4(address), table, vethPrefix: 'eni', mtu: 9001 };
    const wiring = podWiring({ ...place, takenOver: takenOverEnds(socket, netns, pod) });
    expect(checkPod(socket, netns, wiring)).toBeUndefined();
  }
  const pod = aws.identity(1);
  const netns = aws.spaces[1].netns;
  const wiring = podWiring({
    ...{ pod, address: parseIpv4('10.0.1.90'), table: 2, vethPrefix: 'eni', mtu: 9001 },
    takenOver: takenOverEnds(socket, netns, pod),
  });
  aws.spaces[1].ip('route del default');
  expect(checkPod(socket, netns, wiring)).toBe('the pod lacks route 0.0.0.0/0 via 169.254.1.1');
  // A repeated ADD completes it and does not cut the pair.
  const before = space.ip('-o link');
  aws.node.wire(aws.spaces[1], wiring);
  expect(checkPod(socket, netns, wiring)).toBeUndefined();
  expect(space.ip('-o link')).toBe(before);
});

kernelTest('a further NIC that aws-node wired is found, made ours, passes CHECK and goes', () => {
  using aws = new AwsNode();
  const [, sample] = aws.pods;
  const { socket, space } = aws.node;
  const before = lines(space.ip('-4 rule'));
  const nic: AwsNodePod = { ...sample, address: '10.0.1.91', table: 10_101, nic: 1 };
  for (const { at, words } of awsNodePodSetup(nic)) (at === 'node' ? space : aws.spaces[1]).ip(words);
  const pod = { ...aws.identity(1), ifName: 'mNicIf1' };
  const place = { pod, address: parseIpv4(nic.address), vethPrefix: 'eni' };
  const { links, foreignRoutes } = observeNetwork(socket);
  const end = podLinkFinder({ links, routes: foreignRoutes })(place);
  expect(end).toEqual({
    link: awsNodeVeth(nic),
    alias: `vpc-cni aws-cni sandbox-sample mNicIf1 default/sample from aws-node`,
  });
  if (end !== undefined) applySteps(socket, [{ kind: 'set-link', ...end }]);
  const { netns } = aws.spaces[1];
  const wiring = podWiring({ ...place, table: 10_101, mtu: 9001, takenOver: takenOverEnds(socket, netns, pod) });
  applySteps(socket, wiring.hostSteps);
  expect(checkPod(socket, netns, wiring)).toBeUndefined();
  aws.spaces[1].ip('rule del priority 1');
  expect(checkPod(socket, netns, wiring)).toBe('the pod lacks rule 1: from 10.0.1.91/32 lookup 1');
  aws.node.wire(aws.spaces[1], wiring);
  expect(checkPod(socket, netns, wiring)).toBeUndefined();
  applySteps(socket, podUnwiring({ ...place, rules: podRules(place.address, 10_101), link: end?.link }));
  // What aws-node had made before it was ours stays here: the takeover of the node takes it away.
  const foreign = lines(space.ip('-4 rule')).filter((rule) => !before.includes(rule));
  expect(foreign).toEqual(['512: from all to 10.0.1.91 lookup main', '1536: from 10.0.1.91 lookup 10101']);
});

kernelTest('DEL of a pod that aws-node wired leaves nothing of it', () => {
  using aws = new AwsNode();
  aws.takeOver();
  const { socket, space } = aws.node;
  const address = parseIpv4('10.0.1.90');
  applySteps(socket, podUnwiring({ address, rules: podRules(address, 2), link: awsNodeVeth(aws.pods[1]) }));
  expect(listOwnRules(socket).some(({ from, to }) => [from, to].some((cidr) => cidr?.address === address))).toBe(false);
  expect(space.ip('-4 rule')).not.toContain('10.0.1.90');
  expect(space.ip('-4 route show table all')).not.toContain('10.0.1.90');
});
