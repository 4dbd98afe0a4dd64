import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { UNIT } from '../../../support/systemd-guest.ts';

const SCRIPT = '/opt/cni/bin/aws-cni-support.sh';
const SECRET = 'h0rse-battery';

interface Manifest {
  readonly instance: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

/** Unpacks a bundle in the guest; its list of itself, and a way to read what is in it. */
async function open(guest: CaseGuest, file: string) {
  await guest.text('sh', '-c', 'rm -rf /tmp/bundle; mkdir /tmp/bundle');
  await guest.text('tar', '-xzf', file, '-C', '/tmp/bundle', '--strip-components=1');
  const read = (name: string): Promise<string> => guest.text('cat', `/tmp/bundle/${name}`);
  const manifest: Manifest = JSON.parse(await read('MANIFEST.json'));
  return { manifest, read };
}

export default async function run(guest: CaseGuest): Promise<void> {
  await guest.text('chmod', '755', SCRIPT);
  await guest.pristine();
  await guest.install();
  const pod = await guest.addPod('a');
  // What a reader of the bundle would look for in the journal, explain finds there by the address.
  const explained = JSON.parse(await guest.text('vpc-cni', 'explain', 'ip', pod.address, '--json'));
  const history = explained.history.map(({ what, containerId }: Record<string, string>) => [
    what,
    containerId !== null,
  ]);
  expect([explained.kind, history]).toEqual(['assigned', [['pod added', true]]]);
  await guest.machine.write('/run/vpc-cni/spool/note.json', `{"password":"${SECRET}"}\n`);
  await guest.machine.write(
    '/etc/systemd/system/vpc-cni-ipamd.service.d/site.conf',
    `[Service]\nEnvironment="SITE_PIN=${SECRET} 1"\n`,
  );
  await guest.text('systemctl', 'daemon-reload');

  // By the old name, with its options.
  const old = await guest.run([SCRIPT, '--ignore_introspection=true', '--eks_hybrid=false', '--json']);
  expect([old.exitCode, old.stderr]).toEqual([0, expect.stringContaining('note: --eks_hybrid=false is ignored')]);
  const { file }: { readonly file: string } = JSON.parse(old.stdout);
  const { manifest, read } = await open(guest, file);
  expect(file).toMatch(new RegExp(`^/var/log/vpc-cni-support-${manifest.instance}-\\d{8}T\\d{6}Z\\.tar\\.gz$`));
  expect(manifest.instance).toMatch(/^i-[0-9a-f]{17}$/);
  expect(await guest.text('stat', '-c', '%a %U', file)).toBe('600 root');
  expect(await guest.run(['grep', '-rlF', SECRET, '/tmp/bundle'])).toMatchObject({ exitCode: 1, stdout: '' });

  expect(await read('doctor.txt')).toBe('No fault found.');
  expect(await read('plan.txt')).toStartWith('nothing to do');
  expect(await read('settings.txt')).toContain(
    'AWS_ENDPOINT_URL_EC2=http://192.0.2.10  # /etc/vpc-cni/conf.d/00-simulator.env',
  );
  expect(await read('settings/etc_default_vpc-cni-ipamd')).toBe(
    'HTTPS_PROXY="http://(hidden)@192.0.2.77:3128"\nNO_PROXY="169.254.169.254,192.0.2.10"\nSITE_KEY="(hidden)"',
  );
  expect(await read(`systemd/systemctl_cat_${UNIT}`)).toContain('Environment="SITE_PIN=(hidden)"');
  expect(await read('systemd/journal-vpc-cni-ipamd')).toContain('serving');
  expect(await read('state/run_vpc-cni_ipam.json')).toContain(pod.address);
  expect(await read('daemon/http_127.0.0.1_61678_metrics')).toContain('awscni_assigned_ip_addresses 1');
  expect(await read('network/ip_rule')).toContain(`to ${pod.address}`);
  expect(await read('network/nft_list_ruleset')).toContain('table ip vpc-cni');
  expect(await read('network/ip_route_show_table_all')).toContain(pod.address);
  expect(await read('cni/etc_cni_net.d_10-aws.conflist')).toContain('"aws-cni"');
  expect(await read('installed/opt_vpc-cni_host.json')).toContain('vpc-cni-host/1');
  expect(manifest.missing.map(({ name }) => name)).not.toContainEqual(
    expect.stringMatching(/^(state|daemon|cni|installed)\/(?!etc_)/),
  );

  // The daemon is dead: what it would say is missing, with the reason, and everything else is there.
  await guest.text('systemctl', 'stop', UNIT);
  expect(await guest.text('vpc-cni', 'support-bundle', '-o', '/tmp/dead.tar.gz')).toBe('/tmp/dead.tar.gz');
  const dead = await open(guest, '/tmp/dead.tar.gz');
  const reasons = dead.manifest.missing.filter(({ name }) => name.startsWith('daemon/')).map(({ reason }) => reason);
  expect([reasons.length, reasons.every((reason) => reason.startsWith('ipamd does not answer on '))]).toEqual([
    6,
    true,
  ]);
  expect(await dead.read('doctor.txt')).toContain('fault DAEMON_DOWN: ');
  expect(await dead.read('state/run_vpc-cni_ipam.json')).toContain(pod.address);

  // To stdout, and without numbers of accounts.
  await guest.machine.write('/run/vpc-cni/spool/note.json', '{"arn":"arn:aws:iam::123456789012:role/node"}\n');
  await guest.text('sh', '-c', 'vpc-cni support-bundle -o - --hide-accounts > /tmp/piped.tar.gz');
  const piped = await open(guest, '/tmp/piped.tar.gz');
  expect(await piped.read('state/run_vpc-cni_spool_note.json')).toContain('arn:aws:iam::(hidden):role/node');
  expect((await guest.run(['vpc-cni', 'support-bundle', '-o', '-', '--json'])).exitCode).toBe(2);

  // Without root: less, and said so.
  const nobody = await guest.run([
    'setpriv',
    '--reuid=65534',
    '--clear-groups',
    'env',
    '-C',
    '/var/tmp',
    'vpc-cni',
    'support-bundle',
    '--json',
  ]);
  const less: { readonly file: string; readonly missing: Manifest['missing'] } = JSON.parse(nobody.stdout);
  expect([nobody.exitCode, less.file]).toEqual([0, expect.stringMatching(/^\/var\/tmp\/vpc-cni-support-/)]);
  expect(less.missing).toContainEqual(expect.objectContaining({ name: 'network/nft_list_ruleset' }));

  await guest.text(
    'rm',
    '-r',
    '/etc/systemd/system/vpc-cni-ipamd.service.d',
    '/tmp/bundle',
    '/tmp/dead.tar.gz',
    '/tmp/piped.tar.gz',
    file,
    less.file,
  );
  await guest.text('systemctl', 'start', UNIT);
  await guest.deletePod(pod);
  await guest.uninstall('--purge');
  expect(await guest.remains()).toEqual([]);
  expect(await guest.text(SCRIPT)).toBe('the script that was there first');
}
