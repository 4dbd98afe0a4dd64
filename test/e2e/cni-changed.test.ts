import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { cniNode, DONE } from '../support/cni-node.ts';
import { freshVpc, until } from '../support/e2e.ts';
import { callPlugin, errorOf, makeSandbox, removeSandbox } from '../support/e2e-cni.ts';
import { callState, cniError } from '../support/e2e-expect.ts';
import { expectLive } from '../support/e2e-pods.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('ek');
const a = vpc.node('node-a');
const { add, remove, check } = cniNode(a);

const ADDRESS = /^([\d.]+)\/32$/;
const hostEndOf = (result: unknown): string => String(Object(result).interfaces[0].name);
const addressOf = (result: unknown): string => ADDRESS.exec(String(Object(result).ips[0].address))?.[1] ?? '';
const cameToRest = (before: string) =>
  until('the host to be as before', async () => ((await callState(a)) === before ? true : undefined));

beforeAll(async () => {
  await vpc.up('--nodes', '1');
  await a.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
  await a.install();
  await a.untilStatus('addresses to be free', ({ pool }) => pool.free === 2);
});
afterAll(async () => {
  await vpc.down();
});

test('the prefix of links changes between the calls for a pod: it keeps its pair, and its DEL leaves nothing', async () => {
  const before = await callState(a);
  const { sandbox, prevResult } = await add('prefix');
  const wired = await callState(a);
  const config = { vethPrefix: 'web' };
  expect(await callPlugin(a, 'ADD', sandbox, { config })).toEqual({ exitCode: 0, document: prevResult });
  expect(await check(sandbox, prevResult, { config })).toEqual(DONE);
  expect(await callState(a)).toBe(wired);
  expect(await callPlugin(a, 'DEL', sandbox, { config })).toEqual(DONE);
  await removeSandbox(a, sandbox);
  await cameToRest(before);
});

test('the setting of the prefix changes while pods run: these stay as they are, the next ones have the new one', async () => {
  const old = await add('old-prefix');
  await a.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1', 'AWS_VPC_K8S_CNI_VETHPREFIX=web');
  await a.stopDaemon();
  await a.install();
  await a.untilStatus('it to be ready', ({ ready }) => ready);
  const config = { vethPrefix: undefined };
  expect(await check(old.sandbox, old.prevResult, { config })).toEqual(DONE);
  const again = await callPlugin(a, 'ADD', old.sandbox, { config });
  expect(again).toEqual({ exitCode: 0, document: old.prevResult });
  const young = await add('new-prefix', { config });
  expect([hostEndOf(old.prevResult), hostEndOf(young.prevResult)]).toEqual([
    expect.stringMatching(/^eni[0-9a-f]{11}$/),
    expect.stringMatching(/^web[0-9a-f]{11}$/),
  ]);
  const pods = [old, young].map(({ sandbox, prevResult }) => ({ ...sandbox, address: addressOf(prevResult) }));
  await expectLive(a, pods);
  const marking = await a.text('nft', 'list', 'chain', 'ip', 'vpc-cni', 'outbound');
  expect([...marking.matchAll(/iifname "(\w+)\*" ct mark/g)].map(([, prefix]) => prefix)).toEqual(['web', 'eni']);
  for (const { sandbox } of [old, young]) {
    expect(await callPlugin(a, 'DEL', sandbox, { config })).toEqual(DONE);
    await removeSandbox(a, sandbox);
  }
  await a.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
  await a.stopDaemon();
  await a.install();
  await until('nothing of them to be left', async () => {
    const [links, rules] = [await a.text('ip', '-o', 'link'), await a.text('ip', 'rule')];
    return /(eni|web)[0-9a-f]{11}/.test(links) || /^(512|1536):/m.test(rules) ? undefined : true;
  });
});

describe('a sandbox that goes while its ADD waits for an address', () => {
  test.each([
    ['is gone', false],
    ['has been replaced', true],
  ] as const)('and %s is named, and costs no address', async (_, replaced) => {
    const held = [];
    for (const action of ['AssignPrivateIpAddresses', 'CreateNetworkInterface'])
      await vpc.dial(action, '--delay', '1500');
    try {
      for (let number = 0; number < 2; number++) held.push(await add(`fill-${number}`));
      const sandbox = await makeSandbox(a, 'going');
      const answer = callPlugin(a, 'ADD', sandbox);
      await until('the ADD to wait', async () => ((await a.status())?.waiting === 1 ? true : undefined));
      await removeSandbox(a, sandbox);
      if (replaced) await makeSandbox(a, 'going');
      const says = `CNI_NETNS ${sandbox.netns} cannot be used: it went while the call waited`;
      expect(errorOf(await answer)).toEqual(cniError(8, 'CNI_NETNS', says));
      expect((await a.status())?.pool.assigned).toBe(2);
      expect(await a.text('ip', '-o', 'link')).not.toContain('default/going');
      if (replaced) await removeSandbox(a, sandbox);
      expect(await callPlugin(a, 'DEL', sandbox)).toEqual(DONE);
    } finally {
      await vpc.clearDials();
      await remove(...held.map((each) => each.sandbox));
    }
    await a.untilStatus('the pool to rest', ({ pool }) => pool.assigned === 0 && pool.pending === 0);
  });
});

const result = (change: object) => ({ cniVersion: '1.1.0', interfaces: [], ips: [], ...change });

describe('an ADD behind a plugin whose result is none', () => {
  test.each([
    ['a text', 'nothing', 'prevResult is not'],
    ['interfaces that are no list', result({ interfaces: 7 }), 'prevResult.interfaces is not'],
    [
      'an interface without a name',
      result({ interfaces: [{ mac: '02:00:00:00:00:01' }] }),
      'prevResult.interfaces[0].name',
    ],
    [
      'an address on an interface that is not there',
      result({ ips: [{ address: '10.0.0.9/32', interface: 3 }] }),
      'prevResult.ips[0].interface',
    ],
    ['a route to nowhere', result({ routes: [{}] }), 'prevResult.routes[0].dst'],
  ] as const)('%s is refused and costs nothing', async (_, prevResult, says) => {
    const sandbox = await makeSandbox(a, 'wrong');
    const before = await callState(a);
    const answer = await callPlugin(a, 'ADD', sandbox, { config: { prevResult } });
    expect(errorOf(answer)).toEqual(cniError(7, 'CNI_CONFIG', says));
    expect(await callState(a)).toBe(before);
    await removeSandbox(a, sandbox);
  });
});

test('a link of somebody else with the name of a pod is named and left alone; once it is gone the pod is served', async () => {
  const { sandbox, prevResult } = await add('taken');
  await remove(sandbox);
  const name = hostEndOf(prevResult);
  await until('its link to be gone', async () =>
    (await a.text('ip', '-o', 'link')).includes(name) ? undefined : true,
  );
  await a.text('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'far0');
  await a.text('ip', 'link', 'set', name, 'alias', 'lab uplink');
  const again = await makeSandbox(a, 'taken');
  const before = await callState(a);
  const answer = await callPlugin(a, 'ADD', again);
  expect(errorOf(answer)).toEqual(cniError(108, 'HOST_LINK_TAKEN', `${name}, which interface eth0 of this pod`));
  expect(await callState(a)).toBe(before);
  await a.text('ip', 'link', 'delete', name);
  expect(await callPlugin(a, 'ADD', again)).toMatchObject({ exitCode: 0 });
  await remove(again);
});
