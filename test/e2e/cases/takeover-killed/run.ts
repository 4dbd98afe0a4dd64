import { expect } from 'bun:test';
import { AwsNodeGuest, allocationsIn } from '../../../support/aws-node-guest.ts';
import type { CaseGuest } from '../../../support/case-guest.ts';

const INTERNET = '198.51.100.1';

/** Every pod reaches another one on each ENI, and the internet. */
async function unreached(aws: AwsNodeGuest): Promise<readonly string[]> {
  const targets = [aws.pods[0]?.address ?? '', aws.pods[3]?.address ?? '', INTERNET];
  const all = aws.pods.map((pod) => aws.guest.unreached(pod, ...targets.filter((to) => to !== pod.address)));
  return (await Promise.all(all)).flat();
}

/** Where the allocations are while nobody knows whose the node is: in one of the two checkpoints at least. */
async function knownPods(guest: CaseGuest): Promise<number> {
  const { stdout } = await guest.run(['sh', '-c', 'cat /run/vpc-cni/ipam.json || cat /var/run/aws-node/ipam.json']);
  return allocationsIn(stdout).length;
}

export default async function run(guest: CaseGuest): Promise<void> {
  const aws = await AwsNodeGuest.start(guest, { program: 'iptables-nft', connmark: 'nftables' });
  const before = allocationsIn(await aws.checkpoint());
  const adopted: number[] = [];
  // Each run gets a little further than the one before, so that the kills fall all along the way.
  for (let steps = 2; ; steps += 1) {
    const { kind } = await guest.killAfterStep(steps, 'adopt');
    expect(await unreached(aws)).toEqual([]);
    expect(await knownPods(guest)).toBe(4);
    if (kind === 'finished') break;
    adopted.push(steps);
  }
  guest.tell(`adopt was killed ${adopted.length} times`);
  expect(adopted.length).toBeGreaterThan(4);
  expect(JSON.parse(await guest.text('vpc-cni', 'adopt', '--json'))).toMatchObject({ changed: false, changes: [] });
  expect(await guest.install()).toMatchObject({ changed: false, changes: [] });

  const total = JSON.parse((await guest.run(['vpc-cni', 'handback', '--dry-run', '--json'])).stdout).changes.length;
  for (let steps = 1; steps <= total; steps += 1) {
    const killed = await guest.killAfterStep(steps, 'handback');
    expect(killed.kind).toBe('killed');
    expect(await unreached(aws)).toEqual([]);
    expect(await knownPods(guest)).toBe(4);
    await guest.text('/root/vpc-cni', 'handback');
    expect(allocationsIn(await aws.checkpoint())).toEqual(before);
    expect(JSON.parse(await guest.text('/root/vpc-cni', 'handback', '--json'))).toMatchObject({ changed: false });
    expect(JSON.parse(await guest.text('/root/vpc-cni', 'adopt', '--json'))).toMatchObject({ changed: true, pods: 4 });
  }
  guest.tell(`handback was killed at each of its ${total} steps`);

  // Somebody starts aws-node again without a handback, and it serves: what it knows then is what counts.
  await guest.text('systemctl', 'stop', 'vpc-cni-ipamd');
  const [added, prefixed] = await aws.liveOn();
  await guest.text('/root/vpc-cni', 'adopt');
  const kept = allocationsIn(await guest.text('cat', '/run/vpc-cni/ipam.json')).map(({ containerID }) => containerID);
  expect(kept).toEqual([...aws.pods.slice(1), added, prefixed].map(({ containerId }) => containerId));
  expect(await guest.unreached(added, aws.pods[3]?.address ?? '', INTERNET)).toEqual([]);
  // EC2 does not list its address as one of an ENI: it is kept with the rules it had, and goes like any other.
  expect(await guest.unreached(prefixed, added.address, aws.pods[3]?.address ?? '')).toEqual([]);
  const rulesOf = async (address: string): Promise<readonly string[]> =>
    (await guest.text('ip', '-4', 'rule')).split('\n').filter((line) => line.split(/\s/).includes(address));
  expect((await rulesOf(prefixed.address)).map((line) => /proto 90$/.test(line))).toEqual([true, true]);
  for (const pod of [added, prefixed]) expect(await aws.call('CHECK', pod)).toEqual({ exitCode: 0, document: '' });
  expect(await aws.call('DEL', prefixed)).toEqual({ exitCode: 0, document: '' });
  expect(await rulesOf(prefixed.address)).toEqual([]);
}
