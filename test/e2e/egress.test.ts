import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { INTERNET_ADDRESS, INTERNET_IPV6_ADDRESS } from '../../src/sim/fabric/index.ts';
import { type E2eNode, freshVpc, until } from '../support/e2e.ts';
import { type CniAnswer, callPlugin, errorOf, makeSandbox, removeSandbox, type Sandbox } from '../support/e2e-cni.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('eg');
/** Pods of `node-a` have IPv6 addresses and reach IPv4 by the node; on `node-b` it is the other way round. */
const [a, b] = [vpc.node('node-a'), vpc.node('node-b')];
const IPV6_PODS = [
  ...['ENABLE_IPv4=false', 'ENABLE_IPv6=true', 'ENABLE_PREFIX_DELEGATION=true', 'WARM_PREFIX_TARGET=1'],
];

interface Plugin {
  readonly type: string;
}

/** The plugin's configuration as the daemon published it, with what a runtime adds. */
async function published(node: E2eNode, type: string): Promise<Readonly<Record<string, unknown>>> {
  const conflist: { plugins: readonly Plugin[] } = JSON.parse(await node.text('cat', '/etc/cni/net.d/10-aws.conflist'));
  const found = conflist.plugins.find((plugin) => plugin.type === type);
  if (found === undefined) throw new Error(`no ${type} in ${JSON.stringify(conflist)}`);
  return { ...found, name: 'aws-cni', cniVersion: '1.1.0' };
}

async function call(node: E2eNode, plugin: string, command: string, pod: Sandbox, config = {}): Promise<CniAnswer> {
  return callPlugin(node, command, pod, { plugin, config: { ...(await published(node, plugin)), ...config } });
}

/** Adds a pod as a runtime does: both plugins, the second with the result of the first. */
async function add(node: E2eNode, name: string): Promise<{ readonly pod: Sandbox; readonly prevResult: unknown }> {
  const pod = await makeSandbox(node, name);
  const first = await call(node, 'aws-cni', 'ADD', pod);
  if (first.exitCode !== 0) throw new Error(`ADD failed: ${JSON.stringify(first)}`);
  const second = await call(node, 'egress-cni', 'ADD', pod, { prevResult: first.document });
  if (second.exitCode !== 0) throw new Error(`ADD of egress failed: ${JSON.stringify(second)}`);
  return { pod, prevResult: second.document };
}

async function remove(node: E2eNode, { pod, prevResult }: { pod: Sandbox; prevResult: unknown }): Promise<void> {
  for (const plugin of ['egress-cni', 'aws-cni'])
    expect(await call(node, plugin, 'DEL', pod, { prevResult })).toEqual({ exitCode: 0, document: '' });
}

const reaches = async (node: E2eNode, { netns }: Sandbox, target: string): Promise<string> => {
  const { stdout } = await node.inNetns(netns, 'ping', '-n', '-q', '-c', '2', '-i', '0.1', '-W', '1', target);
  return `${target}: ${/(\d) received/.exec(stdout)?.[1] ?? 'none'} of 2`;
};
const leases = (node: E2eNode): Promise<string> => node.text('ls', '/run/vpc-cni/egress');

beforeAll(async () => {
  await vpc.up('--scenario', 'ipv6');
  await a.configure(...IPV6_PODS);
  await b.configure('ENABLE_V6_EGRESS=true');
  await Promise.all([a.install(), b.install()]);
});
afterAll(async () => {
  await vpc.down();
});

const sides = [
  { node: a, ifName: 'v4if0', addresses: ['169.254.172.2', '169.254.172.3'], world: INTERNET_ADDRESS, table: 'ip' },
  { node: b, ifName: 'v6if0', addresses: ['fd00::ac:2', 'fd00::ac:3'], world: INTERNET_IPV6_ADDRESS, table: 'ip6' },
] as const;

for (const { node, ifName, addresses, world, table } of sides)
  test(`pods of ${node.name} reach ${world} by ${ifName}, over a restart of the daemon, until they go`, async () => {
    const one = await add(node, 'one');
    const two = await add(node, 'two');
    const { interfaces, ips } = Object(one.prevResult);
    expect(interfaces.map(({ name }: { name: string }) => name)).toEqual([
      expect.stringMatching(/^eni[0-9a-f]{11}$/),
      'eth0',
      expect.stringMatching(/^eni[0-9a-f]{11}$/),
      ifName,
    ]);
    expect(ips).toHaveLength(1);
    expect((await leases(node)).trim().split('\n')).toEqual([...addresses]);
    const both = async (): Promise<readonly string[]> =>
      Promise.all([one, two].map(({ pod }) => reaches(node, pod, world)));
    expect(await both()).toEqual([`${world}: 2 of 2`, `${world}: 2 of 2`]);
    expect(await call(node, 'egress-cni', 'CHECK', one.pod, { prevResult: one.prevResult })).toMatchObject({
      exitCode: 0,
    });
    const state = async (): Promise<string> =>
      [
        // Not those that each link gives itself: an ENI may come meanwhile.
        (await node.text('ip', '-6', 'route')).replace(/^fe80::.*\n/gm, ''),
        await node.text('ip', '-4', 'route'),
        await node.text('nft', 'list', 'table', table, 'vpc-cni'),
      ].join('');
    const before = await state();
    await node.stopDaemon('SIGKILL');
    await node.install();
    const { pool, conditions } = await node.untilStatus('the daemon is back', ({ ready }) => ready);
    // Second addresses are of no ENI, and not taken for pods that nobody knows.
    expect([pool.assigned, pool.orphans ?? 0, conditions]).toEqual([2, 0, []]);
    expect(await state()).toBe(before);
    expect(await both()).toEqual([`${world}: 2 of 2`, `${world}: 2 of 2`]);
    // What somebody takes away of it comes back by itself.
    await node.text('ip', table === 'ip' ? '-4' : '-6', 'route', 'del', addresses[0]);
    await node.text('nft', 'flush', 'chain', table, 'vpc-cni', 'egress-nat');
    await until('egress to be repaired', async () => ((await state()) === before ? true : undefined));
    expect(await both()).toEqual([`${world}: 2 of 2`, `${world}: 2 of 2`]);
    await node.inNetns(one.pod.netns, 'ip', 'link', 'set', ifName, 'down');
    const damaged = await call(node, 'egress-cni', 'CHECK', one.pod, { prevResult: one.prevResult });
    expect(errorOf(damaged)).toMatchObject({ code: 102, msg: expect.stringContaining(ifName) });
    await remove(node, one);
    expect(await reaches(node, two.pod, world)).toBe(`${world}: 2 of 2`);
    // A DEL of the second plugin that never came, as when its configuration was taken out of the chain.
    await removeSandbox(node, two.pod);
    expect(await call(node, 'aws-cni', 'DEL', two.pod)).toEqual({ exitCode: 0, document: '' });
    expect(await leases(node)).toBe('');
    await until('no link of a pod to be left', async () =>
      (await node.text('ip', '-o', 'link')).includes(' eni') ? undefined : true,
    );
  });

test('GC takes what no attachment holds, and a DEL kept while the daemon was away is done later', async () => {
  const [kept, stale, late] = [await add(a, 'kept'), await add(a, 'stale'), await add(a, 'late')];
  const valid = [kept, late].map(({ pod }) => ({ containerID: pod.containerId, ifname: 'eth0' }));
  const gc = await call(a, 'egress-cni', 'GC', stale.pod, { 'cni.dev/valid-attachments': valid });
  expect(gc).toEqual({ exitCode: 0, document: '' });
  // The other plugin's GC leaves second interfaces alone.
  const own = await call(a, 'aws-cni', 'GC', stale.pod, { 'cni.dev/valid-attachments': valid });
  expect(own).toEqual({ exitCode: 0, document: '' });
  expect((await leases(a)).trim().split('\n')).toHaveLength(2);
  expect(await reaches(a, kept.pod, INTERNET_ADDRESS)).toBe(`${INTERNET_ADDRESS}: 2 of 2`);
  expect(await reaches(a, stale.pod, INTERNET_ADDRESS)).toBe(`${INTERNET_ADDRESS}: 0 of 2`);
  await a.stopDaemon('SIGTERM');
  expect(await call(a, 'egress-cni', 'DEL', late.pod)).toEqual({ exitCode: 0, document: '' });
  await a.install();
  await until('the kept DEL to be done', async () =>
    (await leases(a)).trim().split('\n').length === 1 ? true : undefined,
  );
  expect(await reaches(a, kept.pod, INTERNET_ADDRESS)).toBe(`${INTERNET_ADDRESS}: 2 of 2`);
});

test('uninstalling takes the second interfaces, tables and addresses away', async () => {
  await add(b, 'left');
  await Promise.all([a.uninstall(), b.uninstall()]);
  for (const node of [a, b]) {
    expect(await node.text('nft', 'list', 'tables')).not.toContain('vpc-cni');
    expect(await node.text('ip', '-o', 'link')).not.toContain(' eni');
    expect((await node.run(['ls', '/run/vpc-cni/egress'])).exitCode).not.toBe(0);
    expect(await node.text('ip', '-6', 'route')).not.toContain('proto 90');
  }
});
