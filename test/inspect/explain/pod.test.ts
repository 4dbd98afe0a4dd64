import { describe, expect, test } from 'bun:test';
import { parseIp } from '../../../src/addr/index.ts';
import { loadSettings } from '../../../src/config/index.ts';
import type { ObservedNetwork } from '../../../src/dataplane/index.ts';
import { findPod, missingOn, pathOf, podInterfaces } from '../../../src/inspect/index.ts';
import { NOTES, OBSERVED, VPC } from './sample.ts';

const settingsWith = (env: Readonly<Record<string, string>> = {}) =>
  loadSettings({ files: [], userData: undefined, env, flags: {} }).settings;
const all = podInterfaces(NOTES, OBSERVED);
const pathIn = (observed: ObservedNetwork, env: Readonly<Record<string, string>> = {}, pod = 'default/web') => {
  const [found] = findPod(pod, all);
  if (found === undefined) throw new Error(`no ${pod}`);
  return pathOf(found, { notes: NOTES, observed, settings: settingsWith(env), vpcCidrs: VPC });
};

describe('findPod()', () => {
  for (const [wanted, found] of [
    ['default/web', ['10.0.1.5']],
    ['web', ['10.0.1.5']],
    ['c1d2e3', ['10.0.1.5']],
    ['default/guarded', ['10.0.2.9']],
    ['default/api', ['169.254.172.2']],
  ] as const)
    test(`${wanted} is known`, () => {
      expect(findPod(wanted, all).map(({ address }) => String(address))).toEqual([...found]);
    });

  test('one that is not here is told with those that are', () => {
    expect(() => findPod('default/nope', all)).toThrow(
      'no pod default/nope has an address of this node; there are default/api, default/guarded, default/lost, default/web',
    );
  });

  test('one that is not here is told with the notes that cannot be read', () => {
    const words = 'but what the daemon wrote down cannot be read in full: ipam.json, journal';
    expect(() => findPod('web', [], 'ipam.json, journal')).toThrow(words);
    expect(() => findPod('web', [])).not.toThrow('cannot be read');
  });

  test('the interface for egress, which carries no names, comes with its pod', () => {
    const [web] = all;
    if (web === undefined) throw new Error('the sample has a pod');
    const pod = { ...web.pod, ifName: 'v4if0', namespace: undefined, name: undefined };
    const egress = { pod, address: parseIp('169.254.172.3'), since: undefined, source: 'egress' } as const;
    for (const wanted of ['default/web', 'web', 'c1d2e3'])
      expect(findPod(wanted, [...all, egress]).map(({ address }) => String(address))).toEqual([
        '10.0.1.5',
        '169.254.172.3',
      ]);
  });

  test('one name in two namespaces is told', () => {
    const [web] = all;
    if (web === undefined) throw new Error('the sample has a pod');
    const twin = { ...web, pod: { ...web.pod, containerId: 'c2', namespace: 'other' } };
    expect(() => findPod('web', [...all, twin])).toThrow('web may be one of default/web, other/web');
  });
});

describe('pathOf()', () => {
  test('nothing is missing where all is there', () => {
    const path = pathIn(OBSERVED);
    expect([path.eni, missingOn(path), path.legs.length]).toEqual(['eni-1', [], 4]);
  });

  const without = {
    'its host end': { links: OBSERVED.links.filter(({ alias }) => alias?.includes('default/web') !== true) },
    'the rule to it': { rules: OBSERVED.rules.filter(({ priority }) => priority !== 512) },
    'the rule from it': { rules: OBSERVED.rules.filter(({ priority }) => priority !== 1536) },
    'the rule for marks': { rules: OBSERVED.rules.filter(({ priority }) => priority !== 1024) },
    'the route to it': { routes: OBSERVED.routes.filter(({ destination }) => destination.address !== '10.0.1.5') },
    'the default route of its table': { routes: OBSERVED.routes.filter(({ gateway }) => gateway === undefined) },
    'the link of its ENI': { links: OBSERVED.links.filter(({ name }) => name !== 'eth1') },
  };
  const titles: Readonly<Record<keyof typeof without, string>> = {
    'its host end': 'Its end on the host',
    'the rule to it': 'Rule for what goes to the pod',
    'the rule from it': 'Rule for what comes from the pod',
    'the rule for marks': 'Rule for marked packets',
    'the route to it': 'Route to the pod',
    'the default route of its table': 'Default route of that table',
    'the link of its ENI': 'Comes in by the ENI that has its address',
  };
  for (const [what, change] of Object.entries(without))
    test(`without ${what} just that is missing`, () => {
      const missing = missingOn(pathIn({ ...OBSERVED, ...change }));
      expect(missing.map(({ title }) => title)).toEqual([new Map(Object.entries(titles)).get(what) ?? '']);
      expect(missing[0]?.lack ?? '').not.toBe('');
    });

  test('the way out of the VPC follows the settings', () => {
    const detail = (env: Readonly<Record<string, string>>): readonly string[] =>
      pathIn(OBSERVED, env)
        .legs.at(-1)
        ?.hops.map((hop) => hop.detail) ?? [];
    expect(detail({})).toContain('becomes 10.0.0.4 on eth0');
    expect(detail({ AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true' })[0]).toContain(
      'stays 10.0.1.5: AWS_VPC_K8S_CNI_EXTERNALSNAT',
    );
    expect(detail({ AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: '192.0.2.0/24' })[0]).toContain('10.0.0.0/16, 192.0.2.0/24');
  });
});
