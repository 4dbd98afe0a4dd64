import { expect, test } from 'bun:test';
import { egressAddress } from '../../src/dataplane/index.ts';
import { PATHS } from '../../src/hostspec/index.ts';
import { handOverEgress } from '../../src/installer/hand-over-egress.ts';
import { type Owner, renderLease } from '../../src/pool/index.ts';
import { createFiles, withTemporaryDirectory } from '../../src/sys/index.ts';

const pod = (name: string): Owner => ({
  ...{ network: 'aws-cni', containerId: `c-${name}`, ifName: 'eth0', podNamespace: 'default', podName: name },
});

test('handOverEgress() leaves addresses as the host-local plugin writes them, but those of pods that are gone', () =>
  withTemporaryDirectory(async (root) => {
    const files = createFiles(root);
    files.ensureDirectory(PATHS.egress, 0o700);
    const kept = [
      [egressAddress('ipv4', 2), renderLease(pod('a'))],
      [egressAddress('ipv6', 3), renderLease(pod('b'))],
      [egressAddress('ipv4', 4), renderLease(pod('gone'))],
      [egressAddress('ipv4', 5), 'broken'],
      ['10.0.0.1', renderLease(pod('c'))],
      ['note', ''],
    ] as const;
    for (const [name, text] of kept) files.replace({ path: `${PATHS.egress}/${name}`, text, mode: 0o600 });
    handOverEgress(files, [pod('gone')]);
    handOverEgress(files, [pod('gone')]);
    const [ipv4, ipv6] = ['/run/cni/v6pd/egress-v4-ipam', '/run/cni/v4pd/egress-v6-ipam'];
    expect([files.list(`${ipv4}/aws-cni`), files.list(`${ipv6}/aws-cni`)]).toEqual([['169.254.172.2'], ['fd00::ac:3']]);
    expect(files.read(`${ipv4}/aws-cni/169.254.172.2`)).toBe('c-a\r\neth0');
    expect(files.fact(`${ipv6}/aws-cni/fd00::ac:3`)).toMatchObject({ kind: 'file', mode: 0o600 });
  }));

test('handOverEgress() frees what pods held that went since aws-node was here, and leaves its other files', () =>
  withTemporaryDirectory(async (root) => {
    const files = createFiles(root);
    const [held, reserved] = [PATHS.egress, '/run/cni/v4pd/egress-v6-ipam/aws-cni'];
    for (const path of [held, reserved]) files.ensureDirectory(path, 0o700);
    files.replace({ path: `${held}/fd00::ac:3`, text: renderLease(pod('b')), mode: 0o600 });
    files.replace({ path: `${held}/fd00::ac:4`, text: 'broken', mode: 0o600 });
    for (const name of ['fd00::ac:2', 'fd00::ac:3', 'fd00::ac:4', 'last_reserved_ip.0', 'lock'])
      files.replace({ path: `${reserved}/${name}`, text: 'c-old\r\neth0', mode: 0o600 });
    handOverEgress(files, []);
    expect(files.list(reserved).toSorted()).toEqual(['fd00::ac:3', 'fd00::ac:4', 'last_reserved_ip.0', 'lock']);
    expect(files.read(`${reserved}/fd00::ac:3`)).toBe('c-b\r\neth0');
  }));

test('handOverEgress() makes nothing where no pod has a second interface', () =>
  withTemporaryDirectory(async (root) => {
    const files = createFiles(root);
    handOverEgress(files, []);
    expect(files.list('/')).toEqual([]);
  }));
