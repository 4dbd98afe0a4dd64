import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { type E2eNode, freshVpc, type JsonFailure, until } from '../support/e2e.ts';
import { type CniCallOptions, callPlugin, errorOf, makeSandbox, removeSandbox } from '../support/e2e-cni.ts';
import { fileState, networkState, sysctlState } from '../support/e2e-state.ts';
import { fillSubnet } from '../support/e2e-subnet.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('eb');
/** A node that works. Two addresses are kept free, and one that was used may be used again after a second. */
const a = vpc.node('node-a');
/** A node with nothing on it. */
const bare = vpc.node('bare');
/** A node alone in its subnet, with three addresses at most. */
const alone = vpc.node('alone');

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--attach-ms', '300', '--detach-ms', '300');
  await vpc.addNode('bare');
  await vpc.addNode('alone', '--subnet', 'us-east-1b');
  await a.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
  await a.install();
});
afterAll(async () => {
  await vpc.down();
});

/** Everything on a node a call could leave half-done. */
async function stateOf(node: E2eNode): Promise<string> {
  const status = await node.status();
  const addresses = status?.enis.map((eni) => eni.addresses.map(({ address, state }) => `${address} ${state}`));
  const spool = await node.run(['ls', '/run/vpc-cni/spool']);
  return JSON.stringify({ network: await networkState(node), addresses, spool: spool.stdout }, undefined, 1);
}

const filesOf = async (node: E2eNode): Promise<string> => (await fileState(node)) + (await sysctlState(node));

/** What a command says with `--json` when it fails. */
async function failureOf(node: E2eNode, ...words: readonly string[]): Promise<JsonFailure & { exitCode: number }> {
  const { exitCode, stdout } = await node.cli(...words, '--json');
  const document: JsonFailure = JSON.parse(stdout);
  return { exitCode, ...document };
}

const documentOf = (code: number, name: string, says: string) => ({
  cniVersion: '1.1.0',
  code,
  msg: expect.stringContaining(says),
  details: expect.stringMatching(new RegExp(`^${name}: .`)),
});

interface WrongCall {
  readonly name: string;
  readonly options: CniCallOptions;
  readonly error: ReturnType<typeof documentOf>;
}

const gone = { CNI_CONTAINERID: undefined, CNI_NETNS: undefined, CNI_IFNAME: undefined, CNI_PATH: undefined };

const WRONG_CALLS: readonly WrongCall[] = [
  {
    name: 'JSON that ends in the middle',
    options: { input: '{"cniVersion":"1.1.0",' },
    error: documentOf(6, 'CNI_DECODE', 'not valid JSON'),
  },
  { name: 'nothing on stdin', options: { input: '' }, error: documentOf(6, 'CNI_DECODE', 'not valid JSON') },
  { name: 'a list on stdin', options: { input: '[]' }, error: documentOf(7, 'CNI_CONFIG', 'network configuration') },
  {
    name: 'an unknown cniVersion',
    options: { config: { cniVersion: '9.9.9' } },
    error: documentOf(1, 'CNI_VERSION', 'cniVersion 9.9.9 is not supported'),
  },
  {
    name: 'no variables but the command',
    options: { env: gone },
    error: documentOf(4, 'CNI_ENV', 'ADD needs CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME, CNI_PATH'),
  },
  {
    name: 'an unknown command',
    options: { env: { CNI_COMMAND: 'ATTACH' } },
    error: documentOf(4, 'CNI_ENV', '"ATTACH" is unknown'),
  },
  {
    name: 'a netns that does not exist',
    options: { env: { CNI_NETNS: '/run/netns/nobody' } },
    error: documentOf(8, 'CNI_NETNS', '/run/netns/nobody'),
  },
  {
    name: 'a netns that is some other file',
    options: { env: { CNI_NETNS: '/etc/hostname' } },
    error: documentOf(8, 'CNI_NETNS', '/etc/hostname'),
  },
  {
    name: "the host's own netns",
    options: { env: { CNI_NETNS: '/run/netns/own' } },
    error: documentOf(8, 'CNI_NETNS', "the host's own network namespace"),
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
    const before = await stateOf(a);
    expect(errorOf(await callPlugin(a, 'ADD', sandbox, options))).toEqual(error);
    expect(await stateOf(a)).toBe(before);
  });
});

describe('a call that comes again', () => {
  test('a second ADD gives the same result and changes nothing; a second DEL does nothing', async () => {
    const sandbox = await makeSandbox(a, 'again');
    const first = await callPlugin(a, 'ADD', sandbox);
    expect(first.exitCode).toBe(0);
    await a.untilStatus('the warm addresses to be back', ({ pool }) => pool.free === 2 && pool.pending === 0);
    const before = await stateOf(a);
    expect(await callPlugin(a, 'ADD', sandbox)).toEqual(first);
    expect(await stateOf(a)).toBe(before);
    expect(await callPlugin(a, 'DEL', sandbox)).toEqual({ exitCode: 0, document: '' });
    expect(await callPlugin(a, 'DEL', sandbox)).toEqual({ exitCode: 0, document: '' });
    await removeSandbox(a, sandbox);
    expect(await callPlugin(a, 'DEL', sandbox)).toEqual({ exitCode: 0, document: '' });
    await a.untilStatus('it to be gone', ({ pool }) => pool.assigned === 0 && pool.cooldown === 0);
  });

  test('DEL of what was never added', async () => {
    const before = await stateOf(a);
    const sandbox = { pod: 'never', containerId: 'never', netns: '' };
    expect(await callPlugin(a, 'DEL', sandbox)).toEqual({ exitCode: 0, document: '' });
    expect(await stateOf(a)).toBe(before);
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
    expect(errorOf(added)).toEqual(documentOf(11, 'DAEMON_DOWN', 'ipamd does not answer on /run/vpc-cni/cni.sock'));
    expect(errorOf(status)).toEqual(documentOf(50, 'DAEMON_DOWN', 'ipamd does not answer'));
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
  test('install says so and touches nothing; a dry run goes on without it', async () => {
    const before = await filesOf(bare);
    await vpc.dial('IMDS', '--delay', '600000');
    try {
      const [install, dry] = await Promise.all([
        failureOf(bare, 'install'),
        bare.cli('install', '--dry-run', '--json'),
      ]);
      expect(install).toMatchObject({
        exitCode: 1,
        ok: false,
        error: { code: 'IMDS_UNREACHABLE', message: expect.stringContaining('http://169.254.169.254') },
      });
      const plan = JSON.parse(dry.stdout);
      expect({ exitCode: dry.exitCode, ok: plan.ok, changed: plan.changed }).toEqual({
        exitCode: 3,
        ok: true,
        changed: true,
      });
      expect(plan.problems.map(({ code }: { code: string }) => code)).toEqual(['IMDS_UNREACHABLE']);
      expect(await filesOf(bare)).toBe(before);
    } finally {
      await vpc.clearDials();
    }
  });

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

describe('EC2 refuses', () => {
  const pods: Record<string, { readonly node: E2eNode; readonly sandbox: Awaited<ReturnType<typeof makeSandbox>> }> =
    {};

  /** Adds pods until one is refused, and returns the refusal; there must be `free` that are not. */
  async function addUntilRefused(node: E2eNode, free: number) {
    for (let index = 0; ; index += 1) {
      const sandbox = await makeSandbox(node, `${node.name}-${index}`);
      pods[sandbox.pod] = { node, sandbox };
      const answer = await callPlugin(node, 'ADD', sandbox);
      if (answer.exitCode !== 0) {
        expect(index).toBe(free);
        // Nothing of the refused pod is left on the host: only those that were served have a route.
        const routes = await node.text('ip', '-4', 'rule', 'show', 'priority', '512');
        expect(routes.trim().split('\n').filter(Boolean)).toHaveLength(free);
        return { answer, sandbox };
      }
    }
  }

  test('throttling is waited out', async () => {
    const sandbox = await makeSandbox(a, 'throttled');
    await a.untilStatus('two free addresses', ({ pool }) => pool.free === 2 && pool.cooldown === 0);
    await vpc.forgetCalls();
    await vpc.dial('AssignPrivateIpAddresses', '--throttle', '--times', '3');
    const others = [await makeSandbox(a, 'throttled-1'), await makeSandbox(a, 'throttled-2')];
    for (const other of [...others, sandbox]) expect((await callPlugin(a, 'ADD', other)).exitCode).toBe(0);
    const answers = (await vpc.ec2Calls('node-a'))
      .filter(({ action }) => action === 'AssignPrivateIpAddresses' || action === 'CreateNetworkInterface')
      .map(({ code }) => code);
    expect(answers.filter((code) => code !== 'OK')).toEqual(Array(3).fill('RequestLimitExceeded'));
    expect(answers.at(-1)).toBe('OK');
    for (const other of [...others, sandbox]) {
      await callPlugin(a, 'DEL', other);
      await removeSandbox(a, other);
    }
    const target = { total: 2, assigned: 0, free: 2, cooldown: 0, pending: 0 };
    await a.untilStatus('the pool to be at its target', ({ pool }) => Bun.deepEquals(pool, target));
  });

  test('a full subnet is named to the runtime', async () => {
    await alone.configure('WARM_IP_TARGET=1', 'MAX_ENI=1', 'IP_COOLDOWN_PERIOD=1');
    await alone.install();
    await using _full = await fillSubnet(await vpc.status(), 'alone');
    const { answer } = await addUntilRefused(alone, 1);
    const { subnets } = await vpc.status();
    const subnet = subnets.find(({ availabilityZone }) => availabilityZone === 'us-east-1b');
    expect(subnet?.free).toBe(0);
    expect(errorOf(answer)).toEqual(documentOf(104, 'SUBNET_NO_IPS', subnet?.id ?? 'none'));
    const status = await alone.status();
    expect({ ready: status?.ready, code: status?.lastError?.code }).toEqual({ ready: true, code: 'SUBNET_NO_IPS' });
  });

  test('a missing right is named to the runtime, in the status, and by STATUS', async () => {
    await vpc.dial('*', '--deny');
    try {
      const { answer, sandbox } = await addUntilRefused(a, 2);
      expect(errorOf(answer)).toEqual(documentOf(105, 'IAM_DENIED', 'EC2 denied AssignPrivateIpAddresses'));
      expect((await a.status())?.lastError).toMatchObject({
        code: 'IAM_DENIED',
        remedy: expect.stringContaining('AmazonEKS_CNI_Policy'),
      });
      expect(errorOf(await callPlugin(a, 'STATUS', sandbox))).toEqual(documentOf(50, 'IAM_DENIED', 'EC2 denied'));
    } finally {
      await vpc.clearDials();
    }
  });

  test('both come back by themselves once the cause is gone', async () => {
    // What others must change first is asked for every 30 s.
    for (const { node, sandbox } of Object.values(pods))
      await until(
        `${sandbox.pod} to be served`,
        async () => ((await callPlugin(node, 'ADD', sandbox)).exitCode === 0 ? true : undefined),
        { withinMs: 90_000 },
      );
    for (const { node, sandbox } of Object.values(pods)) {
      await callPlugin(node, 'DEL', sandbox);
      await removeSandbox(node, sandbox);
    }
  });

  test('a node that is full says so', async () => {
    await alone.untilStatus('nothing to rest', ({ pool }) => pool.assigned === 0 && pool.cooldown === 0);
    const { answer } = await addUntilRefused(alone, 3);
    expect(errorOf(answer)).toEqual(
      documentOf(103, 'ENI_LIMIT', 'instance type t3.small is full: 1 of 1 ENIs, 3 of 3 addresses in use'),
    );
  });
});

describe('an installation that cannot be', () => {
  let before = '';
  beforeAll(async () => {
    before = await filesOf(bare);
  });

  test('invalid settings are all named at once, by every command that reads them', async () => {
    await bare.configure('WARM_IP_TARGET=many', 'WARM_ENI_TARGTE=2', 'POD_MTU=12');
    for (const words of [['install'], ['install', '--dry-run'], ['config', 'check']]) {
      const { exitCode, stdout } = await bare.cli(...words, '--json');
      expect({ words, exitCode }).toEqual({ words, exitCode: 2 });
      for (const key of ['WARM_IP_TARGET', 'WARM_ENI_TARGTE', 'POD_MTU']) expect(stdout).toContain(key);
    }
    const { exitCode, stderr } = await bare.cli('ipamd');
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('WARM_ENI_TARGTE') });
    await bare.configure();
    expect(await filesOf(bare)).toBe(before);
  });

  test('a directory without plugins', async () => {
    expect(await failureOf(bare, 'install', '--plugins', '/nowhere')).toMatchObject({
      exitCode: 1,
      error: { code: 'PLUGINS_MISSING', message: expect.stringContaining('/nowhere') },
    });
    expect(await filesOf(bare)).toBe(before);
  });

  test.each(['/etc/systemd/system', '/opt', '/usr/bin'])('%s can only be read', async (path) => {
    await bare.text('mount', '--bind', path, path);
    await bare.text('mount', '-o', 'remount,bind,ro', path);
    const failure = await failureOf(bare, 'install');
    // Not before the program that asks for it, which is one of /usr/bin, has ended.
    await bare.text('umount', '--lazy', path);
    expect(failure).toMatchObject({ exitCode: 1, error: { message: expect.stringContaining(`${path}/vpc-cni`) } });
    expect(await filesOf(bare)).toBe(before);
    expect(await bare.status()).toBeUndefined();
  });

  test.each([
    'install --frobnicate',
    'uninstall --frobnicate',
    'ipamd --frobnicate',
    'status --frobnicate',
    'config --frobnicate',
    'install --stage never',
    'frobnicate',
  ])('%s is wrong usage', async (words) => {
    const { exitCode, stdout, stderr } = await bare.cli(...words.split(' '));
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(/^USAGE: /),
    });
    expect(await filesOf(bare)).toBe(before);
  });

  test('whoever is not root is told, and nothing happens', async () => {
    // Nobody can read the executable where it was built; installed, everybody can.
    await bare.install();
    const after = await filesOf(bare);
    for (const word of ['install', 'uninstall', 'ipamd']) {
      const argv = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'vpc-cni', word] as const;
      const { exitCode, stderr } = await bare.run(argv);
      expect({ word, exitCode, stderr }).toEqual({
        word,
        exitCode: 1,
        stderr: expect.stringMatching(/^NOT_ROOT: .*65534/),
      });
    }
    expect(await filesOf(bare)).toBe(after);
    await bare.untilStatus('the daemon to go on', ({ ready }) => ready);
  });
});
