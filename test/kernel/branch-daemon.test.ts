import { expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { withTemporaryDirectory } from '../../src/sys/index.ts';
import { lines, TestNetns } from '../support/netns.ts';
import { BranchNode, branchEni, vlanTest } from './branch-node.ts';
import { call, Daemon } from './branch-process.ts';
import { INTERNET, ping, stateOf } from './pod-node.ts';

const { mac, address, vlanId } = branchEni(7);
const NOTE = { eniId: 'eni-7', ifAddress: mac, privateIp: address, vlanId, subnetCidr: '10.0.3.0/24' };
const state = ({ space }: BranchNode): string => lines(stateOf(space).replaceAll(/^\d+ /gm, '')).toSorted().join('\n');

vlanTest('a pod with a branch ENI: ADD, CHECK, another daemon, repair, DEL', () =>
  withTemporaryDirectory(async (directory) => {
    using node = new BranchNode();
    using pod = new TestNetns('s');
    writeFileSync(`${directory}/pods.json`, JSON.stringify({ 'default/nginx': [NOTE], 'default/late': null }));
    const start = (...words: readonly string[]): Daemon => new Daemon(node, directory, ...words);
    await using first = start('strict', 'trunk');
    expect(await first.ask('pods')).toEqual([]);
    const before = state(node);
    expect(await first.ask(call('ADD', pod, {}, 'late'))).toMatchObject({ code: 'POD_ENI_MISSING' });
    const result = await first.ask(call('ADD', pod));
    expect(result).toMatchObject({
      interfaces: [{ name: 'vlanc440f455693' }, { name: 'eth0', sandbox: pod.netns.path }],
      ips: [{ address: '10.0.3.7/32', gateway: '10.0.3.1', interface: 1 }],
    });
    expect(await ping(pod, INTERNET)).toBe('reached');
    const wired = state(node);
    expect(await first.ask(call('ADD', pod))).toEqual(result);
    expect(await first.ask(call('CHECK', pod, { prevResult: result }))).toEqual({});
    expect(await first.ask('repair')).toEqual([]);
    expect(state(node)).toBe(wired);
    await first[Symbol.asyncDispose]();

    // Nothing has been written down, and the mode is another one now: the pod keeps what it was promised.
    await using second = start('standard', 'trunk');
    expect(await second.ask('pods')).toEqual(['10.0.3.7']);
    expect(state(node)).toBe(wired);
    node.space.ip('link del vlan.eth.7');
    node.space.ip('rule del priority 10');
    expect(await second.ask(call('CHECK', pod, { prevResult: result }))).toMatchObject({ code: 'CHECK_FAILED' });
    expect(await second.ask('repair')).not.toEqual([]);
    expect(state(node)).toBe(wired);
    expect(await second.ask(call('CHECK', pod, { prevResult: result }))).toEqual({});
    expect(await ping(pod, INTERNET)).toBe('reached');

    expect(await second.ask(call('DEL', pod))).toEqual({});
    expect(await second.ask(call('DEL', pod))).toEqual({});
    // With the last such pod the host's own table is the first again.
    await second.ask('repair');
    node.space.ip('link del group 7690');
    const unlike = (text: string): readonly string[] => lines(text).filter((line) => !line.includes('lookup local'));
    expect(unlike(state(node))).toEqual(unlike(before));
    expect(lines(node.space.ip('rule'))[0]).toBe('0: from all lookup local');
  }),
);

vlanTest('without a trunk such a pod waits and costs nothing; GC takes one away that nobody names', () =>
  withTemporaryDirectory(async (directory) => {
    using node = new BranchNode();
    using pod = new TestNetns('s');
    writeFileSync(`${directory}/pods.json`, JSON.stringify({ 'default/nginx': [NOTE] }));
    await using waiting = new Daemon(node, directory, 'standard', 'none');
    await waiting.ask('pods');
    const before = state(node);
    expect(await waiting.ask(call('ADD', pod))).toMatchObject({ code: 'TRUNK_MISSING' });
    expect(state(node)).toBe(before);
    await waiting[Symbol.asyncDispose]();
    await using daemon = new Daemon(node, directory, 'standard', 'trunk');
    expect(await daemon.ask(call('ADD', pod))).toMatchObject({ interfaces: [{ name: 'enic440f455693' }, {}] });
    const named = { containerID: 'c-nginx', ifname: 'eth0' };
    expect(await daemon.ask(call('GC', undefined, { 'cni.dev/valid-attachments': [named] }))).toEqual({});
    expect(await daemon.ask('pods')).toEqual(['10.0.3.7']);
    expect(await daemon.ask(call('GC', undefined, { 'cni.dev/valid-attachments': [] }))).toEqual({});
    expect(await daemon.ask('pods')).toEqual([]);
    expect(node.space.ip('rule')).not.toContain('10.0.3.7');
  }),
);
