import { expect, test } from 'bun:test';
import { answersWithoutToken } from '../../../src/aws/index.ts';
import { diagnoseAws } from '../../../src/inspect/doctor/aws.ts';
import { finding } from '../../../src/inspect/doctor/finding.ts';
import { optionOf, parseMaxPods } from '../../../src/inspect/doctor/parse-kubelet.ts';
import { diagnoseSurroundings, type SurroundingsFacts } from '../../../src/inspect/doctor/surroundings.ts';
import { renderFindings } from '../../../src/inspect/index.ts';

const QUIET: SurroundingsFacts = {
  otherIpamd: [],
  links: ['lo', 'eth0', 'eni0761ccbeace', 'docker0', 'caliber0'],
  connections: { count: 100, max: 262_144 },
  filters: [
    { program: 'iptables-nft', rules: 30 },
    { program: 'iptables-legacy', rules: 0 },
  ],
  kubelet: { maxPods: 11, from: 'its option --max-pods' },
  podRoom: 11,
  networkdLinks: [],
};
const said = (more: Partial<SurroundingsFacts>): readonly string[] =>
  diagnoseSurroundings({ ...QUIET, ...more }).map(({ code, evidence }) => `${code}: ${evidence}`);

test('an ordinary node has no finding', () => {
  expect(said({})).toEqual([]);
  expect(said({ connections: undefined, kubelet: undefined, podRoom: undefined })).toEqual([]);
});

test('the table of connections from four fifths on', () => {
  expect(said({ connections: { count: 79, max: 100 } })).toEqual([]);
  expect(said({ connections: { count: 80, max: 100 } })).toEqual(['CONNTRACK_FILLING: 80 of 100 connections']);
});

test('links of every CNI plugin we know', () => {
  const links = ['cilium_host', 'cali0123456789a', 'flannel.1', 'weave', 'antrea-gw0', 'kube-bridge', 'cni0'];
  expect(said({ links }).map((line) => line.split(': ')[0])).toEqual(links.map(() => 'OTHER_CNI'));
});

test('an ENI that networkd has configured', () => {
  expect(said({ networkdLinks: [{ link: 'eth1', file: '/etc/systemd/network/01-all.network' }] })).toEqual([
    'NETWORKD_MANAGES_ENI: it has configured eth1 by /etc/systemd/network/01-all.network',
  ]);
});

test('a limit of the kubelet, in every way it is told', () => {
  expect(parseMaxPods('kind: KubeletConfiguration\nmaxPods: 58\n')).toBe(58);
  expect(parseMaxPods('{\n  "maxPods": 29,\n  "x": 1\n}')).toBe(29);
  expect(parseMaxPods('{"maxPods":29}')).toBe(29);
  expect(parseMaxPods('# maxPods: 3\nother: maxPods\n')).toBeUndefined();
  expect(optionOf(['kubelet', '--max-pods=17', '--v', '2'], '--max-pods')).toBe('17');
  expect(optionOf(['kubelet', '--max-pods', '18'], '--max-pods')).toBe('18');
  expect(optionOf(['kubelet', '--max-pods-x=1'], '--max-pods')).toBeUndefined();
});

test('a metadata service that answers without a token', async () => {
  using open = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('i-0123456789abcdef0') });
  using strict = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('', { status: 401 }) });
  const ask = (port: number | undefined) => answersWithoutToken({ endpoint: `http://127.0.0.1:${port}` });
  expect([await ask(open.port), await ask(strict.port)]).toEqual([true, false]);
  const heard = {
    kind: 'heard',
    instanceId: 'i-1',
    subnetId: 'subnet-1',
    notes: { enis: [], allocations: [] },
  } as const;
  expect(diagnoseAws({ ...heard, withoutToken: true }).map(({ code }) => code)).toEqual(['IMDS_V1_ALLOWED']);
  expect(diagnoseAws({ ...heard, withoutToken: false })).toEqual([]);
});

test('a thousand findings of one kind are one screen', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => finding('POD_RULE_MISSING', `default/web-${index}`));
  const text = renderFindings([...many, finding('OTHER_CNI', 'cni0')], { colour: false });
  expect(text.split('\n').length).toBeLessThan(20);
  expect(text).toContain('POD_RULE_MISSING: default/web-4 (and 995 more; --json has all)');
  expect(text).toContain('1000 faults found, 1 warning.');
});
