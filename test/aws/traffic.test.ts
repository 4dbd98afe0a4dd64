import { expect, test } from 'bun:test';
import { classifyEc2Error, type Ec2Action, pausedMs, Traffic } from '../../src/aws/index.ts';
import { type HostError, toHostError } from '../../src/errors/index.ts';
import { startSimulatedEc2 } from './simulated-ec2.ts';

const START_MS = Date.UTC(2026, 0, 1);

/** Time that passes only when somebody waits: all who wait go on in the order of their times. */
class VirtualTime {
  #ms = 0;
  readonly #waiting: { readonly atMs: number; readonly resolve: () => void }[] = [];

  now = (): number => START_MS + this.#ms;
  monotonic = (): number => this.#ms;
  sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.#waiting.push({ atMs: this.#ms + ms, resolve });
    });

  pass(ms: number): void {
    this.#ms += ms;
  }

  /** Lets the work go on until it is over. */
  async until<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const ended = work.finally(() => {
      over = true;
    });
    ended.catch(() => undefined);
    while (!over) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#waiting.sort((a, b) => a.atMs - b.atMs);
      const next = this.#waiting.shift();
      if (next === undefined) continue;
      this.#ms = Math.max(this.#ms, next.atMs);
      next.resolve();
    }
    return ended;
  }
}

const world = () => {
  const time = new VirtualTime();
  return { time, traffic: new Traffic({ clock: time, random: () => 0.999 }) };
};
const refused = (action: Ec2Action, name: string): HostError =>
  classifyEc2Error({ action, subject: {}, error: Object.assign(new Error('no'), { name }) });

const budgets: readonly (readonly [action: Ec2Action, size: number, perSecond: number])[] = [
  ['AssignPrivateIpAddresses', 100, 5],
  ['CreateNetworkInterface', 100, 5],
  ['AttachNetworkInterface', 50, 5],
  ['DetachNetworkInterface', 50, 5],
  ['DescribeNetworkInterfaces', 100, 20],
  ['CreateTags', 100, 10],
];
for (const [action, size, perSecond] of budgets) {
  test(`${action} goes ${size} times at once and ${perSecond} times a second from then on`, async () => {
    const { time, traffic } = world();
    const sentMs: number[] = [];
    const send = async (): Promise<void> => {
      sentMs.push(time.monotonic());
    };
    const count = size + 2 * perSecond;
    await time.until(Promise.all(Array.from({ length: count }, () => traffic.pass(action, send))));
    expect([sentMs.filter((ms) => ms === 0).length, sentMs.filter((ms) => ms <= 1_000).length, sentMs.length]).toEqual([
      size,
      size + perSecond,
      count,
    ]);
    expect(sentMs.at(-1)).toBe(2_000);
  });
}

test('one action that is used up holds no other one back', async () => {
  const { time, traffic } = world();
  const send = async (): Promise<number> => time.monotonic();
  const sent = Array.from({ length: 51 }, () => traffic.pass('AttachNetworkInterface', send));
  expect(await time.until(traffic.pass('DetachNetworkInterface', send))).toBe(0);
  expect(await time.until(Promise.all(sent).then((times) => times.at(-1)))).toBe(200);
});

test('who would wait for more than ten seconds is refused, and no request is sent', async () => {
  const { time, traffic } = world();
  let sent = 0;
  const all = Array.from({ length: 101 }, () =>
    traffic
      .pass('AttachNetworkInterface', async () => {
        sent += 1;
      })
      .then(() => 'sent', toHostError),
  );
  const ends = await time.until(Promise.all(all));
  expect([sent, ends.at(-1)]).toMatchObject([
    100,
    {
      code: 'EC2_THROTTLED',
      message:
        'EC2 throttles AttachNetworkInterface: this node has asked so often that the next request is due in 10200 ms only',
    },
  ]);
});

test('an action that EC2 refuses over and over is not sent, and says why and until when', async () => {
  const { time, traffic } = world();
  let sent = 0;
  const ask = () =>
    time.until(
      traffic
        .pass('CreateTags', async () => {
          sent += 1;
          throw refused('CreateTags', 'UnauthorizedOperation');
        })
        .catch(toHostError),
    );
  for (let tried = 0; tried < 3; tried += 1) await ask();
  const stayed = await ask();
  expect([sent, stayed]).toMatchObject([
    3,
    { code: 'IAM_DENIED', message: 'EC2 denied CreateTags: no (asked again from 2026-01-01T00:00:09.995Z on)' },
  ]);
  expect(traffic.paused()).toMatchObject([
    {
      action: 'CreateTags',
      untilMs: START_MS + 9_995,
      error: { code: 'IAM_DENIED', message: 'EC2 denied CreateTags: no' },
    },
  ]);
  time.pass(9_995);
  await time.until(traffic.pass('CreateTags', async () => undefined));
  expect(traffic.paused()).toEqual([]);
});

test('requests that wait for a token stay when the others are refused meanwhile', async () => {
  const { time, traffic } = world();
  let sent = 0;
  const all = Array.from({ length: 60 }, () =>
    traffic
      .pass('AttachNetworkInterface', async () => {
        sent += 1;
        throw refused('AttachNetworkInterface', 'RequestLimitExceeded');
      })
      .catch(toHostError),
  );
  const ends = await time.until(Promise.all(all));
  expect([sent, new Set(ends.map(({ code }) => code))]).toEqual([50, new Set(['EC2_THROTTLED'])]);
});

test('a throttled action is asked more slowly for a while', async () => {
  const { time, traffic } = world();
  await traffic
    .pass('DescribeSubnets', async () => {
      throw refused('DescribeSubnets', 'RequestLimitExceeded');
    })
    .catch(toHostError);
  const sentMs: number[] = [];
  for (let asked = 0; asked < 3; asked += 1)
    sentMs.push(await time.until(traffic.pass('DescribeSubnets', async () => time.monotonic())));
  expect(sentMs).toEqual([100, 191, 275]);
});

test('the simulated EC2 is left alone once it has denied three times', async () => {
  await using sim = startSimulatedEc2();
  const [eni] = sim.vpc.enisOf(sim.instance.id);
  const ask = () => sim.ec2.tagEni({ eniId: eni?.id ?? '', tags: { a: 'b' } }).then(() => 'done', toHostError);
  sim.dials.set({ action: 'CreateTags', denied: true });
  for (let tried = 0; tried < 5; tried += 1) expect(await ask()).toMatchObject({ code: 'IAM_DENIED' });
  expect(sim.vpc.calls()).toHaveLength(3);
  expect(sim.ec2.traffic.paused()).toMatchObject([{ action: 'CreateTags', error: { code: 'IAM_DENIED' } }]);
});

test('a burst is spread so that EC2 throttles none of it', async () => {
  await using sim = startSimulatedEc2();
  // A little more than EC2 has: requests do not arrive as evenly as they are sent.
  sim.dials.set({ action: '*', bucket: { size: 104, perSecond: 20 } });
  const instanceId = sim.instance.id;
  await Promise.all(Array.from({ length: 120 }, () => sim.ec2.describeEnis({ instanceId })));
  const codes = sim.vpc.calls().map(({ code }) => code);
  expect(codes).toEqual(Array.from({ length: 120 }, () => 'OK'));
});

test('a refusal that stops an action says for how long, and so does each until then', async () => {
  const { time, traffic } = world();
  const ask = () =>
    traffic.pass('AssignPrivateIpAddresses', () =>
      Promise.reject(refused('AssignPrivateIpAddresses', 'RequestLimitExceeded')),
    );
  const waits: number[] = [];
  for (let n = 0; n < 4; n++) {
    waits.push(pausedMs(await time.until(ask().catch((error: unknown) => error))));
    if (n === 2) time.pass(400);
  }
  // The third in a row opens the breaker for a second, of which 400 ms have passed when the fourth comes.
  expect(waits).toEqual([0, 0, 1_000, 600]);
});
