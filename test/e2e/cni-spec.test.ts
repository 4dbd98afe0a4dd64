import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { CNI_VERSIONS } from '../../src/cniproto/index.ts';
import { addChain, type ChainRun, chainOf, checkChain, deleteChain } from '../support/cni-chain.ts';
import { cniNode, DONE } from '../support/cni-node.ts';
import { errorFaults, resultFaults, versionFaults } from '../support/cni-schemas.ts';
import { freshVpc } from '../support/e2e.ts';
import { callPlugin, errorOf, makeSandbox, removeSandbox } from '../support/e2e-cni.ts';
import { callState, cniError } from '../support/e2e-expect.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('es');
const a = vpc.node('node-a');

beforeAll(async () => {
  await vpc.up('--nodes', '1');
  await a.configure('WARM_IP_TARGET=4', 'IP_COOLDOWN_PERIOD=1', 'ENABLE_BANDWIDTH_PLUGIN=true', 'DISABLE_POD_V6=true');
  await a.install();
  await a.untilStatus('addresses to be free', ({ pool }) => pool.free === 4);
});
afterAll(async () => {
  await vpc.down();
});

const { add, remove, check, linkOf } = cniNode(a);

describe('every version', () => {
  test('VERSION answers in the version it is asked in', async () => {
    const nobody = { pod: 'version', containerId: '', netns: '' };
    for (const plugin of ['aws-cni', 'egress-cni']) {
      const { exitCode, document } = await callPlugin(a, 'VERSION', nobody, {
        plugin,
        input: '{"cniVersion":"1.0.0"}',
      });
      expect([exitCode, versionFaults(document)]).toEqual([0, '']);
      expect(document).toEqual({ cniVersion: '1.0.0', supportedVersions: [...CNI_VERSIONS] });
    }
  });

  test.each(CNI_VERSIONS.map((version) => [version]))(
    '%s: the result is valid and true, and what the version has works',
    async (cniVersion) => {
      const options = { config: { cniVersion } };
      const { sandbox, prevResult } = await add(`v-${cniVersion.replaceAll('.', '-')}`, options);
      expect(resultFaults(prevResult, cniVersion)).toBe('');
      const {
        interfaces: [host, container],
        ips,
      } = Object(prevResult);
      expect(await linkOf(host.name)).toEqual({ name: host.name, mac: host.mac, mtu: 9001 });
      expect(await linkOf('eth0', sandbox.netns)).toEqual({ name: 'eth0', mac: container.mac, mtu: 9001 });
      expect([container.sandbox, host.mtu, container.mtu]).toEqual(
        cniVersion === '1.1.0' ? [sandbox.netns, 9001, 9001] : [sandbox.netns, undefined, undefined],
      );
      const { stdout } = await a.inNetns(sandbox.netns, 'ip', '-brief', 'address', 'show', 'dev', 'eth0');
      expect(stdout).toContain(` ${ips[0].address} `);
      const checked = await check(sandbox, prevResult, options);
      const status = await callPlugin(a, 'STATUS', sandbox, options);
      const valid = [{ containerID: sandbox.containerId, ifname: 'eth0' }];
      const collected = await callPlugin(a, 'GC', sandbox, {
        config: { cniVersion, 'cni.dev/valid-attachments': valid },
      });
      const refused = { exitCode: 1, document: expect.objectContaining({ cniVersion, code: 1 }) };
      expect(checked).toEqual(cniVersion.startsWith('0.3') ? refused : DONE);
      expect([status, collected]).toEqual(cniVersion === '1.1.0' ? [DONE, DONE] : [refused, refused]);
      for (const { document } of [checked, status, collected])
        if (document !== '') expect(errorFaults(document)).toBe('');
      await remove(sandbox);
    },
  );
});

describe('ADD', () => {
  test('an interface of the name that somebody else made is an error, and is left as it is', async () => {
    const sandbox = await makeSandbox(a, 'taken');
    await a.inNetns(sandbox.netns, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other');
    const [before, link] = [await callState(a), await linkOf('eth0', sandbox.netns)];
    const answer = await callPlugin(a, 'ADD', sandbox);
    expect(errorFaults(answer.document)).toBe('');
    expect(errorOf(answer)).toEqual(cniError(101, 'IFNAME_TAKEN', 'already has an interface eth0'));
    expect([await callState(a), await linkOf('eth0', sandbox.netns)]).toEqual([before, link]);
    await remove(sandbox);
  });

  test('one container has several interfaces of one network, each by its own name', async () => {
    const { sandbox, prevResult } = await add('several');
    const env = { CNI_IFNAME: 'net1' };
    const second = await callPlugin(a, 'ADD', sandbox, { env });
    expect(resultFaults(second.document, '1.1.0')).toBe('');
    expect(Object(second.document).ips[0].address).not.toBe(Object(prevResult).ips[0].address);
    expect(await check(sandbox, prevResult)).toEqual(DONE);
    expect(await check(sandbox, second.document, { env })).toEqual(DONE);
    expect(await callPlugin(a, 'DEL', sandbox, { env })).toEqual(DONE);
    expect(await check(sandbox, prevResult)).toEqual(DONE);
    await remove(sandbox);
  });

  test('what a plugin before us made is handed on, and ours is behind it', async () => {
    const before = {
      interfaces: [{ name: 'net9', sandbox: '/run/netns/behind', pciID: '0000:00:05.0' }],
      ips: [{ address: '10.9.0.2/24', interface: 0 }],
      routes: [{ dst: '10.9.0.0/16', gw: '10.9.0.1', priority: 7 }],
      dns: { nameservers: ['10.9.0.10'] },
    };
    const { sandbox, prevResult } = await add('behind', { config: { prevResult: { cniVersion: '1.1.0', ...before } } });
    const { interfaces, ips, routes, dns } = Object(prevResult);
    expect(resultFaults(prevResult, '1.1.0')).toBe('');
    expect([interfaces[0], ips[0], routes, dns]).toEqual([
      before.interfaces[0],
      before.ips[0],
      before.routes,
      before.dns,
    ]);
    expect([interfaces.length, interfaces[ips[1].interface].name]).toEqual([3, 'eth0']);
    expect(await check(sandbox, prevResult)).toEqual(DONE);
    await remove(sandbox);
  });
});

describe('the chain of the conflist, with the plugins of Debian', () => {
  const values = {
    portMappings: [{ hostPort: 8091, containerPort: 80, protocol: 'tcp' }],
    bandwidth: { ingressRate: 1_000_000, ingressBurst: 1_000_000, egressRate: 1_000_000, egressBurst: 1_000_000 },
    'io.kubernetes.cri.pod-annotations': { 'example.com/a': 'b' },
  };

  test('portmap, bandwidth and tuning do their part; CHECK passes; DEL leaves nothing', async () => {
    const chain = await chainOf(a);
    expect(chain.plugins.map(({ type }) => type)).toEqual(['aws-cni', 'portmap', 'bandwidth', 'tuning']);
    const before = await callState(a);
    const sandbox = await makeSandbox(a, 'chain');
    const run: ChainRun = { node: a, chain, sandbox, values };
    const result = await addChain(run);
    expect(resultFaults(result, '1.0.0')).toBe('');
    const { interfaces } = Object(result);
    expect(await a.text('tc', 'qdisc', 'show', 'dev', interfaces[0].name)).toContain('qdisc tbf');
    const mapped = ['sh', '-c', 'iptables-save -t nat 2>/dev/null; nft list ruleset'] as const;
    expect(await a.text(...mapped)).toContain('8091');
    const { stdout } = await a.inNetns(sandbox.netns, 'cat', '/proc/sys/net/ipv6/conf/all/disable_ipv6');
    expect(stdout.trim()).toBe('1');
    // CHECK of Debian's portmap looks for IPv6 rules it has made none of, and fails in any chain.
    await checkChain(run, result, { except: 'portmap' });
    await deleteChain(run, result);
    await deleteChain(run, result);
    expect(await a.text(...mapped)).not.toContain('8091');
    await removeSandbox(a, sandbox);
    // What portmap made for all pods stays: chains that jump nowhere. Everything else is as it was.
    const ours = (state: string): string => state.replaceAll(/\$ nft list ruleset.*?\$ sh/gs, '$ sh');
    expect(ours(await callState(a))).toBe(ours(before));
  });

  test('CHECK takes what a plugin behind us has changed and told', async () => {
    const { sandbox, prevResult } = await add('changed');
    const set = (...words: readonly string[]) => a.inNetns(sandbox.netns, 'ip', 'link', 'set', 'eth0', ...words);
    await set('address', '02:00:00:00:77:01', 'mtu', '1400');
    // The kernel forgets the neighbours of a link whose MAC changes; who does that has to see to them.
    const gateway = ['169.254.1.1', 'lladdr', Object(prevResult).interfaces[0].mac, 'nud', 'permanent', 'dev', 'eth0'];
    await a.inNetns(sandbox.netns, 'ip', 'neigh', 'replace', ...gateway);
    const {
      interfaces: [host, container],
      ...rest
    } = Object(prevResult);
    const told = { ...rest, interfaces: [host, { ...container, mac: '02:00:00:00:77:01', mtu: 1400 }] };
    expect(await check(sandbox, told)).toEqual(DONE);
    expect(errorOf(await check(sandbox, prevResult)).msg).toContain('has MAC 02:00:00:00:77:01, not');
    await set('mtu', '1300');
    expect(errorOf(await check(sandbox, told)).msg).toContain('has MTU 1300, not 1400');
    await remove(sandbox);
  });

  test('loopback and a second network by ptp and host-local live in the same sandbox', async () => {
    const { sandbox, prevResult } = await add('second', { config: { cniVersion: '1.0.0' } });
    const folder = '/usr/lib/cni';
    const ipam = { type: 'host-local', subnet: '10.88.0.0/24', dataDir: '/run/host-local' };
    const chains = [
      { ifName: 'lo', name: 'lo', plugins: [{ type: 'loopback' }] },
      { ifName: 'net1', name: 'second', plugins: [{ type: 'ptp', ipam }] },
    ].map(
      ({ ifName, ...rest }): ChainRun => ({
        node: a,
        sandbox,
        folder,
        chain: { cniVersion: '1.0.0', ...rest },
        env: { CNI_IFNAME: ifName },
      }),
    );
    const options = { config: { cniVersion: '1.0.0' } };
    const results: unknown[] = [];
    for (const run of chains) results.push(await addChain(run));
    expect(Object(results[1]).ips[0].address).toStartWith('10.88.0.');
    for (const [index, run] of chains.entries()) await checkChain(run, results[index]);
    expect(await check(sandbox, prevResult, options)).toEqual(DONE);
    for (const [index, run] of [...chains.entries()].reverse()) await deleteChain(run, results[index]);
    expect(await check(sandbox, prevResult, options)).toEqual(DONE);
    await remove(sandbox);
  });
});
