import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { StatusDocument } from '../../src/cniproto/index.ts';
import { freshVpc, until } from '../support/e2e.ts';
import { callPlugin, errorOf, makeSandbox } from '../support/e2e-cni.ts';
import { addPod, codesIn, expectLive, heldIn, type RunningPod, removePod } from '../support/e2e-pods.ts';

setDefaultTimeout(240_000);

const vpc = freshVpc('ef');
const a = vpc.node('node-a');
const RUN = '/run/vpc-cni';

let pods: readonly RunningPod[] = [];

/** What the daemon says; the socket lies on a file system that only the node itself sees. */
async function status(): Promise<StatusDocument | undefined> {
  const { stdout } = await a.cli('status', '--json');
  const document = stdout.startsWith('{') ? JSON.parse(stdout) : {};
  return document.daemon ?? undefined;
}

async function untilStatus(what: string, is: (document: StatusDocument) => boolean): Promise<StatusDocument> {
  let last: StatusDocument | undefined;
  const look = async () => {
    last = await status();
    return last !== undefined && is(last) ? last : undefined;
  };
  return until(what, look, { withinMs: 20_000, last: () => last });
}

/** Takes every byte and every file there is; what is written in the place of something else would find room otherwise. */
const fill = async (): Promise<void> => {
  await a.text('touch', `${RUN}/full`);
  const used = (await a.text('df', '--output=iused', RUN)).trim().split('\n').at(-1);
  await a.text('mount', '-o', `remount,nr_inodes=${used?.trim()}`, RUN);
  // It ends with "no space left", which is what is wanted.
  await a.run(['dd', 'if=/dev/zero', `of=${RUN}/full`, 'bs=1k', 'oflag=append', 'conv=notrunc']);
  expect((await a.run(['touch', `${RUN}/more`])).exitCode).not.toBe(0);
};
const empty = async (): Promise<void> => {
  await a.text('mount', '-o', 'remount,nr_inodes=1000', RUN);
  await a.text('rm', `${RUN}/full`);
};

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--instance-type', 't3.small', '--attach-ms', '200', '--detach-ms', '200');
  await a.text('mkdir', '-p', RUN);
  await a.text('mount', '-t', 'tmpfs', '-o', 'size=512k,nr_inodes=1000,mode=0700', 'tmpfs', RUN);
  await a.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=1');
  await a.install();
  pods = [await addPod(a, 'one'), await addPod(a, 'two')];
  await untilStatus('the pool to rest', ({ pool }) => pool.free === 2 && pool.pending === 0);
});
afterAll(async () => {
  await vpc.down();
});

/** Adds and deletes a pod until the last page of the journal is full; what is said then. */
async function addUntilFull() {
  const sandbox = await makeSandbox(a, 'full');
  for (let n = 0; n < 100; n++) {
    const added = await callPlugin(a, 'ADD', sandbox);
    if (added.exitCode !== 0) return { sandbox, answer: added };
    const deleted = await callPlugin(a, 'DEL', sandbox);
    if (deleted.exitCode !== 0) return { sandbox, answer: deleted };
  }
  throw new Error('there is always room');
}

describe('a full /run', () => {
  test('while it runs: what cannot be written down is refused and told; pods live on; it is over with the cause', async () => {
    await fill();
    const { sandbox, answer } = await addUntilFull();
    expect(errorOf(answer)).toMatchObject({ details: expect.stringMatching(/^FILE_FAILED: /) });
    const full = await untilStatus('it to be told', (document) => codesIn(document).includes('FILE_FAILED'));
    expect(full.conditions?.find(({ code }) => code === 'FILE_FAILED')?.message).toContain('no space left');
    expect(errorOf(await callPlugin(a, 'STATUS', sandbox))).toMatchObject({ code: 50 });
    // A pod that has its address needs nothing written.
    expect((await callPlugin(a, 'ADD', { ...sandbox, ...pods[0] })).exitCode).toBe(0);
    await expectLive(a, pods);
    await empty();
    await untilStatus('it to be over', (document) => !codesIn(document).includes('FILE_FAILED'));
    expect((await callPlugin(a, 'ADD', sandbox)).exitCode).toBe(0);
    await removePod(a, sandbox);
  });

  test('at the start: pods that run are served, nothing new is handed out, and it is over with the cause', async () => {
    const before = await untilStatus('the pool to rest', ({ pool }) => pool.free === 2 && pool.cooldown === 0);
    await fill();
    process.kill(before.pid, 'SIGKILL');
    const full = await untilStatus('another daemon', ({ pid, phase }) => pid !== before.pid && phase === 'serving');
    expect(codesIn(full)).toContain('FILE_FAILED');
    expect(heldIn(full)).toEqual(heldIn(before));
    await expectLive(a, pods);
    const [one] = pods;
    if (one === undefined) throw new Error('no pod');
    expect((await callPlugin(a, 'ADD', one)).exitCode).toBe(0);
    await empty();
    await untilStatus('it to be over', (document) => !codesIn(document).includes('FILE_FAILED'));
    const more = await addPod(a, 'more');
    await expectLive(a, [...pods, more]);
    for (const pod of [...pods, more]) await removePod(a, pod);
    await untilStatus('an empty pool', ({ pool }) => pool.assigned === 0 && pool.cooldown === 0);
  });
});
