import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { parseConflistText } from '../../src/hostspec/index.ts';
import type { SimStatus } from '../../src/sim/index.ts';
import { type E2eNode, freshVpc, type JsonReport, until } from '../support/e2e.ts';
import { callPlugin, errorOf, makeSandbox, NETWORK, removeSandbox } from '../support/e2e-cni.ts';
import { EMPTY_POOL, hostState } from '../support/e2e-expect.ts';

setDefaultTimeout(240_000);

const INTERNET = '198.51.100.1';
const CONFLIST = '/etc/cni/net.d/10-aws.conflist';
/** A t3.small has 3 ENIs with 3 secondary addresses each: five pods need a second ENI. */
const PODS = { 'node-a': ['p1', 'p2', 'p3', 'p4', 'p5'], 'node-b': ['q1', 'q2'] } as const;

interface PodReport {
  readonly ok: boolean;
  readonly pods: readonly { readonly pod: string; readonly ok: boolean; readonly address: string }[];
}

interface Pod {
  readonly node: E2eNode;
  readonly name: string;
  readonly address: string;
  readonly netns: string;
}

const vpc = freshVpc('el');
const a = vpc.node('node-a');
const b = vpc.node('node-b');
let before = '';
let pods: readonly Pod[] = [];

const enisOf = (status: SimStatus, node: string) => status.nodes.find(({ name }) => name === node)?.enis ?? [];

async function primaryOf(node: E2eNode): Promise<string> {
  return (await vpc.status()).nodes.find(({ name }) => name === node.name)?.address ?? '';
}

/** A pod whose address is on the primary ENI of node-a, or on another one. */
async function podOn(place: 'primary' | 'secondary'): Promise<Pod> {
  const [primary] = enisOf(await vpc.status(), 'node-a');
  const found = pods.find(
    ({ node, address }) => node === a && (primary?.addresses.includes(address) ? 'primary' : 'secondary') === place,
  );
  if (found === undefined) throw new Error(`no pod on a ${place} ENI`);
  return found;
}

beforeAll(async () => {
  await vpc.up('--nodes', '2', '--instance-type', 't3.small');
});
afterAll(async () => {
  await vpc.down();
});

describe('the main line', () => {
  test('install puts a node in order, with at most three describing calls and one that changes', async () => {
    before = await hostState(a);
    await vpc.forgetCalls();
    const report = await a.install();
    expect(report.changed).toBe(true);
    expect(report.changes.at(-1)).toEqual({ kind: 'await-conflist', target: CONFLIST });
    const calls = (await vpc.ec2Calls('node-a')).map(({ action, code }) => `${action} ${code}`);
    expect(calls.filter((call) => call.startsWith('Describe')).length).toBeLessThanOrEqual(3);
    expect(calls.filter((call) => !call.startsWith('Describe'))).toEqual(['AssignPrivateIpAddresses OK']);
  });

  test('a second install does nothing', async () => {
    const { changed, changes, steps }: JsonReport = await a.install();
    expect({ changed, changes, steps }).toEqual({ changed: false, changes: [], steps: [] });
  });

  test('the conflist is not there before an address can be handed out, and is the last to appear', async () => {
    // Addresses that rest for 30 s would make the calls below wait for more of them.
    await b.configure('IP_COOLDOWN_PERIOD=1');
    await vpc.dial('AssignPrivateIpAddresses', '--throttle');
    const installing = b.install();
    const waiting = await b.untilStatus('EC2 refuses the first address', (status) => status.lastError !== null);
    expect({ phase: waiting.phase, ready: waiting.ready, code: waiting.lastError?.code }).toEqual({
      phase: 'serving',
      ready: false,
      code: 'EC2_THROTTLED',
    });
    expect((await b.run(['test', '-e', CONFLIST])).exitCode).toBe(1);
    await vpc.clearDials();
    expect((await installing).changed).toBe(true);
    const conflist = parseConflistText(await b.text('cat', CONFLIST));
    expect(conflist.plugins.map(({ type }) => type)).toEqual(['aws-cni', 'portmap']);
  });

  test('sysctls, links and the unit are what pods need', async () => {
    const sysctls = await a.text(
      'sysctl',
      'net.ipv4.ip_forward',
      'net.ipv4.conf.eth0.rp_filter',
      'net.ipv4.tcp_early_demux',
    );
    expect(sysctls.trim().split('\n')).toEqual([
      'net.ipv4.ip_forward = 1',
      'net.ipv4.conf.eth0.rp_filter = 2',
      'net.ipv4.tcp_early_demux = 1',
    ]);
    const links = ['/usr/bin/vpc-cni', '/opt/cni/bin/aws-cni', '/opt/cni/bin/egress-cni', '/opt/cni/bin/portmap'];
    expect((await a.text('readlink', ...links)).trim().split('\n')).toEqual([
      '/opt/vpc-cni/current/vpc-cni',
      '/opt/vpc-cni/current/vpc-cni',
      '/opt/vpc-cni/current/vpc-cni',
      '/opt/vpc-cni/current/plugins/portmap',
    ]);
    expect(await a.text('cat', '/etc/systemd/system/vpc-cni-ipamd.service')).toContain(
      'ExecStart=/opt/vpc-cni/current/vpc-cni ipamd',
    );
  });

  test('status --json tells of a daemon that is ready, and so does the installed command', async () => {
    const { exitCode, stdout } = await vpc.sim('exec', 'node-a', '--', 'vpc-cni', 'status', '--json');
    const status = JSON.parse(stdout);
    expect({ exitCode, ready: status.ready, problem: status.problem, conflist: status.conflist }).toEqual({
      exitCode: 0,
      ready: true,
      problem: null,
      conflist: { path: CONFLIST, present: true },
    });
    expect(status.daemon.pool).toEqual({ ...EMPTY_POOL, total: 3, free: 3 });
    expect((await a.run(['stat', '-c', '%a', '/run/vpc-cni', '/run/vpc-cni/cni.sock'])).stdout).toBe('700\n600\n');
  });

  test('pods get addresses of two ENIs, and a new ENI costs three calls', async () => {
    await vpc.forgetCalls();
    for (const [node, names] of Object.entries(PODS)) {
      const report = await vpc.json<PodReport>('pod', 'add', node, ...names);
      expect(report.pods.map(({ pod, ok }) => [pod, ok])).toEqual(names.map((name) => [name, true]));
    }
    for (const node of [a, b])
      await node.untilStatus('the pool is as it shall be', ({ pool }) => pool.free >= 3 && pool.pending === 0);
    const status = await vpc.status();
    pods = status.nodes.flatMap((view) =>
      view.pods.map(({ pod, addresses: [address = ''], netns }) => ({
        node: vpc.node(view.name),
        name: pod,
        address,
        netns,
      })),
    );
    pods = pods.map((pod) => ({ ...pod, node: pod.node.name === 'node-a' ? a : b }));
    expect(new Set(pods.map(({ address }) => address)).size).toBe(7);
    for (const node of ['node-a', 'node-b']) {
      const added = enisOf(status, node).length - 1;
      expect(added).toBeGreaterThan(0);
      const actions = (await vpc.ec2Calls(node)).map(({ action }) => action).sort();
      const three = ['AttachNetworkInterface', 'CreateNetworkInterface', 'ModifyNetworkInterfaceAttribute'];
      expect(actions).toEqual(three.flatMap((action) => Array(added).fill(action)));
    }
    await podOn('secondary');
    await vpc.forgetCalls();
  });

  test('every pod reaches every pod', async () => {
    const lines = await Promise.all(
      pods.map(async (from) => {
        const script = `for address in ${pods.map(({ address }) => address).join(' ')}; do ping -nqc1 -W5 $address >/dev/null && echo yes || echo NO; done`;
        const { stdout } = await from.node.inNetns(from.netns, 'sh', '-c', script);
        return `${from.name} → ${stdout
          .trim()
          .split('\n')
          .map((answer, index) => `${pods[index]?.name} ${answer}`)
          .join(', ')}`;
      }),
    );
    expect(lines).toEqual(pods.map(({ name }) => `${name} → ${pods.map((to) => `${to.name} yes`).join(', ')}`));
  });

  test("the internet sees the node's primary address, whatever ENI the pod is on", async () => {
    const node = await primaryOf(a);
    for (const place of ['primary', 'secondary'] as const) {
      const { netns } = await podOn(place);
      const seen = await a.inNetns(netns, 'curl', '-sS', '--max-time', '10', `http://${INTERNET}/`);
      expect({ place, ...seen }).toEqual({ place, exitCode: 0, stdout: `${node}\n`, stderr: '' });
    }
  });

  test('the node reaches its pods and those of the other node', async () => {
    for (const { name, address } of pods)
      expect({ name, ...(await a.run(['ping', '-nqc1', '-W5', address])) }).toMatchObject({ name, exitCode: 0 });
  });
});

describe('the plugin, called as a runtime calls it', () => {
  test.each(['0.4.0', '1.0.0', '1.1.0'])('a result of CNI %s', async (cniVersion) => {
    const sandbox = await makeSandbox(b, `result-${cniVersion.replaceAll('.', '-')}`);
    const { exitCode, document } = await callPlugin(b, 'ADD', sandbox, { config: { cniVersion } });
    expect(exitCode).toBe(0);
    const address = expect.stringMatching(/^10\.0\.0\.\d+\/32$/);
    const mac = expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    const mtu = cniVersion === '1.1.0' ? { mtu: 9001 } : {};
    const old = cniVersion === '0.4.0';
    expect(document).toEqual({
      cniVersion,
      interfaces: [
        { name: expect.stringMatching(/^eni[0-9a-f]{11}$/), mac, ...mtu },
        { name: 'eth0', mac, ...mtu, sandbox: sandbox.netns },
      ],
      ips: [{ ...(old ? { version: '4' } : {}), address, interface: 1 }],
      ...(old ? { dns: {} } : {}),
    });
    const deleted = await callPlugin(b, 'DEL', sandbox, { config: { cniVersion, prevResult: document } });
    expect(deleted).toEqual({ exitCode: 0, document: '' });
    await removeSandbox(b, sandbox);
  });

  test('CHECK passes, and names what was damaged', async () => {
    const sandbox = await makeSandbox(b, 'check');
    const { document: prevResult } = await callPlugin(b, 'ADD', sandbox);
    const check = () => callPlugin(b, 'CHECK', sandbox, { config: { prevResult } });
    expect(await check()).toEqual({ exitCode: 0, document: '' });
    await b.inNetns(sandbox.netns, 'ip', 'route', 'delete', 'default');
    expect(errorOf(await check())).toMatchObject({
      cniVersion: '1.1.0',
      code: 102,
      msg: expect.stringContaining('the pod lacks route 0.0.0.0/0 via 169.254.1.1'),
      details: expect.stringMatching(/^CHECK_FAILED: /),
    });
    // ADD again is the way back, and changes no address.
    expect(await callPlugin(b, 'ADD', sandbox)).toEqual({ exitCode: 0, document: prevResult });
    await callPlugin(b, 'DEL', sandbox);
    await removeSandbox(b, sandbox);
  });

  test('STATUS is silent while an address can be handed out', async () => {
    const sandbox = { pod: 'status', containerId: '', netns: '' };
    await b.untilStatus('an address is free', ({ pool }) => pool.free > 0);
    expect(await callPlugin(b, 'STATUS', sandbox)).toEqual({ exitCode: 0, document: '' });
  });

  test('portmap behind us opens a port of the node to a pod', async () => {
    const sandbox = await makeSandbox(b, 'ports');
    // What Debian's portmap speaks ends with 1.0.0.
    const cniVersion = '1.0.0';
    const { document: prevResult } = await callPlugin(b, 'ADD', sandbox, { config: { cniVersion } });
    const runtimeConfig = { portMappings: [{ hostPort: 8088, containerPort: 80, protocol: 'tcp' }] };
    const config = { ...NETWORK, cniVersion, type: 'portmap', snat: true, runtimeConfig, prevResult };
    const mapped = await callPlugin(b, 'ADD', sandbox, { plugin: 'portmap', config });
    expect(mapped).toMatchObject({ exitCode: 0, document: Object(prevResult) });
    const server = b.inNetns(sandbox.netns, 'timeout', '60', process.execPath, '-e', SERVE_ONCE);
    const url = `http://${await primaryOf(b)}:8088/`;
    const answer = await until('the pod to answer by the port of its node', async () => {
      const { exitCode, stdout } = await a.run(['curl', '-sS', '--max-time', '5', url]);
      return exitCode === 0 ? stdout : undefined;
    });
    expect(answer).toBe('the pod');
    expect((await server).exitCode).toBe(0);
    expect((await callPlugin(b, 'DEL', sandbox, { plugin: 'portmap', config })).exitCode).toBe(0);
    expect((await callPlugin(b, 'DEL', sandbox)).exitCode).toBe(0);
    await removeSandbox(b, sandbox);
  });
});

/** Answers one request and ends. */
const SERVE_ONCE = `
  const server = Bun.serve({ port: 80, fetch: () => {
    setTimeout(() => server.stop(), 0);
    return new Response('the pod');
  } });`;

describe('the way back', () => {
  test('a quiet node has asked EC2 for nothing', async () => {
    expect((await vpc.ec2Calls('node-a')).map(({ action }) => action)).toEqual([]);
  });

  test('pods go without a trace', async () => {
    for (const [node, names] of Object.entries(PODS)) {
      const { ok } = await vpc.json<PodReport>('pod', 'del', node, ...names);
      expect(ok).toBe(true);
    }
    for (const node of [a, b]) {
      await node.untilStatus('no address is assigned', ({ pool }) => pool.assigned === 0);
      await until(`${node.name}: dead veths to go`, async () =>
        (await node.text('ip', '-o', 'link', 'show', 'type', 'veth')).includes(' eni') ? undefined : true,
      );
      expect(await node.text('ip', 'rule', 'show', 'priority', '512')).toBe('');
      expect(await node.text('ip', 'rule', 'show', 'priority', '1536')).toBe('');
      await node.untilStatus('no growth is under way', ({ pool }) => pool.pending === 0);
    }
  });

  test('uninstall keeps ENIs and addresses, and a second one does nothing', async () => {
    const held = enisOf(await vpc.status(), 'node-b');
    expect((await b.uninstall()).changed).toBe(true);
    expect(enisOf(await vpc.status(), 'node-b')).toEqual(held);
    expect((await b.uninstall()).changed).toBe(false);
    expect(await b.status()).toBeUndefined();
  });

  test('uninstall --purge leaves the node as it was, and EC2 too', async () => {
    expect((await a.uninstall('--purge')).changed).toBe(true);
    expect(enisOf(await vpc.status(), 'node-a').map(({ addresses }) => addresses)).toEqual([[await primaryOf(a)]]);
    expect((await vpc.status()).availableEnis).toEqual([]);
    expect(await hostState(a)).toBe(before);
  });
});
