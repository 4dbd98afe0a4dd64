import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { freshVpc, until } from '../support/e2e.ts';
import { type CniCallOptions, callPlugin, errorOf, makeSandbox, removeSandbox } from '../support/e2e-cni.ts';
import { callState, cniError } from '../support/e2e-expect.ts';
import { networkState } from '../support/e2e-state.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('eb');
/** A node that works. Two addresses are kept free, and one that was used may be used again after a second. */
const a = vpc.node('node-a');

beforeAll(async () => {
  await vpc.up('--nodes', '1');
  await a.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
  await a.install();
});
afterAll(async () => {
  await vpc.down();
});

interface WrongCall {
  readonly name: string;
  readonly options: CniCallOptions;
  readonly error: ReturnType<typeof cniError>;
}

const gone = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined, CNI_PATH: undefined };

const WRONG_CALLS: readonly WrongCall[] = [
  {
    name: 'JSON that ends in the middle',
    options: { input: '{"cniVersion":"1.1.0",' },
    error: cniError(6, 'CNI_DECODE', 'not valid JSON'),
  },
  { name: 'nothing on stdin', options: { input: '' }, error: cniError(6, 'CNI_DECODE', 'not valid JSON') },
  { name: 'a list on stdin', options: { input: '[]' }, error: cniError(7, 'CNI_CONFIG', 'network configuration') },
  {
    name: 'an unknown cniVersion',
    options: { config: { cniVersion: '9.9.9' } },
    error: cniError(1, 'CNI_VERSION', 'cniVersion 9.9.9 is not supported'),
  },
  {
    name: 'no variables but the command',
    options: { env: gone },
    error: cniError(4, 'CNI_ENV', 'ADD needs CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME'),
  },
  {
    name: 'an unknown command',
    options: { env: { CNI_COMMAND: 'ATTACH' } },
    error: cniError(4, 'CNI_ENV', '"ATTACH" is unknown'),
  },
  {
    name: 'a netns that does not exist',
    options: { env: { CNI_NETNS: '/run/netns/nobody' } },
    error: cniError(8, 'CNI_NETNS', '/run/netns/nobody'),
  },
  {
    name: 'a netns that is some other file',
    options: { env: { CNI_NETNS: '/etc/hostname' } },
    error: cniError(8, 'CNI_NETNS', '/etc/hostname'),
  },
  {
    name: "the host's own netns",
    options: { env: { CNI_NETNS: '/run/netns/own' } },
    error: cniError(8, 'CNI_NETNS', "the host's own network namespace"),
  },
];

describe('a call that is wrong', () => {
  beforeAll(async () => {
    await a.text('ip', 'netns', 'attach', 'own', `${await a.daemonPid()}`);
  });
  afterAll(async () => {
    await a.text('ip', 'netns', 'delete', 'own');
  });

  test.each(WRONG_CALLS.map((row) => [row.name, row] as const))('%s', async (_, { options, error }) => {
    const sandbox = { pod: 'wrong', containerId: 'wrong', netns: '/run/netns/wrong' };
    const before = await callState(a);
    expect(errorOf(await callPlugin(a, 'ADD', sandbox, options))).toEqual(error);
    expect(await callState(a)).toBe(before);
  });
});

describe('a call that comes again', () => {
  test('a second ADD gives the same result and changes nothing; a second DEL does nothing', async () => {
    const sandbox = await makeSandbox(a, 'again');
    const first = await callPlugin(a, 'ADD', sandbox);
    expect(first.exitCode).toBe(0);
    await a.untilStatus('the warm addresses to be back', ({ pool }) => pool.free === 2 && pool.pending === 0);
    const before = await callState(a);
    expect(await callPlugin(a, 'ADD', sandbox)).toEqual(first);
    expect(await callState(a)).toBe(before);
    expect(await callPlugin(a, 'DEL', sandbox)).toEqual({ exitCode: 0, document: '' });
    expect(await callPlugin(a, 'DEL', sandbox)).toEqual({ exitCode: 0, document: '' });
    await removeSandbox(a, sandbox);
    expect(await callPlugin(a, 'DEL', sandbox)).toEqual({ exitCode: 0, document: '' });
    await a.untilStatus('it to be gone', ({ pool }) => pool.assigned === 0 && pool.cooldown === 0);
  });

  test('DEL of what was never added', async () => {
    const before = await callState(a);
    const sandbox = { pod: 'never', containerId: 'never', netns: '' };
    expect(await callPlugin(a, 'DEL', sandbox)).toEqual({ exitCode: 0, document: '' });
    expect(await callState(a)).toBe(before);
  });
});

describe('the daemon is down', () => {
  test('DEL is kept and replayed, ADD is to be tried again, STATUS says so', async () => {
    const quiet = await networkState(a);
    const pod = await makeSandbox(a, 'down-del');
    const late = await makeSandbox(a, 'down-add');
    expect((await callPlugin(a, 'ADD', pod)).exitCode).toBe(0);
    await a.stopDaemon();
    const down = await networkState(a);
    const [deleted, added, status] = await Promise.all([
      callPlugin(a, 'DEL', pod),
      callPlugin(a, 'ADD', late),
      callPlugin(a, 'STATUS', late),
    ]);
    expect(deleted).toEqual({ exitCode: 0, document: '' });
    expect(errorOf(added)).toEqual(cniError(11, 'DAEMON_DOWN', 'ipamd does not answer on /run/vpc-cni/cni.sock'));
    expect(errorOf(status)).toEqual(cniError(50, 'DAEMON_DOWN', 'ipamd does not answer'));
    // The failed ADD left nothing, and the DEL waits for the daemon.
    expect(await networkState(a)).toBe(down);
    expect((await a.text('ls', '/run/vpc-cni/spool')).trim().split('\n')).toHaveLength(1);
    await a.install();
    await a.untilStatus('the pod to be gone', ({ pool }) => pool.assigned === 0);
    expect(await a.text('ls', '-A', '/run/vpc-cni/spool')).toBe('');
    for (const sandbox of [pod, late]) await removeSandbox(a, sandbox);
    await until('the network to be as before', async () => ((await networkState(a)) === quiet ? true : undefined));
  });
});

describe('the metadata service is silent', () => {
  test('ipamd waits and tells; a pod that waits with it gets its address', async () => {
    const sandbox = await makeSandbox(a, 'imds');
    await vpc.dial('IMDS', '--delay', '600000');
    try {
      process.kill(await a.daemonPid(), 'SIGKILL');
      const waiting = await a.untilStatus('a failure to be told', ({ lastError }) => lastError !== null);
      expect(waiting).toMatchObject({
        ready: false,
        phase: 'starting',
        reason: expect.stringContaining('the instance metadata service at http://169.254.169.254 did not answer'),
        lastError: { code: 'IMDS_UNREACHABLE' },
      });
    } finally {
      await vpc.clearDials();
    }
    expect((await callPlugin(a, 'ADD', sandbox)).exitCode).toBe(0);
    await a.untilStatus('it to be ready', ({ ready }) => ready);
    await callPlugin(a, 'DEL', sandbox);
    await removeSandbox(a, sandbox);
  });
});
