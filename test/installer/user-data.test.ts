import { expect, test } from 'bun:test';
import { renderStep } from '../../src/hostspec/index.ts';
import { install, planInstall } from '../../src/installer/index.ts';
import { serveMetadata } from './metadata.ts';
import { silent, temporaryHost, treeOf } from './temporary-host.ts';

const KEPT = '/run/vpc-cni/user-data.env';
const SECRET = 'wJalrXUtnFEMI';

test('the boot stage keeps the settings of user data for root alone, goes by them, and reads them once a boot', async () => {
  const userData = `#vpc-cni\nDISABLE_TCP_EARLY_DEMUX=true\nAWS_ACCESS_KEY_ID=AKIA\nAWS_SECRET_ACCESS_KEY=${SECRET}\n`;
  const imds = serveMetadata({ userData });
  using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
  const { host, request } = temporary;
  const { boot } = await planInstall(request({ stage: 'boot' }));
  expect(boot.steps.map(renderStep).join('\n')).not.toContain(SECRET);
  await install(request({ stage: 'boot' }), silent);
  expect(host.files.read(KEPT)).toContain(SECRET);
  expect([host.files.fact(KEPT), host.files.fact('/run/vpc-cni')]).toMatchObject([{ mode: 0o600 }, { mode: 0o700 }]);
  expect(host.files.read('/proc/sys/net/ipv4/tcp_early_demux')).toBe('0');
  await imds.stop(true);

  await using another = serveMetadata({ userData: '#vpc-cni\nDISABLE_TCP_EARLY_DEMUX=false\n' });
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${another.port}` };
  const again = await install(request({ stage: 'boot', host: { ...host, env } }), silent);
  expect(again.steps).toEqual([]);
});

test('a document of ours that is packed, as the service gives it byte by byte, is kept like any other', async () => {
  await using imds = serveMetadata({ userData: Bun.gzipSync('#vpc-cni\nDISABLE_TCP_EARLY_DEMUX=true\n') });
  using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
  await install(temporary.request({ stage: 'boot' }), silent);
  expect(temporary.host.files.read(KEPT)).toContain('DISABLE_TCP_EARLY_DEMUX');
  expect(temporary.host.files.read('/proc/sys/net/ipv4/tcp_early_demux')).toBe('0');
});

test('an instance without user data keeps that there is none', async () => {
  await using imds = serveMetadata();
  using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
  await install(temporary.request({ stage: 'boot' }), silent);
  const text = temporary.host.files.read(KEPT) ?? '';
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  expect(text).not.toBe('');
});

test('wrong settings in user data are all named, and nothing is changed', async () => {
  await using imds = serveMetadata({ userData: '#vpc-cni\nPOD_MTU=12\nWARM_ENI_TARGTE=1\n' });
  using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
  const { root, request } = temporary;
  // At a boot what earlier ones left goes first, whatever else is wrong: only that is noted.
  const tree = (): readonly string[] => treeOf(root).filter((line) => !line.startsWith('run/vpc-cni'));
  const before = tree();
  for (const stage of ['all', 'boot'] as const) {
    const failed = await install(request({ stage }), silent).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'CONFIG_INVALID' });
    for (const word of ['EC2 user data:2', 'EC2 user data:3', 'POD_MTU', 'WARM_ENI_TARGTE'])
      expect(String(failed)).toContain(word);
    expect(tree()).toEqual(before);
  }
});
