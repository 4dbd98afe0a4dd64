import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { cniNode, DONE } from '../support/cni-node.ts';
import { freshVpc, until } from '../support/e2e.ts';
import { callPlugin, cniVariables, makeSandbox, NETWORK, removeSandbox, type Sandbox } from '../support/e2e-cni.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('er');
const a = vpc.node('node-a');
const { add, remove, check } = cniNode(a);
const socket = `${a.paths.run}/vpc-cni/cni.sock`;

/** Clients that begin a request and never end it: they are there from the first test to the last. */
const unfinished: { readonly client: Socket; readonly closed: Promise<void> }[] = [];
const HEAD = 'POST /cni/v1 HTTP/1.1\r\nHost: localhost\r\n';
const BEGINNINGS = ['', 'POST /cni', HEAD, `${HEAD}Content-Length: 900\r\n\r\n{"command":"ADD"`];
const CLIENTS = 200;

beforeAll(async () => {
  await vpc.up('--nodes', '1');
  await a.configure('WARM_IP_TARGET=4', 'IP_COOLDOWN_PERIOD=1');
  await a.install();
  await a.untilStatus('addresses to be free', ({ pool }) => pool.free === 4);
  for (let number = 0; number < CLIENTS; number++) {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const client = connect(socket, () => client.write(BEGINNINGS[number % BEGINNINGS.length] ?? ''));
    client.on('error', () => undefined);
    client.on('close', () => resolve());
    client.resume();
    unfinished.push({ client, closed });
  }
});
afterAll(async () => {
  for (const { client } of unfinished) client.destroy();
  await vpc.down();
});

type Body = string | Uint8Array<ArrayBuffer>;

/** Sends one body to the socket as it is; the status of the answer. */
async function post(body: Body): Promise<number> {
  const answer = await fetch('http://localhost/cni/v1', { unix: socket, method: 'POST', body });
  await answer.arrayBuffer();
  return answer.status;
}

const requestOf = (command: string, sandbox: Sandbox): string => {
  const {
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns,
    CNI_IFNAME: ifName,
    CNI_ARGS: args,
    CNI_PATH: path,
  } = cniVariables(command, sandbox);
  return JSON.stringify({ command, containerId, netns, ifName, args, path, plugin: 'aws-cni', config: NETWORK });
};

describe('calls that race', () => {
  test('ADDs of one container at once give one address, one pair, one result', async () => {
    const sandbox = await makeSandbox(a, 'race');
    const answers = await Promise.all(Array.from({ length: 8 }, () => callPlugin(a, 'ADD', sandbox)));
    const [first] = answers;
    expect(first?.exitCode).toBe(0);
    for (const answer of answers) expect(answer).toEqual(first ?? DONE);
    expect(await check(sandbox, first?.document)).toEqual(DONE);
    expect((await a.status())?.pool.assigned).toBe(1);
    await remove(sandbox);
  });

  test('a DEL among ADDs: nothing is wired or held after the last DEL, whatever overtook what', async () => {
    const sandbox = await makeSandbox(a, 'race-del');
    const statuses = new Set<number>();
    for (let round = 0; round < 25; round++) {
      const order = ['ADD', 'DEL', 'ADD', 'ADD', 'DEL'].map((command) => post(requestOf(command, sandbox)));
      for (const status of await Promise.all(order)) statuses.add(status);
      expect(await post(requestOf('DEL', sandbox))).toBe(200);
      expect((await a.status())?.pool.assigned).toBe(0);
    }
    for (const status of statuses) expect([200, 400]).toContain(status);
    await removeSandbox(a, sandbox);
    expect(await a.text('ip', 'rule')).not.toMatch(/^(512|1536):/m);
    expect(await a.text('ip', 'route')).not.toMatch(/ dev eni[0-9a-f]{11}/);
    await until('its pairs to be gone', async () =>
      (await a.text('ip', 'link')).includes('vpc-cni aws-cni') ? undefined : true,
    );
  });

  test('a DEL ends ADDs that wait for EC2, and those behind them', async () => {
    // What the pods before it have left rests first: then four take all there is.
    await a.untilStatus('the pool to rest', ({ pool }) => pool.free === 4 && pool.total === 4 && pool.pending === 0);
    await vpc.dial('AssignPrivateIpAddresses', '--delay', '4000');
    await vpc.dial('CreateNetworkInterface', '--delay', '4000');
    try {
      const held = [];
      for (let number = 0; number < 4; number++) held.push(await add(`fill-${number}`));
      const sandbox = await makeSandbox(a, 'waits');
      const adds = [post(requestOf('ADD', sandbox)), post(requestOf('ADD', sandbox))];
      await until('an ADD to wait', async () => {
        const pool = (await a.status())?.pool;
        return pool !== undefined && pool.free === 0 && pool.pending > 0 ? true : undefined;
      });
      expect(await post(requestOf('DEL', sandbox))).toBe(200);
      const began = performance.now();
      expect(await Promise.all(adds)).toEqual([400, 400]);
      expect(performance.now() - began).toBeLessThan(2_000);
      await removeSandbox(a, sandbox);
      await remove(...held.map((each) => each.sandbox));
    } finally {
      await vpc.clearDials();
    }
    await a.untilStatus('the pool to rest', ({ pool }) => pool.assigned === 0 && pool.pending === 0);
  });
});

describe('a socket full of junk', () => {
  const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

  test('10 000 requests that are none, also long ones and many at once: memory is bounded, pods are served', async () => {
    const pid = await a.daemonPid();
    const rss = async (): Promise<number> => (await a.status())?.rssBytes ?? 0;
    const sandbox = await makeSandbox(a, 'junk');
    const long = 'x'.repeat(500_000);
    const junk: readonly Body[] = ['', '{', 'null', '[]', '{"command":"ADD"}', '{"command":"DEL","config":{}}'];
    const batch = async (from: number): Promise<void> => {
      const bodies = Array.from({ length: 100 }, (_, index) =>
        index === 0
          ? long
          : index === 1
            ? crypto.getRandomValues(new Uint8Array(3000))
            : (junk[(from + index) % junk.length] ?? ''),
      );
      for (const status of await Promise.all(bodies.map(post))) expect(status).toBe(400);
    };
    // What any daemon has after its first thousand calls is no leak.
    for (let round = 0; round < 10; round++) await batch(round);
    const before = await rss();
    for (let round = 10; round < 100; round++) await batch(round);
    expect((await rss()) - before).toBeLessThan(48 * 1024 * 1024);
    expect(await a.daemonPid()).toBe(pid);
    expect(await callPlugin(a, 'ADD', sandbox)).toMatchObject({ exitCode: 0 });
    await remove(sandbox);
  });

  test('clients that never end their request are hung up on, and cost nothing after', async () => {
    const pid = await a.daemonPid();
    await Promise.all(unfinished.map(({ closed }) => closed));
    await until('the descriptors to be back', () => (descriptors(pid) < CLIENTS ? true : undefined));
    const { sandbox } = await add('after');
    await remove(sandbox);
  });
});
