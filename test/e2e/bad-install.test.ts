import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { freshVpc } from '../support/e2e.ts';
import { failureOf, hostState } from '../support/e2e-expect.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('ei');
/** A node with nothing on it. */
const bare = vpc.node('node-a');

beforeAll(async () => {
  await vpc.up('--nodes', '1');
});
afterAll(async () => {
  await vpc.down();
});

describe('an installation that cannot be', () => {
  let before = '';
  beforeAll(async () => {
    before = await hostState(bare);
  });

  test('without the metadata service; a dry run goes on without it', async () => {
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
      expect(await hostState(bare)).toBe(before);
    } finally {
      await vpc.clearDials();
    }
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
    expect(await hostState(bare)).toBe(before);
  });

  test('a directory without plugins', async () => {
    expect(await failureOf(bare, 'install', '--plugins', '/nowhere')).toMatchObject({
      exitCode: 1,
      error: { code: 'PLUGINS_MISSING', message: expect.stringContaining('/nowhere') },
    });
    expect(await hostState(bare)).toBe(before);
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
    expect(await hostState(bare)).toBe(before);
  });

  test('whoever is not root is told, and nothing happens', async () => {
    // Nobody can read the executable where it was built; installed, everybody can.
    await bare.install();
    const after = await hostState(bare);
    for (const word of ['install', 'uninstall', 'ipamd']) {
      const argv = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'vpc-cni', word] as const;
      const { exitCode, stderr } = await bare.run(argv);
      expect({ word, exitCode, stderr }).toEqual({
        word,
        exitCode: 1,
        stderr: expect.stringMatching(/^NOT_ROOT: .*65534/),
      });
    }
    expect(await hostState(bare)).toBe(after);
    await bare.untilStatus('the daemon to go on', ({ ready }) => ready);
  });
});
