import { expect } from 'bun:test';
import { AwsNodeGuest } from '../../../support/aws-node-guest.ts';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { until } from '../../../support/e2e.ts';

const INTERNET = '198.51.100.1';
/** A process of that name, which holds nothing. */
const NAMED = "use strict; $0 = 'aws-k8s-agent'; sleep 1 while 1;";
const CHECKPOINT = '/var/run/aws-node/ipam.json';

/** A command that must be refused before it changes anything; returns what it says. */
async function refused(guest: CaseGuest, code: string, ...words: readonly string[]): Promise<string> {
  await guest.pristine();
  const { error, exitCode } = await guest.failure(...words);
  expect({ exitCode, code: error.code }).toEqual({ exitCode: 1, code });
  expect(await guest.remains()).toEqual([]);
  return error.message;
}

export default async function run(guest: CaseGuest): Promise<void> {
  const aws = await AwsNodeGuest.start(guest, { program: 'iptables-nft', connmark: 'iptables' });

  await aws.startIpamd('127.0.0.1:61679', '0.0.0.0:61678');
  const pid = await guest.text('systemctl', 'show', '--value', '--property=MainPID', 'aws-node');
  const evidence = await refused(guest, 'ADOPT_OTHER_IPAMD', 'adopt');
  for (const holds of [`pid ${pid} (`, 'serves /var/run/aws-node/ipamd.sock', 'port 61678', 'port 61679'])
    expect(evidence).toContain(holds);
  expect(await refused(guest, 'ADOPT_OTHER_IPAMD', 'adopt', '--force')).toBe(evidence);
  const dry = await guest.cli('adopt', '--dry-run');
  expect(dry.exitCode).toBe(3);
  expect(dry.stdout).toContain('A takeover would stop here, before any change:\nADOPT_OTHER_IPAMD');
  await aws.stopIpamd();
  await aws.startIpamd('127.0.0.1:50051');
  expect(await refused(guest, 'ADOPT_OTHER_IPAMD', 'adopt')).toContain('port 50051');
  await aws.stopIpamd();
  // Its name alone is enough: it may be about to open its socket.
  await guest.text('systemd-run', '--unit=aws-node-start', '--service-type=exec', '--quiet', 'perl', '-e', NAMED);
  const starting = await guest.text('systemctl', 'show', '--value', '--property=MainPID', 'aws-node-start');
  await until('it to have its name', async () =>
    (await guest.text('cat', `/proc/${starting}/comm`)) === 'aws-k8s-agent' ? true : undefined,
  );
  expect(await refused(guest, 'ADOPT_OTHER_IPAMD', 'adopt')).toMatch(/pid \d+ \(aws-k8s-agent\) runs/);
  await guest.text('systemctl', 'stop', 'aws-node-start');

  const checkpoint = await aws.checkpoint();
  const card = '/var/run/aws-node/ipam-nic-1.json';
  await guest.machine.write(card, checkpoint);
  expect(await refused(guest, 'ADOPT_SETTINGS_DIFFER', 'adopt')).toContain(
    'ENABLE_MULTI_NIC is true there and false here',
  );
  await guest.text('rm', card);
  const [, second] = aws.pods;
  await guest.machine.write(CHECKPOINT, checkpoint.replace(`"ipv4":"${second?.address}"`, '"ipv6":"2001:db8::1"'));
  const unknown = await refused(guest, 'ADOPT_UNSUPPORTED', 'adopt');
  expect(unknown).toContain('pod default/web-1 has the IPv6 address 2001:db8::1');
  expect(unknown).toContain(`carries ${second?.address}, which no checkpoint has`);
  await guest.machine.write(CHECKPOINT, checkpoint.slice(0, 100));
  await refused(guest, 'ADOPT_CHECKPOINT_BAD', 'adopt');
  await guest.machine.write(CHECKPOINT, checkpoint);
  const own = '/etc/vpc-cni/conf.d/90-own.env';
  await guest.machine.write(own, 'AWS_VPC_K8S_CNI_EXTERNALSNAT=true\nAWS_VPC_K8S_CNI_VETHPREFIX=abc\n');
  const differ = await refused(guest, 'ADOPT_SETTINGS_DIFFER', 'adopt');
  expect(differ).toContain('AWS_VPC_K8S_CNI_VETHPREFIX is eni there and abc here');
  expect(differ).toContain('AWS_VPC_K8S_CNI_EXTERNALSNAT is false there and true here');
  await guest.text('rm', own);

  // The last step fails: the daemon has served by then, and all of it is taken back under pods that talk.
  await guest.text('mv', '/usr/sbin/iptables-nft-restore', '/usr/sbin/iptables-nft-restore.away');
  await guest.pristine();
  const rules = await guest.text('iptables-nft-save');
  const talk = aws.talk(INTERNET);
  await Bun.sleep(300);
  const { error } = await guest.failure('adopt');
  await Bun.sleep(300);
  const { answered, lost } = await talk.end();
  guest.tell(`a takeover taken back: ${answered} pings or more each way, ${lost.length} lost`);
  expect({ code: error.code, lost }).toEqual({ code: 'ADOPT_INCOMPLETE', lost: [] });
  expect(error.message).toEndWith('everything was taken back, aws-node can be started again');
  expect((await guest.remains()).filter((line) => /^[-+~] \//.test(line))).toEqual([]);
  expect(await aws.checkpoint()).toBe(checkpoint);
  const plain = (save: string): string => save.replaceAll(/^#.*$|\[\d+:\d+\]/gm, '');
  expect(plain(await guest.text('iptables-nft-save'))).toBe(plain(rules));
  expect(await guest.text('nft', 'list', 'tables')).not.toContain('vpc-cni');
  await guest.text('mv', '/usr/sbin/iptables-nft-restore.away', '/usr/sbin/iptables-nft-restore');
  expect(JSON.parse(await guest.text('/root/vpc-cni', 'adopt', '--json'))).toMatchObject({ changed: true, pods: 4 });
}
