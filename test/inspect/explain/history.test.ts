import { expect, test } from 'bun:test';
import { readHistory } from '../../../src/inspect/index.ts';
import type { FileFact } from '../../../src/sys/index.ts';

const LOG = [
  '{"level":"info","time":"2026-01-01T00:00:01.000Z","pod":"default/web","pod_ip":"10.0.0.5","container_id":"c1","msg":"pod added"}',
  '{"level":"info","time":"2026-01-01T00:00:02.000Z","pod_ip":"10.0.0.55","container_id":"c2","msg":"pod added"}',
  '{"level":"info","time":"2026-01-01T00:00:03.000Z","pod_ip":"10.0.0.5","container_id":"c1","msg":"pod deleted"}',
  '{"level":"info","time":"2026-01-01T00:00:00.500Z","pod_ip":["10.0.0.5","10.0.9.9"],"container_id":"c0","msg":"pod deleted"}',
  'half a li',
].join('\n');
const JOURNAL = `{"__REALTIME_TIMESTAMP":"1767225604000000","MESSAGE":"pod added (container_id=c3, pod=default/db, pod_ip=10.0.0.5)","POD":"default/db","CONTAINER_ID":"c3"}\nno\n`;

const here: FileFact = { kind: 'directory', mode: 0o755, owner: { uid: 0, gid: 0 } };
const absent: FileFact = { kind: 'absent' };
const host = (systemd: boolean, run: () => Promise<{ exitCode: number; stdout: string; stderr: string }>) => ({
  files: {
    read: (path: string) => (path === '/run/vpc-cni/ipamd.log' ? LOG : undefined),
    fact: () => (systemd ? here : absent),
    list: () => [],
    sha256: () => '',
    checksum: () => '',
  },
  exec: { run },
});
const journal = async () => ({ exitCode: 0, stdout: JOURNAL, stderr: '' });

test('readHistory() tells the log of a host without systemd, newest first', async () => {
  const events = await readHistory('10.0.0.5', host(false, journal));
  expect(events).toEqual([
    { at: '2026-01-01T00:00:03.000Z', what: 'pod deleted', pod: null, containerId: 'c1' },
    { at: '2026-01-01T00:00:01.000Z', what: 'pod added', pod: 'default/web', containerId: 'c1' },
    { at: '2026-01-01T00:00:00.500Z', what: 'pod deleted', pod: null, containerId: 'c0' },
  ]);
});

test('readHistory() asks the journal, and takes no answer for none', async () => {
  const [newest] = await readHistory('10.0.0.5', host(true, journal));
  expect(newest).toEqual({ at: '2026-01-01T00:00:04.000Z', what: 'pod added', pod: 'default/db', containerId: 'c3' });
  const silent = await readHistory(
    '10.0.0.5',
    host(true, () => Promise.reject(new Error('no journal'))),
  );
  expect(silent).toHaveLength(3);
});
