import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { freshVpc, until } from '../support/e2e.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('ex');
const node = vpc.node('node-a');
const pidOf = async (): Promise<string> => String(JSON.parse((await node.cli('status', '--json')).stdout).daemon.pid);
const explain = async (...words: readonly string[]) => {
  const { exitCode, stdout } = await node.cli('explain', ...words, '--json');
  return { exitCode, document: JSON.parse(stdout) };
};
/** The host ends of pods are our own, and their routes: what is missing is told by kind. */
const missing = (document: {
  interfaces: { legs: { hops: { state: string; title: string }[] }[] }[];
}): readonly string[] =>
  document.interfaces.flatMap(({ legs }) =>
    legs.flatMap(({ hops }) => hops.flatMap(({ state, title }) => (state === 'missing' ? [title] : []))),
  );

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--attach-ms', '200');
  await node.install();
  await vpc.json('pod', 'add', 'node-a', 'web-1', 'web-2', 'web-3', 'web-4');
});
afterAll(async () => {
  await vpc.down();
});

test('a pod on each kind of ENI: nothing is missing, and its inside was seen', async () => {
  for (const pod of ['default/web-1', 'web-4']) {
    const { exitCode, document } = await explain('pod', pod);
    const [inside] = document.interfaces[0].legs[0].hops;
    expect([exitCode, document.ok, missing(document), inside.state]).toEqual([0, true, [], 'there']);
  }
});

test('the address of a pod that has gone: who had it, and how long it rests', async () => {
  const { document } = await explain('pod', 'web-2');
  const { address, containerId } = document.interfaces[0];
  await vpc.json('pod', 'del', 'node-a', 'web-2');
  const { document: gone } = await explain('ip', address);
  expect([gone.kind, gone.kernel, gone.freeInMs > 0]).toEqual(['cooldown', [], true]);
  expect(gone.history.map(({ what, containerId: id }: { what: string; containerId: string }) => [what, id])).toEqual([
    ['pod deleted', containerId],
    ['pod added', containerId],
  ]);
});

test('"node" tells what the daemon then really does', async () => {
  await until('the pool at rest', async () => {
    const { document } = await explain('node');
    return document.outlook.now.length === 0 ? true : undefined;
  });
  const { document } = await explain('node');
  const before = JSON.parse((await node.cli('status', '--json')).stdout).daemon.ec2Calls;
  await vpc.json('pod', 'add', 'node-a', 'web-5');
  const status = JSON.parse((await node.cli('status', '--json')).stdout).daemon;
  const [mine] = (await explain('pod', 'web-5')).document.interfaces;
  expect(mine.address).toBe(document.outlook.next.address);
  expect(document.outlook.next.actions).toEqual([]);
  expect(status.ec2Calls).toEqual(before);
});

test('wrong words are told with a way out', async () => {
  const said = async (...words: readonly string[]) => {
    const { exitCode, document } = await explain(...words);
    return [exitCode, document.error.code];
  };
  expect(await said('pod', 'default/nope')).toEqual([1, 'POD_UNKNOWN']);
  expect(await said('ip', '10.0.0.300')).toEqual([2, 'USAGE']);
  expect(await said('config', 'WARM_IPTARGET')).toEqual([2, 'USAGE']);
  expect(await said('pods')).toEqual([2, 'USAGE']);
  expect(await said('pod')).toEqual([2, 'USAGE']);
  expect((await explain('ip', '10.0.0.200')).exitCode).toBe(1);
});

test('SIGUSR1 makes the daemon log more, and as before', async () => {
  const levels = async (): Promise<readonly string[]> => {
    const { stdout } = await node.run(['cat', '/run/vpc-cni/ipamd.log']);
    return [...stdout.matchAll(/"least":"(\w+)","msg":"log level changed/g)].map(([, level = '']) => level);
  };
  for (const expected of [['debug'], ['debug', 'info']]) {
    await node.run(['kill', '-USR1', await pidOf()]);
    await until('the level', async () => ((await levels()).length === expected.length ? true : undefined));
    expect(await levels()).toEqual(expected);
  }
});

test('a daemon that hangs: what is broken is still told, and that it hangs', async () => {
  const pid = await pidOf();
  const { interfaces } = (await explain('pod', 'web-4')).document;
  await node.run(['kill', '-STOP', pid]);
  try {
    await node.run(['ip', 'rule', 'del', 'to', interfaces[0].address]);
    const { exitCode, document } = await explain('pod', 'web-4');
    expect([exitCode, document.ok, missing(document)]).toEqual([3, false, ['Rule for what goes to the pod']]);
    const shown = await node.cli('status');
    expect([shown.exitCode, shown.stdout.split('\n')[0]]).toEqual([1, 'NOT ANSWERING']);
    expect((await explain('node')).document.error.code).toBe('DAEMON_SILENT');
    expect((await explain('config', 'MAX_PODS')).document.effect).toBeNull();
  } finally {
    await node.run(['kill', '-CONT', pid]);
  }
  await until('the repair', async () => ((await explain('pod', 'web-4')).exitCode === 0 ? true : undefined));
});
