import { expect } from 'bun:test';
import { AwsNodeGuest, allocationsIn } from '../../../support/aws-node-guest.ts';
import type { CaseGuest } from '../../../support/case-guest.ts';

const INTERNET = '198.51.100.1';
const CONFLIST = '/etc/cni/net.d/10-aws.conflist';

const report = async (guest: CaseGuest, word: 'adopt' | 'handback') =>
  JSON.parse(await guest.text('vpc-cni', word, '--json'));

export default async function run(guest: CaseGuest): Promise<void> {
  const aws = await AwsNodeGuest.start(guest, { program: 'iptables-legacy', connmark: 'iptables' });
  const before = allocationsIn(await aws.checkpoint());
  const talk = aws.talk(INTERNET);
  await Bun.sleep(300);
  await guest.text('/root/vpc-cni', 'adopt');
  expect(await guest.text('iptables-legacy-save')).not.toMatch(/AWS/);

  // What a pod of ours with a branch ENI is known by; this kernel may have no VLANs to make one.
  const alias = 'vpc-cni aws-cni c7 eth0 shop/db branch 7 02:00:00:00:03:07 10.0.3.7 10.0.3.1';
  await guest.text('ip', 'link', 'add', 'vlan0123456789a', 'type', 'veth', 'peer', 'name', 'branch-pod');
  await guest.text('ip', 'link', 'set', 'vlan0123456789a', 'alias', alias);
  const refused = await guest.failure('handback');
  expect(refused.error.code).toBe('HANDBACK_BRANCH_PODS');
  expect(refused.error.message).toContain('shop/db (10.0.3.7)');
  expect(await guest.text('systemctl', 'is-active', 'vpc-cni-ipamd')).toContain('active');
  await guest.text('ip', 'link', 'delete', 'vlan0123456789a');

  const dry = await guest.run(['vpc-cni', 'handback', '--dry-run', '--json']);
  expect(dry.exitCode).toBe(3);
  const given = await report(guest, 'handback');
  expect(given.changes).toEqual(JSON.parse(dry.stdout).changes);
  await Bun.sleep(500);
  // What is left of us is files; what serves pods is aws-node's again, and its conflist comes with it.
  guest.expectTree();
  expect(allocationsIn(await aws.checkpoint())).toEqual(before);
  expect(await guest.text('systemctl', 'is-enabled', 'vpc-cni-ipamd').catch(String)).toContain('disabled');
  expect(await report(guest, 'handback')).toMatchObject({ changed: false, changes: [] });
  expect((await guest.failure('uninstall')).error.code).toBe('HANDBACK_PENDING');
  expect((await guest.failure('install')).error.code).toBe('ADOPT_FIRST');

  expect(await report(guest, 'adopt')).toMatchObject({ changed: true, pods: 4 });
  const { answered, lost } = await talk.end();
  guest.tell(`adopt, handback in ${given.ms} ms, adopt: ${answered} pings or more each way, ${lost.length} lost`);
  expect(lost).toEqual([]);
  expect(answered).toBeGreaterThan(100);

  // Pods of ours go to aws-node as well; one whose DEL came while nobody served does not.
  const fresh = await guest.addPod('n1');
  const [gone, ...rest] = aws.pods;
  if (gone === undefined) throw new Error('there is no pod');
  await guest.text('systemctl', 'stop', 'vpc-cni-ipamd');
  expect(await aws.call('DEL', gone)).toEqual({ exitCode: 0, document: '' });
  expect(await guest.text('ip', '-4', 'rule')).toContain(gone.address);
  await report(guest, 'handback');
  const after = allocationsIn(await aws.checkpoint());
  expect(after.map(({ containerID }) => containerID)).toEqual(
    [...rest.map(({ containerId }) => containerId), fresh.containerId].toSorted(),
  );
  expect(after.find(({ containerID }) => containerID === fresh.containerId)).toMatchObject({
    ...{ networkName: 'aws-cni', ifName: 'eth0', ipv4: fresh.address },
    metadata: { k8sPodNamespace: 'default', k8sPodName: 'n1', interfacesCount: 1 },
  });
  expect(await guest.text('stat', '-Lc', '%a %U %n', '/var/run/aws-node', '/var/run/aws-node/ipam.json')).toBe(
    '755 root /var/run/aws-node\n600 root /var/run/aws-node/ipam.json',
  );
  const network = await guest.text('sh', '-c', 'ip -4 rule; ip -4 route show table all');
  expect(network.split('\n').filter((line) => line.split(' ').includes(gone.address))).toEqual([]);

  // aws-node has come back: from here on the node is its own.
  await aws.startIpamd();
  await guest.text('sh', '-c', `echo '{"name":"aws-cni","cniVersion":"0.4.0","plugins":[]}' > ${CONFLIST}`);
  expect((await guest.failure('adopt')).error.code).toBe('ADOPT_OTHER_IPAMD');
  expect((await guest.failure('uninstall', '--purge')).error.code).toBe('USAGE');
  const pods = [...rest, fresh];
  const state = await guest.text('sh', '-c', 'ip -d -o link; ip -4 rule; ip -4 route show table all');
  await guest.uninstall();
  expect(await guest.text('sh', '-c', 'ip -d -o link; ip -4 rule; ip -4 route show table all')).toBe(state);
  expect(await guest.text('nft', 'list', 'tables')).not.toContain('vpc-cni');
  expect(await guest.text('sysctl', '-n', 'net.ipv4.ip_forward')).toBe('1');
  for (const pod of pods)
    expect(
      await guest.unreached(pod, ...pods.map(({ address }) => address).filter((to) => to !== pod.address)),
    ).toEqual([]);
  const left = (await guest.remains()).filter((line) => /^[-+~] \//.test(line));
  expect(left.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
    `~ ${CONFLIST}`,
    '~ /run/aws-node/ipam.json',
    '+ /run/aws-node/ipamd.sock',
  ]);
}
