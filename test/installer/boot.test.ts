import { describe, expect, test } from 'bun:test';
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeStep, NOTHING_OF_BOOT, WANTED_MODULES } from '../../src/hostspec/index.ts';
import { install } from '../../src/installer/index.ts';
import { moduleStates } from '../../src/installer/modules.ts';
import { observeBoot } from '../../src/installer/observe-boot.ts';
import { serveMetadata } from './metadata.ts';
import { silent, temporaryHost, treeOf } from './temporary-host.ts';

function write(root: string, path: string, text: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe('moduleStates()', () => {
  const names = ['veth', 'nf_tables', 'nft_ct', 'nft_chain_nat', 'ifb'];
  const kernel = (root: string): void => {
    write(root, 'proc/sys/kernel/osrelease', '6.1.0-aws\n');
    mkdirSync(join(root, 'sys/module/nf_tables'), { recursive: true });
    write(root, 'lib/modules/6.1.0-aws/modules.builtin', 'kernel/drivers/net/veth.ko\nkernel/net/sched/sch_tbf.ko\n');
    write(
      root,
      'lib/modules/6.1.0-aws/modules.dep',
      'kernel/net/netfilter/nft_ct.ko.xz: kernel/net/netfilter/nf_tables.ko.xz\nkernel/net/netfilter/nft-chain-nat.ko: kernel/x.ko\n',
    );
  };

  test('tells built-in, loaded, loadable and missing ones apart', () => {
    using temporary = temporaryHost();
    kernel(temporary.root);
    write(temporary.root, 'usr/sbin/modprobe', '');
    expect(moduleStates(temporary.host.files, names)).toEqual({
      veth: 'present',
      nf_tables: 'present',
      nft_ct: 'loadable',
      nft_chain_nat: 'loadable',
      ifb: 'absent',
    });
    write(temporary.root, 'proc/sys/kernel/modules_disabled', '1\n');
    expect(moduleStates(temporary.host.files, names)['nft_ct']).toBe('absent');
  });

  test('without modprobe nothing can be loaded', () => {
    using temporary = temporaryHost();
    kernel(temporary.root);
    expect(moduleStates(temporary.host.files, names)).toMatchObject({ veth: 'present', nft_ct: 'absent' });
  });

  test('a kernel without a list of modules tells nothing', () => {
    using temporary = temporaryHost();
    write(temporary.root, 'proc/sys/kernel/osrelease', '6.1.0-custom\n');
    expect(moduleStates(temporary.host.files, ['veth'])).toEqual({ veth: 'unknown' });
  });
});

/** A boot that began 1,000 s after 1970 in a kernel that began 500 s earlier. */
const CONTAINER = '1 (systemd (x) ) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 50000 1 1\n';

test('observeBoot() tells results of earlier boots by the start of the first process', async () => {
  using temporary = temporaryHost();
  const { root, host } = temporary;
  for (const [name, seconds] of [
    ['aws-cni-old-eth0', 999],
    ['cilium-new-eth0', 1001],
  ] as const) {
    write(root, `var/lib/cni/results/${name}`, '{}');
    utimesSync(join(root, 'var/lib/cni/results', name), seconds, seconds);
  }
  // Without knowing when the boot began, nothing is taken for old.
  expect((await observeBoot(host, NOTHING_OF_BOOT)).staleResults).toEqual([]);
  write(root, 'proc/stat', 'cpu 1\nbtime 500\nprocesses 3\n');
  write(root, 'proc/1/stat', CONTAINER);
  expect((await observeBoot(host, NOTHING_OF_BOOT)).staleResults).toEqual(['aws-cni-old-eth0']);
});

describe('install --stage boot', () => {
  test('removes results of earlier boots, with the conflist, before anything can fail', async () => {
    using temporary = temporaryHost();
    const { root, host, request } = temporary;
    write(root, 'proc/stat', 'btime 4000000000\n');
    write(root, 'proc/1/stat', CONTAINER);
    write(root, 'var/lib/cni/results/aws-cni-old-eth0', '{}');
    write(root, 'etc/cni/net.d/10-aws.conflist', '{}');
    const failed = await install(request({ stage: 'boot' }), silent).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'IMDS_UNREACHABLE' });
    expect([host.files.list('/var/lib/cni/results'), host.files.list('/etc/cni/net.d')]).toEqual([[], []]);
  }, 20_000);

  test('a damaged record does not keep a stale conflist in place', async () => {
    await using imds = serveMetadata();
    using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
    const { root, host, request } = temporary;
    write(root, 'opt/vpc-cni/host.json', '{');
    write(root, 'etc/cni/net.d/10-aws.conflist', '{}');
    const failed = await install(request({ stage: 'boot' }), silent).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'RECORD_UNREADABLE' });
    expect(host.files.list('/etc/cni/net.d')).toEqual([]);
  });

  test('a kernel without veth changes nothing', async () => {
    await using imds = serveMetadata();
    using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
    const { root, request } = temporary;
    write(root, 'proc/sys/kernel/osrelease', '6.1.0-aws\n');
    write(root, 'lib/modules/6.1.0-aws/modules.dep', '');
    const failed = await install(request({ stage: 'boot' }), silent).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'MODULE_MISSING', details: { module: 'veth' } });
  });

  test('a kernel without nf_tables will do where legacy iptables is installed, and is refused where it is not', async () => {
    await using imds = serveMetadata();
    using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
    const { root, request } = temporary;
    write(root, 'proc/sys/kernel/osrelease', '6.1.0-aws\n');
    write(root, 'lib/modules/6.1.0-aws/modules.dep', '');
    for (const module of ['veth', 'nf_conntrack', 'iptable_nat', 'iptable_mangle'])
      mkdirSync(join(root, 'sys/module', module), { recursive: true });
    const outcome = () =>
      install(request({ stage: 'boot' }), silent).then(
        ({ notes }) => notes.filter((note) => note.includes('nf_tables') || note.includes('nft_')),
        (error: unknown) => error instanceof Error && error.message,
      );
    const refused =
      'the kernel module nf_tables is not there and cannot be loaded: the packet rules of pods cannot be made, nor by iptables without iptables-legacy and its modules iptable_nat and iptable_mangle';
    expect(await outcome()).toBe(refused);
    write(root, 'usr/sbin/iptables-restore', '');
    write(root, 'usr/sbin/iptables-nft-restore', '');
    expect(await outcome()).toBe(refused);
    write(root, 'usr/sbin/iptables-legacy-restore', '');
    expect(await outcome()).toEqual([]);
    // As before there were two kinds.
    for (const kind of ['nft', 'legacy']) rmSync(join(root, `usr/sbin/iptables-${kind}-restore`));
    expect(await outcome()).toEqual([]);
  });

  test('a module that modprobe cannot load is told, a required one fails the stage and leaves nothing', async () => {
    await using imds = serveMetadata();
    using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
    const { root, host, request } = temporary;
    write(root, 'proc/sys/kernel/osrelease', '6.1.0-aws\n');
    write(root, 'usr/sbin/modprobe', '');
    const list = (...names: string[]): void =>
      write(root, 'lib/modules/6.1.0-aws/modules.dep', names.map((name) => `kernel/${name}.ko:\n`).join(''));
    // Stands for the program of that name, which this machine may lack: one that always fails.
    const exec = { run: (what: Parameters<typeof host.exec.run>[0]) => host.exec.run({ ...what, argv: ['false'] }) };
    for (const { module } of WANTED_MODULES)
      if (module !== 'ifb') mkdirSync(join(root, 'sys/module', module), { recursive: true });
    list('ifb');
    const report = await install(request({ stage: 'boot', host: { ...host, exec } }), silent);
    expect(report.notes).toEqual(['the kernel module ifb could not be loaded: false failed with exit code 1']);
    expect(report.steps.map(({ step }) => describeStep(step))).toContain('load the kernel module ifb');
  });
});

function restoredEnvironment(): Disposable {
  const before = { ...process.env };
  return {
    [Symbol.dispose]: () => {
      for (const name of Object.keys(process.env)) if (before[name] === undefined) delete process.env[name];
      Object.assign(process.env, before);
    },
  };
}

test('an instance type that neither we nor EC2 know changes nothing', async () => {
  await using imds = serveMetadata({ instanceType: 'zz9.plural' });
  using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
  const { root, host, request } = temporary;
  const env = {
    ...host.env,
    AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:9',
    HTTP_TIMEOUT: '1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  };
  const before = treeOf(root);
  // The client of EC2 tells the SDK by the environment of the process where the metadata service is.
  using _restored = restoredEnvironment();
  const failed = await install(request({ stage: 'all', host: { ...host, env } }), silent).catch(
    (error: unknown) => error,
  );
  expect(failed).toMatchObject({ code: 'INSTANCE_TYPE_UNKNOWN', details: { type: 'zz9.plural' } });
  expect(treeOf(root)).toEqual(before);
}, 60_000);
