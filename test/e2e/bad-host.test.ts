import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { enterArgv } from '../../src/sim/index.ts';
import { executable, freshVpc, until } from '../support/e2e.ts';
import { failureOf, hostState } from '../support/e2e-expect.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('eh');
/** A node with nothing on it. */
const bare = vpc.node('node-a');

beforeAll(async () => {
  await vpc.up('--nodes', '1');
});
afterAll(async () => {
  await vpc.down();
});

/** What `install` says when it is refused, and that it changed nothing. */
async function refusalOf(words: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const before = await hostState(bare);
  const { exitCode, stdout } = await bare.run([executable(), 'install', ...words, '--json'], { env });
  const { error } = JSON.parse(stdout);
  expect({ exitCode, remedy: error.remedy }).toEqual({ exitCode: 1, remedy: expect.stringMatching(/\w/) });
  expect(await hostState(bare)).toBe(before);
  return `${error.code}: ${error.message}`;
}

async function write(path: string, text: string): Promise<void> {
  await bare.run(['tee', path], { input: text });
}

describe('a host that cannot be a node as it is', () => {
  test('metadata of version 1 only', async () => {
    await vpc.dial('IMDS', '--error', '405');
    const said = await refusalOf();
    await vpc.clearDials();
    expect(said).toStartWith(
      'IMDS_V1_ONLY: the instance metadata service at http://169.254.169.254 gives no session tokens',
    );
  });

  test('the environment names another region, or the endpoint of EC2 does', async () => {
    expect(await refusalOf([], { AWS_REGION: 'ap-mars-1' })).toMatch(
      /^WRONG_REGION: AWS_REGION says region ap-mars-1, but this instance is in \S+$/,
    );
    await bare.configure('AWS_ENDPOINT_URL_EC2=https://ec2.ap-mars-1.amazonaws.com');
    const said = await refusalOf();
    await bare.configure();
    expect(said).toStartWith(
      'WRONG_REGION: AWS_ENDPOINT_URL_EC2=https://ec2.ap-mars-1.amazonaws.com says region ap-mars-1',
    );
  });

  test("another plugin's network configuration sorts before ours", async () => {
    await bare.text('mkdir', '-p', '/etc/cni/net.d');
    const path = '/etc/cni/net.d/05-other.conflist';
    await write(path, JSON.stringify({ cniVersion: '1.0.0', name: 'other', plugins: [{ type: 'bridge' }] }));
    const said = await refusalOf();
    await write(path, JSON.stringify({ cniVersion: '1.0.0', name: 'multus', plugins: [{ type: 'multus' }] }));
    const dry = JSON.parse((await bare.cli('install', '--dry-run', '--json')).stdout);
    await bare.text('rm', '-r', '/etc/cni');
    expect(said).toBe(
      `CONFLIST_RIVAL: container runtimes would use ${path} (other) instead of ours: its name sorts first`,
    );
    expect({ problems: dry.problems, notes: dry.notes }).toEqual({
      problems: [],
      notes: [`${path} (multus) comes before ours and hands on to it`],
    });
  });

  test('a kubelet runs already', async () => {
    await bare.text('cp', '/bin/sleep', '/run/kubelet');
    const kubelet = Bun.spawn([...enterArgv(bare.paths), '/run/kubelet', '600']);
    try {
      const said = await until('the kubelet to be seen', async () => {
        const { stdout } = await bare.cli('install', '--dry-run', '--json');
        return JSON.parse(stdout).problems.length > 0 ? await refusalOf() : undefined;
      });
      expect(said).toMatch(/^KUBELET_RUNNING: kubelet \(pid \d+\) runs already/);
      const forced = JSON.parse((await bare.cli('install', '--dry-run', '--force', '--json')).stdout);
      expect(forced.problems).toEqual([]);
    } finally {
      kubelet.kill();
      await kubelet.exited;
      await bare.text('rm', '/run/kubelet');
    }
  });

  test('two links have the MAC of the primary interface', async () => {
    const links: readonly { readonly ifname: string; readonly address: string }[] = JSON.parse(
      await bare.text('ip', '-json', 'link', 'show', 'type', 'veth'),
    );
    const [primary] = links;
    if (primary === undefined) throw new Error('the node has no link');
    await bare.text(
      'ip',
      'link',
      'add',
      'copy',
      'address',
      primary.address,
      'type',
      'veth',
      'peer',
      'name',
      'copy-peer',
    );
    const said = await refusalOf();
    await bare.text('ip', 'link', 'delete', 'copy');
    expect(said).toBe(
      `LINK_AMBIGUOUS: the links ${primary.ifname}, copy all have the MAC ${primary.address} of the primary network interface`,
    );
  });

  test('plugins without loopback, and an archive that is not the one it should be', async () => {
    await bare.text('mkdir', '/run/plugins');
    for (const name of ['portmap', 'bandwidth', 'host-local', 'tuning'])
      await bare.text('cp', '/bin/true', `/run/plugins/${name}`);
    expect(await refusalOf(['--plugins', '/run/plugins'])).toBe(
      'PLUGINS_MISSING: no stock CNI plugin loopback in /run/plugins',
    );
    await bare.text('tar', '-czf', '/run/plugins.tgz', '-C', '/run/plugins', '.');
    const sum = (await bare.text('sha256sum', '/run/plugins.tgz')).split(' ')[0] ?? '';
    const wrong = 'ab'.repeat(32);
    expect(await refusalOf(['--plugins', '/run/plugins.tgz', '--plugins-checksum', `sha256:${wrong}`])).toBe(
      `CHECKSUM_MISMATCH: /run/plugins.tgz has sha256:${sum}, but --plugins-checksum says sha256:${wrong}`,
    );
    const nothing = await failureOf(bare, 'install', '--plugins-checksum', `sha256:${sum}`);
    expect(nothing).toMatchObject({ exitCode: 2, error: { code: 'USAGE' } });
    await bare.text('rm', '-r', '/run/plugins', '/run/plugins.tgz');
  });

  test('several things at once are all named by a dry run', async () => {
    const dry = await bare.run([executable(), 'install', '--dry-run', '--json', '--plugins', '/nowhere'], {
      env: { AWS_REGION: 'ap-mars-1', AWS_DEFAULT_REGION: 'ap-mars-2' },
    });
    const codes = JSON.parse(dry.stdout).problems.map(({ code }: { readonly code: string }) => code);
    expect(codes).toEqual(['PLUGINS_MISSING', 'WRONG_REGION', 'WRONG_REGION']);
  });
});

test('with the causes gone the node is installed, and everything is given back', async () => {
  const before = await hostState(bare);
  await bare.text(
    'nft',
    'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }',
  );
  const filtered = await hostState(bare);
  const { changes } = await bare.install();
  expect(changes).toContainEqual({ kind: 'set-forward-policy', target: 'iptables-nft FORWARD' });
  expect(await bare.text('nft', 'list', 'chain', 'ip', 'filter', 'FORWARD')).toContain('policy accept');
  expect((await bare.install()).changes).toEqual([]);
  await bare.uninstall('--purge');
  expect(await hostState(bare)).toBe(filtered);
  await bare.text('nft', 'delete', 'table', 'ip', 'filter');
  expect(await hostState(bare)).toBe(before);
});
