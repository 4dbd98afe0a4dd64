import { expect } from 'bun:test';
import { AwsNodeGuest } from '../../../support/aws-node-guest.ts';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { until } from '../../../support/e2e.ts';

const INTERNET = '198.51.100.1';

const statusOf = async (guest: CaseGuest) => JSON.parse(await guest.text('vpc-cni', 'status', '--json'));

export default async function run(guest: CaseGuest): Promise<void> {
  const aws = await AwsNodeGuest.start(guest, { program: 'iptables-nft', connmark: 'nftables' });
  const { pods } = aws;
  const checkpoint = await aws.checkpoint();
  const refused = await guest.failure('install');
  expect(refused.error.code).toBe('ADOPT_FIRST');
  const dry = await guest.cli('adopt', '--dry-run', '--json');
  expect(dry.exitCode).toBe(3);
  expect(JSON.parse(dry.stdout).problems).toEqual([]);
  expect(await guest.remains()).toEqual([]);

  const talk = aws.talk(INTERNET);
  await Bun.sleep(300);
  const report = JSON.parse(await guest.text('/root/vpc-cni', 'adopt', '--json'));
  await Bun.sleep(300);
  const { answered, lost } = await talk.end();
  guest.tell(
    `adopt ${report.ms} ms in ${report.steps.length} steps; ${answered} pings or more each way, ${lost.length} lost`,
  );
  expect(lost).toEqual([]);
  expect(answered).toBeGreaterThan(50);
  // What was planned is what was done.
  const planned = JSON.parse(dry.stdout).changes;
  expect(report.changes).toEqual(planned);
  expect(report.pods).toBe(4);
  guest.expectTree();
  expect(await aws.checkpoint()).toBe(checkpoint);

  const { daemon, ready } = await statusOf(guest);
  expect(ready).toBe(true);
  const assigned = daemon.enis.flatMap((eni: { addresses: { address: string; state: string }[] }) =>
    eni.addresses.filter(({ state }) => state === 'assigned').map(({ address }) => address),
  );
  expect(assigned.toSorted()).toEqual(pods.map(({ address }) => address).toSorted());
  const rules = (await guest.text('ip', '-4', 'rule'))
    .split('\n')
    .filter((line) => /^(512|1024|1536|32765):/.test(line));
  expect(rules.filter((line) => !line.endsWith('proto 90'))).toEqual([]);
  expect(rules).toHaveLength(pods.length + 1 + 2 + 1);
  expect(await guest.text('nft', 'list', 'ruleset')).not.toMatch(/AWS-|aws-cni|"AWS/);
  expect(await guest.text('cat', '/run/vpc-cni/ipam.json')).toContain('"allocationTimestamp":1764460800000000123,');

  expect(JSON.parse(await guest.text('vpc-cni', 'adopt', '--json'))).toMatchObject({ changed: false, changes: [] });
  expect(await guest.install()).toMatchObject({ changed: false, changes: [] });

  for (const version of ['0.4.0', '1.1.0'])
    expect(await Promise.all(pods.map((pod) => aws.call('CHECK', pod, version)))).toEqual(
      pods.map(() => ({ exitCode: 0, document: '' })),
    );
  const fresh = [await guest.addPod('n1'), await guest.addPod('n2')];
  expect(pods.map(({ address }) => address)).not.toContain(fresh[0]?.address);
  const all = [...pods, ...fresh];
  for (const pod of all)
    expect(
      await guest.unreached(pod, ...all.map(({ address }) => address).filter((to) => to !== pod.address), INTERNET),
    ).toEqual([]);

  // A restart must find nothing to do; then the pods go as any other.
  await guest.text('systemctl', 'restart', 'vpc-cni-ipamd');
  expect(await Promise.all(pods.map((pod) => aws.call('CHECK', pod)))).toEqual(
    pods.map(() => ({ exitCode: 0, document: '' })),
  );
  for (const pod of pods) {
    expect(await aws.call('DEL', pod)).toEqual({ exitCode: 0, document: '' });
    await guest.text('ip', 'netns', 'delete', pod.name);
    // Rules and routes are gone with the answer; the link goes with the namespace, which the kernel takes its time for.
    const rules = await guest.text('sh', '-c', 'ip -4 rule; ip -4 route show table all');
    expect(rules.split('\n').filter((line) => line.split(' ').includes(pod.address))).toEqual([]);
    await until(`the link of ${pod.name} to be gone`, async () =>
      (await guest.text('ip', '-o', 'link')).includes(pod.containerId) ? undefined : true,
    );
  }
  for (const pod of fresh) await guest.deletePod(pod);
  expect((await statusOf(guest)).daemon.pool.assigned).toBe(0);
}
