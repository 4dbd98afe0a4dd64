import { expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { parseIp } from '../../src/addr/index.ts';
import { findBranches, nameBranches, unwiredBranches } from '../../src/installer/aws-node-branches.ts';
import { parseKeptBranch } from '../../src/installer/parse-kept-result.ts';
import { withTemporaryDirectory } from '../../src/sys/index.ts';
import {
  type AwsNodeBranchPod,
  awsNodeBranchResult,
  awsNodeBranchSetup,
  keptResult,
} from '../support/aws-node-branch.ts';
import { lines, TestNetns } from '../support/netns.ts';
import { BranchNode, branchEni, vlanTest } from './branch-node.ts';
import { call, Daemon } from './branch-process.ts';
import { INTERNET, ping } from './pod-node.ts';

const { mac, address, gateway, vlanId } = branchEni(7);

const rulesOfPod = ({ space }: BranchNode): readonly string[] =>
  lines(space.ip('rule')).filter((line) => /10\.0\.3\.7|vlan|^20:/.test(line));

/** Reports what of a stream of pings came back. */
function startPings(space: TestNetns): { end(): Promise<{ readonly sent: number; readonly lost: number }> } {
  const argv = ['ip', 'netns', 'exec', space.name, 'ping', '-n', '-q', '-i', '0.05', INTERNET];
  const child = Bun.spawn(argv, { stdout: 'pipe' });
  return {
    async end() {
      child.kill('SIGINT');
      const text = await new Response(child.stdout).text();
      const [, sent, got] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
      return { sent: Number(sent), lost: Number(sent) - Number(got) };
    },
  };
}

for (const mode of ['strict', 'standard'] as const)
  vlanTest(`a pod with a branch ENI of aws-node in ${mode} mode is taken over while it talks, until its DEL`, () =>
    withTemporaryDirectory(async (directory) => {
      using node = new BranchNode();
      using space = new TestNetns('s');
      const trunk = 'eth2';
      const theirs: AwsNodeBranchPod = {
        ...{ namespace: 'default', name: 'nginx', containerId: 'c-nginx', netns: space.name },
        ...{ address, vlanId, mac, gateway, trunk, mode },
      };
      for (const { at, words } of awsNodeBranchSetup(theirs)) (at === 'node' ? node.space : space).ip(words);
      expect(await ping(space, INTERNET)).toBe('reached');
      const result = awsNodeBranchResult(theirs);
      const before = node.observe();
      const { found, unsupported } = findBranches(
        before,
        [parseKeptBranch(keptResult(theirs, result))].flatMap((p) => p ?? []),
      );
      expect(unsupported).toEqual([]);
      writeFileSync(`${directory}/pods.json`, '{}');

      const pings = startPings(space);
      node.space.inside(() => nameBranches(found));
      await using daemon = new Daemon(node, directory, mode, 'trunk', 'aws-node');
      expect(await daemon.ask('pods')).toEqual(['10.0.3.7']);
      const after = node.observe();
      expect(unwiredBranches(found, before, after)).toEqual([]);
      expect(unwiredBranches(found, before, before)).toHaveLength(1);
      expect(await daemon.ask('repair')).toEqual([]);
      expect(rulesOfPod(node).filter((line) => !line.endsWith('proto 90'))).toEqual([]);
      expect(await daemon.ask(call('CHECK', space, { cniVersion: '0.4.0', prevResult: result }))).toEqual({});
      expect(await daemon.ask(call('ADD', space))).toMatchObject({ ips: [{ address: '10.0.3.7/32' }] });
      expect(node.observe().links).toEqual(after.links);
      const { sent, lost } = await pings.end();
      expect({ lost, enough: sent > 5 }).toEqual({ lost: 0, enough: true });

      expect(await daemon.ask(call('DEL', space, { prevResult: result }))).toEqual({});
      await daemon.ask('repair');
      node.space.ip('link delete group 7690');
      expect(rulesOfPod(node).filter((line) => !line.startsWith('20:'))).toEqual([]);
      expect(node.space.ip('-o link')).not.toContain('vlan');
    }),
  );

vlanTest('a pod whose names have no room in the alias is known to the next daemon all the same', () =>
  withTemporaryDirectory(async (directory) => {
    using node = new BranchNode();
    using space = new TestNetns('s');
    const name = 'n'.repeat(150);
    const note = { ifAddress: mac, privateIp: parseIp(address), vlanId, subnetCidr: '10.0.3.0/24' };
    writeFileSync(`${directory}/pods.json`, JSON.stringify({ [`default/${name}`]: [note] }));
    await using first = new Daemon(node, directory, 'strict', 'trunk');
    const result = await first.ask(call('ADD', space, {}, name));
    expect(result).toMatchObject({ ips: [{ address: '10.0.3.7/32' }] });
    await first[Symbol.asyncDispose]();
    const wired = node.observe();
    await using second = new Daemon(node, directory, 'strict', 'trunk');
    expect(await second.ask('pods')).toEqual(['10.0.3.7']);
    expect(node.observe()).toEqual(wired);
    expect(await second.ask(call('CHECK', space, { prevResult: result }, name))).toEqual({});
    expect(await second.ask(call('DEL', undefined, {}, name))).toEqual({});
    expect(rulesOfPod(node).filter((line) => !line.startsWith('20:'))).toEqual([]);
  }),
);
