import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INTERNET_IPV6_ADDRESS } from '../../src/sim/fabric/index.ts';
import { freshVpc } from '../support/e2e.ts';
import { callPlugin } from '../support/e2e-cni.ts';
import { addNics, unreached } from '../support/e2e-nics.ts';
import { heldIn, removePod } from '../support/e2e-pods.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('nm');
const SCENARIO = {
  description: 'Nodes with two network cards whose pods have addresses of prefixes.',
  vpc: { cidrs: ['10.0.0.0/16'], ipv6: true },
  subnets: [{ cidr: '10.0.0.0/20', zone: 'a', ipv6: true }],
  nodes: [
    { name: 'six', type: 'c6in.32xlarge', ipv6Addresses: 1 },
    { name: 'prefix', type: 'c6in.32xlarge' },
  ],
  times: { attachMs: 200, detachMs: 200 },
};
const COMMON = ['ENABLE_MULTI_NIC=true', 'ENABLE_PREFIX_DELEGATION=true', 'WARM_PREFIX_TARGET=1'];
const SIX = ['ENABLE_IPv4=false', 'ENABLE_IPv6=true', 'ENABLE_V4_EGRESS=false'];

beforeAll(async () => {
  const file = join(tmpdir(), `nics-modes-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(SCENARIO));
  await vpc.up('--scenario', file);
});
afterAll(async () => {
  await vpc.down();
});

test.each([
  ['six', [...COMMON, ...SIX], INTERNET_IPV6_ADDRESS],
  ['prefix', COMMON, '198.51.100.1'],
])(
  '%s: a prefix on each card, and pods reach each other and the internet by each NIC',
  async (name, settings, internet) => {
    const node = vpc.node(name);
    await node.configure(...settings, 'IP_COOLDOWN_PERIOD=1');
    await node.install();
    await node.untilStatus('a prefix on each card', ({ enis, pool }) => enis.length === 2 && pool.pending === 0);
    const [one, two] = [await addNics(node, 'one'), await addNics(node, 'two')];
    const targets = [...Object.values(two.addresses), internet];
    for (const [ifName, by] of Object.entries(one.addresses))
      expect({ ifName, lost: await unreached(node, { netns: one.netns, by }, targets) }).toEqual({ ifName, lost: [] });
    for (const pod of [one, two]) {
      const check = await callPlugin(node, 'CHECK', pod, { config: { prevResult: pod.result } });
      expect(check).toEqual({ exitCode: 0, document: '' });
    }
    const pid = await node.daemonPid();
    process.kill(pid, 'SIGKILL');
    const after = await node.untilStatus(
      'another daemon',
      (status) => status.pid !== pid && status.phase === 'serving',
    );
    expect(Object.keys(heldIn(after)).toSorted()).toEqual(
      [one, two].flatMap(({ addresses }) => Object.values(addresses)).toSorted(),
    );
    for (const pod of [one, two]) await removePod(node, pod);
    await node.untilStatus('nothing held', ({ pool }) => pool.assigned === 0);
  },
);
