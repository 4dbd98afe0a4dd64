import { expect } from 'bun:test';
import type { CaseGuest, CasePod } from '../../../support/case-guest.ts';
import { until } from '../../../support/e2e.ts';
import { UNIT } from '../../../support/systemd-guest.ts';

const INTERNET = '198.51.100.1';
/** What the image's file gives to every link that nobody keeps it from. */
const STRAY = '198.18.0.77';
const DROP_INS = ['/etc/systemd/networkd.conf.d/90-vpc-cni.conf', '/etc/systemd/network/*vpc-cni*'] as const;
const EVERY_SECONDS = 0.01;

const tell = (text: string): boolean => process.stderr.write(`${text}\n`);

/** Links by what systemd-networkd does with them: `configured`, `unmanaged`, … */
async function setups(guest: CaseGuest): Promise<ReadonlyMap<string, string>> {
  const listed = await guest.text('networkctl', 'list', '--no-legend', '--no-pager');
  return new Map(
    listed.split('\n').flatMap((line) => {
      const [, link = '', , , setup = ''] = line.trim().split(/\s+/);
      return link === '' ? [] : [[link, setup] as const];
    }),
  );
}

async function enis(guest: CaseGuest): Promise<number> {
  const status: { readonly daemon: { readonly enis: readonly unknown[] } } = JSON.parse(
    await guest.text('vpc-cni', 'status', '--json'),
  );
  return status.daemon.enis.length;
}

/** The rules of pods and the routes to them, and of our ENIs. */
async function podNetwork(guest: CaseGuest): Promise<string> {
  const rules = await guest.text('ip', '-4', 'rule', 'show');
  const routes = await guest.text('ip', '-4', 'route', 'show', 'table', 'all', 'proto', '90');
  return `${rules}\n${routes}`;
}

/** Does what disturbs, while pods ping each other and the internet; tells how many packets were lost, and which. */
async function lostDuring(guest: CaseGuest, what: string, pods: readonly CasePod[], work: () => Promise<void>) {
  const [first, ...others] = pods;
  const last = others.at(-1);
  if (first === undefined || last === undefined) throw new Error('there are no two pods');
  const pings = [
    guest.ping(first, last.address, EVERY_SECONDS),
    guest.ping(last, first.address, EVERY_SECONDS),
    guest.ping(first, INTERNET, EVERY_SECONDS),
    guest.ping(last, INTERNET, EVERY_SECONDS),
  ];
  await guest.text('sleep', '1');
  await work();
  await guest.text('sleep', '1');
  const ended = await Promise.all(pings.map((ping) => ping.end()));
  const answered = ended.reduce((sum, ping) => sum + ping.answered, 0);
  const lost = ended.flatMap((ping) => ping.lost);
  tell(`${what}: ${answered} packets answered, ${lost.length} lost`);
  expect(answered).toBeGreaterThan(300);
  return lost;
}

async function restartNetworkd(guest: CaseGuest): Promise<void> {
  await guest.text('systemctl', 'restart', 'systemd-networkd');
  await guest.text('systemctl', 'start', 'systemd-networkd-wait-online');
}

/** An address of the image's file on a link of pods, or a link of pods in the hands of systemd-networkd. */
async function trespasses(guest: CaseGuest): Promise<readonly string[]> {
  const managed = [...(await setups(guest))].filter(([link, setup]) => link !== 'eth0' && setup !== 'unmanaged');
  const addresses = (await guest.text('ip', '-4', '-oneline', 'address')).split('\n');
  return [
    ...managed.map(([link, setup]) => `${link} is ${setup}`),
    ...addresses.filter((line) => line.includes(STRAY)),
  ];
}

/** What doctor finds. */
async function codes(guest: CaseGuest): Promise<readonly string[]> {
  const { stdout } = await guest.run(['vpc-cni', 'doctor', '--json']);
  const { findings }: { readonly findings: readonly { readonly code: string }[] } = JSON.parse(stdout);
  return findings.map(({ code }) => code);
}

/** The last pod is on a secondary ENI, the first on the primary one; a third ENI comes in the middle. */
export default async function run(guest: CaseGuest): Promise<void> {
  // The routes it has from its launch go with this; systemd-networkd's own stay.
  await guest.text('networkctl', 'reconfigure', 'eth0');
  await guest.text('/usr/lib/systemd/systemd-networkd-wait-online', '--interface=eth0:routable');
  await guest.pristine();
  const report = await guest.install();
  const reloads = report.changes.filter(({ kind }) => kind === 'reload-program').map(({ target }) => target);
  expect(reloads).toEqual(['systemd-networkd']);
  expect((await guest.install()).changed).toBe(false);

  const pods: CasePod[] = [];
  for (const name of ['a', 'b', 'c', 'd']) pods.push(await guest.addPod(name));
  await until('two ENIs', async () => ((await enis(guest)) === 2 ? true : undefined));
  const before = await podNetwork(guest);
  const neighbour = (await guest.vpc.status()).nodes.find(({ name }) => name === 'node-b')?.address ?? '';
  expect(before).toContain(`from ${pods.at(-1)?.address} lookup 2`);

  expect(await lostDuring(guest, 'networkd restarted', pods, () => restartNetworkd(guest))).toEqual([]);
  const reload = (verb: readonly string[]) => async (): Promise<void> => {
    await guest.text('networkctl', ...verb);
  };
  expect(await lostDuring(guest, 'networkd reloaded', pods, reload(['reload']))).toEqual([]);
  // Whoever asks for this has the node's own address and default route taken away for a moment; the rest stays.
  await lostDuring(guest, 'primary link configured anew', pods, reload(['reconfigure', 'eth0']));
  expect([await podNetwork(guest), await trespasses(guest)]).toEqual([before, []]);

  const grow = async (): Promise<void> => {
    for (const name of ['e', 'f']) pods.splice(1, 0, await guest.addPod(name));
    await until('three ENIs', async () => ((await enis(guest)) === 3 ? true : undefined));
    await restartNetworkd(guest);
  };
  expect(await lostDuring(guest, 'an ENI attached, and networkd restarted again', pods, grow)).toEqual([]);
  expect(await trespasses(guest)).toEqual([]);
  // What it does not understand of a file it only tells the journal.
  const complaints = ['journalctl', '--boot', '--unit=systemd-networkd', '--priority=warning', '--output=cat'] as const;
  expect((await guest.text(...complaints)).split('\n').filter((line) => line.includes('vpc-cni'))).toEqual([]);

  // The same without what was installed, the daemon among it, which puts back what others take: this is what would have
  // happened.
  const after = await podNetwork(guest);
  await guest.text('systemctl', 'stop', UNIT);
  await guest.text('sh', '-c', `rm ${DROP_INS.join(' ')}`);
  await restartNetworkd(guest);
  await guest.text('networkctl', 'reconfigure', 'eth0');
  const [first, last] = [pods[0], pods.at(-1)];
  if (first === undefined || last === undefined) throw new Error('there are no pods');
  const gone = async (): Promise<true | undefined> =>
    (await podNetwork(guest)).includes(`from ${last.address} lookup`) ? undefined : true;
  await until('networkd to take the rules of pods', gone);
  const left = (await trespasses(guest)).filter((line) => line.includes(STRAY)).length;
  tell(`without the drop-ins: the rules of pods are gone, ${left} links of pods have an address of networkd's`);
  expect(left).toBe(pods.length + 2);
  expect(await codes(guest)).toEqual(
    expect.arrayContaining(['INSTALLED_MISSING', 'DAEMON_DOWN', 'POD_RULE_MISSING', 'NETWORKD_MANAGES_ENI']),
  );
  // Its packets leave by the primary ENI now, whose address they do not have.
  expect(await guest.unreached(last, neighbour)).toEqual([`d → ${neighbour}`]);

  await guest.install();
  await guest.text('systemctl', 'restart', UNIT);
  expect(await guest.unreached(last, first.address, neighbour, INTERNET)).toEqual([]);
  expect(await podNetwork(guest)).toBe(after);
  expect(await codes(guest)).toEqual([]);
  for (const pod of pods) await guest.deletePod(pod);
  await guest.uninstall('--purge');
  expect(await guest.remains()).toEqual([]);
}
