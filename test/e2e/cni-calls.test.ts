import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { cniNode, DONE } from '../support/cni-node.ts';
import { errorFaults } from '../support/cni-schemas.ts';
import { freshVpc, until } from '../support/e2e.ts';
import { callPlugin, errorOf, makeSandbox, NETWORK, removeSandbox } from '../support/e2e-cni.ts';
import { callState, cniError } from '../support/e2e-expect.ts';
import { heldIn } from '../support/e2e-pods.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('el');
const a = vpc.node('node-a');
const { add, remove, check, linkOf } = cniNode(a);
const addressOf = (result: unknown): string => String(Object(result).ips[0].address).replace('/32', '');

beforeAll(async () => {
  await vpc.up('--nodes', '1');
  await a.configure('WARM_IP_TARGET=4', 'IP_COOLDOWN_PERIOD=1');
  await a.install();
  await a.untilStatus('addresses to be free', ({ pool }) => pool.free === 4);
});
afterAll(async () => {
  await vpc.down();
});

describe('CHECK', () => {
  test('names what the result says otherwise, whoever wrote the result', async () => {
    const { sandbox, prevResult } = await add('check');
    const other = await add('check-other');
    const {
      interfaces: [host, container],
      ips,
    } = Object(prevResult);
    const { enis } = await a.untilStatus(
      'it to be told',
      (status) => heldIn(status)[addressOf(prevResult)] !== undefined,
    );
    const table = enis.find(({ addresses }) =>
      addresses.some(({ address }) => address === addressOf(prevResult)),
    )?.table;
    const upstreams = (mac: string) => ({
      cniVersion: '0.4.0',
      interfaces: [
        { name: host.name },
        { name: 'eth0', mac, sandbox: sandbox.netns },
        { name: host.name.replace('eni', 'dummy'), mac: '0', sandbox: '0' },
      ],
      ips: [{ version: '4', interface: 1, address: ips[0].address }],
      dns: {},
    });
    const says = async (result: unknown, config: object = {}): Promise<string> => {
      const answer = await check(sandbox, result, { config: { ...config } });
      if (answer.exitCode === 0) return 'fine';
      expect(errorFaults(answer.document)).toBe('');
      const { code, msg } = errorOf(answer);
      return `${code} ${msg}`;
    };
    expect(await says(prevResult)).toBe('fine');
    expect(await says(upstreams(String(table)), { cniVersion: '0.4.0' })).toBe('fine');
    expect(await says(upstreams('99'))).toContain('102 ');
    expect(await says(upstreams('99'))).toEndWith(`the result given has the route table 99, not ${table}`);
    expect(await says(other.prevResult)).toEndWith(`the result given lacks its address ${ips[0].address}`);
    const inOther = { ...Object(prevResult), interfaces: [host, { ...container, sandbox: other.sandbox.netns }] };
    expect(await says(inOther)).toContain(`is of the sandbox ${other.sandbox.netns}`);
    expect(await says(undefined)).toBe('7 invalid network configuration: CHECK needs prevResult');
    expect(await says({ interfaces: 7 })).toContain('7 invalid network configuration: prevResult.interfaces is not');
    await remove(sandbox, other.sandbox);
    expect(await says(prevResult)).toContain('3 no allocation for container');
  });
});

describe('GC', () => {
  test('what is not listed goes, with all it had; what is listed, and what is foreign, stays', async () => {
    const stays = await add('gc-stays');
    const goes = await add('gc-goes');
    await a.text('ip', 'rule', 'add', 'priority', '600', 'to', '10.99.0.1', 'lookup', 'main');
    await a.text('ip', 'link', 'add', 'eniforeign0', 'type', 'veth', 'peer', 'name', 'enifpeer0');
    // A host end nobody has an address for any more, as a lost state would leave it.
    await a.text('ip', 'link', 'add', 'enilost0', 'type', 'veth', 'peer', 'name', 'enilpeer0');
    await a.text('ip', 'link', 'set', 'enilost0', 'alias', 'vpc-cni aws-cni lost eth0');
    const gc = (valid: unknown) =>
      callPlugin(a, 'GC', stays.sandbox, { config: { 'cni.dev/valid-attachments': valid } });
    const listed = [{ containerID: stays.sandbox.containerId, ifname: 'eth0' }];
    expect(await gc(listed)).toEqual(DONE);
    expect(await gc(listed)).toEqual(DONE);
    const address = addressOf(goes.prevResult);
    expect(await a.text('ip', 'rule')).not.toContain(address);
    expect(await a.text('ip', 'route')).not.toContain(address);
    const held = await a.untilStatus('one pod to be left', ({ pool }) => pool.assigned === 1);
    expect(Object.values(heldIn(held))).toEqual(['default/gc-stays']);
    await until('the host ends to be gone', async () => {
      const links = await a.text('ip', '-brief', 'link');
      return links.includes('enilost0') || links.includes(Object(goes.prevResult).interfaces[0].name)
        ? undefined
        : true;
    });
    expect(await check(stays.sandbox, stays.prevResult)).toEqual(DONE);
    expect(await a.text('ip', 'rule')).toContain('10.99.0.1');
    expect(await linkOf('eniforeign0')).toMatchObject({ name: 'eniforeign0' });
    // Go writes an empty list as null.
    expect(await gc(null)).toEqual(DONE);
    expect((await a.status())?.pool.assigned).toBe(0);
    expect(errorOf(await callPlugin(a, 'GC', stays.sandbox))).toMatchObject({ code: 7 });
    await a.text('ip', 'rule', 'delete', 'priority', '600');
    await a.text('ip', 'link', 'delete', 'eniforeign0');
    await remove(stays.sandbox, goes.sandbox);
  });
});

describe('DEL', () => {
  test.each([
    ['without CNI_NETNS', { env: { CNI_NETNS: undefined } }],
    ['with a netns that is gone', { env: { CNI_NETNS: '/run/netns/gone' } }],
    ['with a prevResult that is none', { config: { prevResult: { interfaces: 'x' } } }],
    ['with capability values that are none', { config: { runtimeConfig: 7 } }],
  ] as const)('%s cleans up all the same', async (_, options) => {
    const before = await callState(a);
    const { sandbox } = await add('del');
    expect(await callPlugin(a, 'DEL', sandbox, options)).toEqual(DONE);
    await removeSandbox(a, sandbox);
    await until('the host to be as before', async () => ((await callState(a)) === before ? true : undefined));
    expect(await callPlugin(a, 'DEL', sandbox, { config: { ...NETWORK, prevResult: null } })).toEqual(DONE);
  });
});

describe('calls nobody can serve', () => {
  const pod = (name: string) => `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${name}`;
  const annotated = { 'io.kubernetes.cri.pod-annotations': { 'k8s.amazonaws.com/nicConfig': 'multi-nic-attachment' } };
  test.each([
    ['an interface name of 16 characters', { env: { CNI_IFNAME: 'e'.repeat(16) } }, 4, 'CNI_ENV', 'CNI_IFNAME'],
    [
      'a container id too long for its link',
      { env: { CNI_CONTAINERID: 'c'.repeat(300) } },
      4,
      'CNI_ENV',
      'CNI_CONTAINERID',
    ],
    [
      'a container id of 100 000 characters',
      { env: { CNI_CONTAINERID: 'c'.repeat(100_000) } },
      4,
      'CNI_ENV',
      'CNI_CONTAINERID',
    ],
    ['a name no pod can have', { env: { CNI_ARGS: pod('a b') } }, 4, 'CNI_ENV', 'K8S_POD_NAME'],
    ['a pod name of 254 characters', { env: { CNI_ARGS: pod('p'.repeat(254)) } }, 4, 'CNI_ENV', 'K8S_POD_NAME'],
    ['a veth prefix too long for a link', { config: { vethPrefix: 'toolong' } }, 7, 'CNI_CONFIG', 'vethPrefix'],
    ['several NICs', { config: { runtimeConfig: annotated } }, 100, 'MULTI_NIC_OFF', 'k8s.amazonaws.com/nicConfig'],
  ] as const)('%s', async (_, options, code, name, says) => {
    const before = await callState(a);
    const sandbox = await makeSandbox(a, 'refused');
    const answer = await callPlugin(a, 'ADD', sandbox, options);
    expect(errorFaults(answer.document)).toBe('');
    expect(errorOf(answer)).toEqual(cniError(code, name, says));
    await removeSandbox(a, sandbox);
    expect(await callState(a)).toBe(before);
  });

  test('the longest names there can be are served', async () => {
    const { sandbox, prevResult } = await add('longest', {
      env: { CNI_IFNAME: 'e'.repeat(15), CNI_ARGS: pod('p'.repeat(253)) },
    });
    expect(await check(sandbox, prevResult, { env: { CNI_IFNAME: 'e'.repeat(15) } })).toEqual(DONE);
    expect(await callPlugin(a, 'DEL', sandbox, { env: { CNI_IFNAME: 'e'.repeat(15) } })).toEqual(DONE);
    await removeSandbox(a, sandbox);
  });
});
