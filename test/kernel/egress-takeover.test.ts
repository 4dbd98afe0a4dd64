import { expect } from 'bun:test';
import { IP_FAMILIES } from '../../src/addr/index.ts';
import { PATHS } from '../../src/hostspec/index.ts';
import {
  findEgresses,
  importEgresses,
  reservedAddresses,
  unwiredEgresses,
} from '../../src/installer/aws-node-egress.ts';
import { findAwsNodeRules, observeNetwork, PacketFilter, removeAwsNodeRules } from '../../src/kernel/index.ts';
import { createFiles, withTemporaryDirectory } from '../../src/sys/index.ts';
import { awsNodePodSetup } from '../support/aws-node.ts';
import {
  type AwsNodeEgressPod,
  awsNodeEgressRoute,
  awsNodeEgressRules,
  awsNodeEgressSetup,
} from '../support/aws-node-egress.ts';
import { until } from '../support/e2e.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { call, Daemon } from './branch-process.ts';
import { giveIpv6, NODE_IPV6, WORLD_IPV6 } from './ipv6-node.ts';
import { ping, TestNode } from './pod-node.ts';

const RESERVED = '/run/cni/v4pd/egress-v6-ipam/aws-cni';

kernelTest('the second interface of a pod of aws-node is taken over while it talks, until its DEL', () =>
  withTemporaryDirectory(async (root) => {
    using node = new TestNode();
    using space = new TestNetns('egress');
    giveIpv6(node);
    const owner = { namespace: 'default', name: 'nginx', containerId: 'c-nginx', netns: space.name };
    const theirs: AwsNodeEgressPod = { ...owner, address: 'fd00::ac:2', hostEnd: 'veth0a1b2c3d' };
    const first = awsNodePodSetup({ ...owner, address: '10.0.1.90', table: 254 });
    for (const { at, words } of [...first, ...awsNodeEgressSetup(theirs)])
      (at === 'node' ? node.space : space).ip(words);
    space.run('sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=1');
    const gateway = await until('the link-local address of the host end', () => {
      const shown = node.space.ip('-6 -o addr show dev veth0a1b2c3d scope link -tentative');
      return /inet6 (fe80:[^/]+)/.exec(shown)?.[1];
    });
    space.ip(awsNodeEgressRoute(gateway));
    const files = createFiles(root);
    files.ensureDirectory(RESERVED, 0o755);
    files.replace({ path: `${RESERVED}/fd00::ac:2`, text: 'c-nginx\r\neth0', mode: 0o600 });
    files.replace({ path: `${RESERVED}/last_reserved_ip.0`, text: 'fd00::ac:2', mode: 0o600 });

    await node.space.insideWith(async (exec) => {
      const input = awsNodeEgressRules(theirs, NODE_IPV6);
      await exec.run({ argv: ['ip6tables-nft-restore', '--noflush'], input });
      expect(await ping(space, WORLD_IPV6)).toBe('reached');
      const before = observeNetwork(node.socket, IP_FAMILIES);
      const { found, unsupported } = findEgresses(before, reservedAddresses(files), []);
      expect(unsupported).toEqual([]);
      const pings = Bun.spawn(['ip', 'netns', 'exec', space.name, 'ping', '-n', '-q', '-i', '0.02', WORLD_IPV6], {
        stdout: 'pipe',
      });

      node.space.inside(() => importEgresses(files, found));
      await using daemon = new Daemon(node, root, 'egress', 'none', 'aws-node');
      expect(await daemon.ask('pods')).toEqual([]);
      const after = observeNetwork(node.socket, IP_FAMILIES);
      expect(unwiredEgresses(found, before, after)).toEqual([]);
      expect(unwiredEgresses(found, before, before)).toHaveLength(1);
      const filter = new PacketFilter(exec);
      await filter.repair(undefined, { family: 'ipv6', nodeAddress: NODE_IPV6, randomize: 'prng' });
      const rules = await findAwsNodeRules(exec);
      expect(rules.iptables.map(({ program, count }) => `${program} ${count}`)).toEqual(['ip6tables-nft 4']);
      await removeAwsNodeRules(exec, rules);
      expect((await exec.run({ argv: ['ip6tables-nft-save'] })).stdout).not.toContain('CNI-E6');
      expect(await daemon.ask('repair')).toEqual([]);
      // A new connection, which no entry of the connection table helps along.
      expect(await ping(space, WORLD_IPV6)).toBe('reached');

      const kept = {
        cniVersion: '1.0.0',
        interfaces: [{ name: theirs.hostEnd }, { name: 'v6if0', sandbox: space.netns.path }],
        ips: [{ address: '10.0.1.90/32' }],
      };
      const egress = (command: string) => ({
        ...call(command, space, { type: 'egress-cni', enabled: 'true', prevResult: kept }),
        plugin: 'egress-cni',
      });
      expect(await daemon.ask(egress('CHECK'))).toEqual({});
      const links = node.space.ip('-o link');
      expect(await daemon.ask(egress('ADD'))).toMatchObject({ interfaces: [{}, {}, { name: theirs.hostEnd }, {}] });
      expect(node.space.ip('-o link')).toBe(links);
      pings.kill('SIGINT');
      const [, sent, got] =
        /(\d+) packets transmitted, (\d+) received/.exec(await new Response(pings.stdout).text()) ?? [];
      expect({ lost: Number(sent) - Number(got), enough: Number(sent) > 10 }).toEqual({ lost: 0, enough: true });

      space.ip('addr del fd00::ac:2/118 dev v6if0');
      expect(await daemon.ask(egress('CHECK'))).toMatchObject({ code: 'CHECK_FAILED' });
      expect(await daemon.ask(egress('DEL'))).toEqual({});
      expect(files.list(PATHS.egress)).toEqual([]);
      expect(lines(node.space.ip('-6 route show fd00::ac:2'))).toEqual([]);
      node.space.ip('link delete group 7690');
      expect(node.space.ip('-o link')).not.toContain(theirs.hostEnd);
    });
  }),
);
