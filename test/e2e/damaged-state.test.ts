import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { StatusDocument } from '../../src/cniproto/index.ts';
import { renderJournalHeader } from '../../src/pool/index.ts';
import { freshVpc } from '../support/e2e.ts';
import { callPlugin } from '../support/e2e-cni.ts';
import { addPod, codesIn, expectLive, heldIn, type RunningPod, removePod } from '../support/e2e-pods.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('ed');
const a = vpc.node('node-a');
const RUN = '/run/vpc-cni';
const FILES = ['journal', 'pool.json', 'ipam.json'] as const;
const BEFORE = ['journal.prev', 'pool.json.prev', 'ipam.json.prev'] as const;
type File = (typeof FILES)[number] | (typeof BEFORE)[number];

let pods: readonly RunningPod[] = [];

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--instance-type', 't3.small', '--attach-ms', '200', '--detach-ms', '200');
  await a.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
  await a.install();
  pods = [await addPod(a, 'one'), await addPod(a, 'two')];
});
afterAll(async () => {
  await vpc.down();
});

const read = (file: File): Promise<string> => a.text('cat', `${RUN}/${file}`);
const write = async (file: File, input: string): Promise<void> => {
  await a.run(['tee', `${RUN}/${file}`], { input });
};
const remove = async (...files: readonly File[]): Promise<void> => {
  await a.text('rm', '-f', ...files.map((file) => `${RUN}/${file}`));
};

/** Every way a file goes bad. */
const WAYS = {
  corrupt: (file: File) => write(file, '\u0000\u0001{[ rubbish'),
  empty: (file: File) => write(file, ''),
  truncated: async (file: File) => {
    const text = await read(file);
    await write(file, text.slice(0, text.length / 2));
  },
  'of a version to come': async (file: File) => write(file, (await read(file)).replace(/(vpc-cni-\w+)\/1/, '$1/9')),
  missing: (file: File) => remove(file),
} as const;

/** Files that the daemon says were damaged, and how many pods it had of the kernel alone; `undefined` when it says nothing. */
function damageIn({
  conditions,
}: StatusDocument): { readonly files: readonly string[]; readonly pods: number } | undefined {
  const message = conditions?.find(({ code }) => code === 'STATE_DAMAGED')?.message;
  if (message === undefined) return undefined;
  const [, count] = /kernel alone: (\d+)/.exec(message) ?? [];
  return { files: message.match(/\b(?:journal|pool\.json|ipam\.json)(?:\.prev)?(?= \()/g) ?? [], pods: Number(count) };
}

/** A daemon that starts over after a crash, with `damage` done meanwhile, serves all that ran and what comes. */
async function startOver(
  damage: () => Promise<void>,
  { mayChange = false }: { readonly mayChange?: boolean } = {},
): Promise<StatusDocument> {
  const before = await a.untilStatus(
    'the pool to rest',
    ({ pool }) => pool.free === 2 && pool.pending === 0 && pool.cooldown === 0,
  );
  await a.stopDaemon('SIGKILL');
  await damage();
  await vpc.forgetCalls();
  await a.install();
  const status = await a.untilStatus('it to serve', ({ phase, ready }) => phase === 'serving' && ready);
  expect(heldIn(status)).toEqual(heldIn(before));
  const calls = (await vpc.ec2Calls('node-a')).map(({ action }) => action);
  if (!mayChange) expect(calls.filter((action) => !action.startsWith('Describe'))).toEqual([]);
  const more = await addPod(a, 'more');
  expect(pods.map(({ address }) => address)).not.toContain(more.address);
  await expectLive(a, [...pods, more]);
  await removePod(a, more);
  expect(codesIn(status)).not.toContain('POOL_VIOLATION');
  return status;
}

describe.each(FILES.map((file) => [file] as const))('%s', (file) => {
  test.each(Object.keys(WAYS) as (keyof typeof WAYS)[])(
    '%s: pods live on, new ones come, and it is told',
    async (way) => {
      const status = await startOver(() => WAYS[way](file));
      expect(damageIn(status)).toEqual({ files: [file], pods: 0 });
    },
  );
});

describe.each(BEFORE.map((file) => [file] as const))('%s, which nobody needs', (file) => {
  test.each(['corrupt', 'missing'] as const)('%s', async (way) => {
    const told = damageIn(await startOver(() => WAYS[way](file)))?.files ?? [];
    // Only of the journal both are read.
    expect(told).toEqual(file === 'journal.prev' && way === 'corrupt' ? [file] : []);
  });
});

describe('all of them', () => {
  test('corrupt: the kernel and EC2 tell it all', async () => {
    const told = damageIn(
      await startOver(async () => {
        for (const file of [...FILES, ...BEFORE]) await WAYS.corrupt(file);
      }),
    );
    expect(told).toMatchObject({ files: expect.arrayContaining([...FILES]), pods: 2 });
  });

  test('gone: the kernel and EC2 tell it all', async () => {
    expect(damageIn(await startOver(() => remove(...FILES, ...BEFORE)))).toEqual({ files: [], pods: 2 });
  });

  test('of another boot: what the kernel proves is kept', async () => {
    const status = await startOver(async () => {
      const [, ...records] = (await read('journal')).split('\n');
      const side = await read('pool.json');
      const { generation } = JSON.parse(side);
      await write('pool.json', side.replace(/"bootId":"[^"]*"/, '"bootId":"other"'));
      await write('journal', `${renderJournalHeader({ bootId: 'other', generation })}${records.join('\n')}`);
    });
    expect(damageIn(status)).toBeUndefined();
  });

  test('whole again: nothing is told any more', async () => {
    expect(damageIn(await startOver(async () => undefined))).toBeUndefined();
  });
});

describe('times that cannot be', () => {
  const DAY_MS = 86_400_000;
  const uptimeMs = async (): Promise<number> => Number((await a.text('cat', '/proc/uptime')).split(' ')[0]) * 1000;

  test.each([
    ['of tomorrow', DAY_MS],
    ['of yesterday', -DAY_MS],
    // What a version before wrote: milliseconds since the epoch.
    ['of the other clock', Date.now()],
  ])('%s: an address rests no longer than a cooldown, and an ENI is not young for ever', async (_, shiftMs) => {
    await startOver(
      async () => {
        const side = JSON.parse(await read('pool.json'));
        const at = (await uptimeMs()) + shiftMs;
        const free = side.enis.flatMap(({ cidrs }: { cidrs: string[] }) =>
          cidrs.map((cidr) => cidr.replace('/32', '')),
        );
        const cooldowns = Object.fromEntries(free.map((address: string) => [address, at]));
        const enis = side.enis.map((eni: object) => ({ ...eni, attachedAtMs: at }));
        await write('pool.json', `${JSON.stringify({ ...side, cooldowns, enis })}\n`);
        // What rests is made up for, and an empty ENI that is old goes.
      },
      { mayChange: true },
    );
    await a.untilStatus('nothing to rest any more', ({ pool }) => pool.cooldown === 0 && pool.free >= 2, {
      withinMs: 5_000,
    });
    const { attachedAtMs } = JSON.parse(await read('pool.json')).enis[0];
    expect(attachedAtMs).toBeLessThanOrEqual(await uptimeMs());
  });
});

test('in the end pods go without a trace', async () => {
  for (const pod of pods) await removePod(a, pod);
  const status = await a.untilStatus('an empty pool', ({ pool }) => pool.assigned === 0 && pool.orphans === 0);
  expect(heldIn(status)).toEqual({});
  expect(await a.text('ip', 'rule', 'show', 'priority', '512')).toBe('');
  expect(await callPlugin(a, 'STATUS', { pod: 'status', containerId: '', netns: '' })).toEqual({
    exitCode: 0,
    document: '',
  });
});
