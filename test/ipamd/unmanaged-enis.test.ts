import { expect, test } from 'bun:test';
import { parseMac } from '../../src/addr/index.ts';
import { UnmanagedEnis } from '../../src/ipamd/unmanaged-enis.ts';
import { createLogger } from '../../src/log/index.ts';
import { createFiles, type Exec, type Files, systemExec, withTemporaryDirectory } from '../../src/sys/index.ts';

const NETWORK = '/etc/systemd/network';
const NETWORK_MANAGER = '/etc/NetworkManager/conf.d';
const FIRST = parseMac('02:00:00:00:00:01');
const SECOND = parseMac('02:00:00:00:00:02');

/** A host on which no network program runs, as systemctl tells it. */
const quiet: Exec = { run: async () => ({ exitCode: 0, stdout: '', stderr: '' }) };

function hostIn(root: string, init: 'systemd' | 'other', more: readonly string[] = []): Files {
  const files = createFiles(root);
  for (const folder of [NETWORK, NETWORK_MANAGER, '/usr/sbin', ...(init === 'systemd' ? ['/run/systemd/system'] : [])])
    files.ensureDirectory(folder, 0o755);
  for (const path of more) files.replace({ path, text: 'theirs', mode: 0o755 });
  return files;
}

const unmanagedOf = (files: Files, exec: Exec = quiet): UnmanagedEnis =>
  new UnmanagedEnis({ files, exec, logger: createLogger({ level: 'error', program: 'test' }) });

test('an ENI is claimed with a file for networkd, and given up again', () =>
  withTemporaryDirectory(async (root) => {
    const files = hostIn(root, 'systemd');
    const unmanaged = unmanagedOf(files);
    await unmanaged.claim(FIRST);
    expect([files.list(NETWORK), files.list(NETWORK_MANAGER)]).toEqual([['05-vpc-cni-020000000001.network'], []]);
    unmanaged.release(FIRST);
    expect(files.list(NETWORK)).toEqual([]);
  }));

test('where NetworkManager is installed it has a file too', () =>
  withTemporaryDirectory(async (root) => {
    const files = hostIn(root, 'systemd', ['/usr/sbin/NetworkManager']);
    await unmanagedOf(files).claim(FIRST);
    expect(files.list(NETWORK_MANAGER)).toEqual(['90-vpc-cni-eni-020000000001.conf']);
  }));

test('a host without systemd gets no file', () =>
  withTemporaryDirectory(async (root) => {
    const files = hostIn(root, 'other');
    await unmanagedOf(files).claim(FIRST);
    await unmanagedOf(files).claimOnly([FIRST]);
    expect(files.list(NETWORK)).toEqual([]);
  }));

test('claimOnly() takes away what an ENI that is gone has left, and no file of anybody else', () =>
  withTemporaryDirectory(async (root) => {
    const theirs = [`${NETWORK}/05-vpc-cni-pods.network`, `${NETWORK}/10-netplan-ens5.network`];
    const files = hostIn(root, 'systemd', theirs);
    const unmanaged = unmanagedOf(files);
    await unmanaged.claim(FIRST);
    await unmanaged.claimOnly([SECOND]);
    expect(files.list(NETWORK)).toEqual([
      '05-vpc-cni-020000000002.network',
      '05-vpc-cni-pods.network',
      '10-netplan-ens5.network',
    ]);
  }));

test('a folder that cannot be written to stops nobody', () =>
  withTemporaryDirectory(async (root) => {
    const files = hostIn(root, 'systemd');
    files.remove(NETWORK);
    await unmanagedOf(files).claim(FIRST);
    expect(files.list('/etc/systemd')).toEqual([]);
  }));

const RUNNING = 'Id=systemd-networkd.service\nActiveState=active\n\nId=NetworkManager.service\nActiveState=active\n';

/** Real programs in the place of those of a host on which both network programs run; each is noted. */
function hostOf(told: string[], program: readonly [string, ...string[]]): Exec {
  return {
    run: (request) => {
      const [name] = request.argv;
      told.push(name === 'systemctl' ? name : request.argv.join(' '));
      return systemExec.run({ ...request, argv: name === 'systemctl' ? ['printf', RUNNING] : program });
    },
  };
}

test('programs are told of files that changed, and of nothing else', () =>
  withTemporaryDirectory(async (root) => {
    const files = hostIn(root, 'systemd', ['/usr/sbin/NetworkManager']);
    const told: string[] = [];
    const unmanaged = unmanagedOf(files, hostOf(told, ['true']));
    const reloads = ['systemctl', 'networkctl reload', 'nmcli general reload conf'];
    await unmanaged.claim(FIRST);
    expect(told.splice(0)).toEqual(reloads);
    await unmanaged.claim(FIRST);
    await unmanaged.claimOnly([FIRST]);
    expect(told.splice(0)).toEqual([]);
    const path = `${NETWORK}/05-vpc-cni-020000000001.network`;
    const ours = files.read(path);
    files.replace({ path, text: '[Match]\n', mode: 0o644 });
    await unmanaged.claimOnly([FIRST]);
    expect([told.splice(0), files.read(path)]).toEqual([['systemctl', 'networkctl reload'], ours]);
    await unmanaged.claimOnly([]);
    expect(told).toEqual(reloads);
  }));

test(
  'a network program that hangs holds an ENI up for five seconds, and pods wait for it',
  () =>
    withTemporaryDirectory(async (root) => {
      const files = hostIn(root, 'systemd', ['/usr/sbin/NetworkManager']);
      const told: string[] = [];
      const started = performance.now();
      await unmanagedOf(files, hostOf(told, ['sleep', '60'])).claim(FIRST);
      const took = performance.now() - started;
      expect([took > 4_900, took < 10_000]).toEqual([true, true]);
      expect([told, files.list(NETWORK)]).toEqual([
        ['systemctl', 'networkctl reload'],
        ['05-vpc-cni-020000000001.network'],
      ]);
    }),
  20_000,
);
