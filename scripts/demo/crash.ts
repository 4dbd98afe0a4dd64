import type { StatusDocument } from '../../src/cniproto/index.ts';
import { INTERNET_ADDRESS } from '../../src/sim/fabric/index.ts';
import { nodeStatus } from './cli.ts';
import { need } from './failure.ts';
import { NODES } from './plan.ts';
import type { Cast } from './pods.ts';
import { livesIn } from './snapshot.ts';
import { daemonOf, type Stage, until } from './stage.ts';
import { duration } from './story.ts';

const BACK = { deadlineMs: 30_000, what: 'the return of ipamd' };
/** Let the pings be well under way first. */
const HEAD_START_MS = 300;

/** Who has which address, in the daemon's own words. */
const holdings = ({ enis }: StatusDocument): string =>
  enis
    .flatMap(({ addresses }) => addresses)
    .filter(({ state }) => state === 'assigned')
    .map(({ address, pod }) => `${address} ${pod}`)
    .sort()
    .join('\n');

/** Kills one ipamd without warning while two pods of its node talk; nobody may notice. */
export async function crash(stage: Stage, { near, far, other }: Cast): Promise<void> {
  const { cli, story, signal, pinger } = stage;
  const [node] = NODES;
  const before = await daemonOf(cli, node);
  need(livesIn(before.pid, stage.namespaces), `process ${before.pid} does not live in ${node}: it is not killed`);
  let back = false;
  const streams = Promise.all([
    pinger.stream(near, other.address, () => !back),
    pinger.stream(far, INTERNET_ADDRESS, () => !back),
  ]);
  const kill = async () => {
    await Bun.sleep(HEAD_START_MS);
    signal.throwIfAborted();
    const killed = performance.now();
    process.kill(before.pid, 'SIGKILL');
    story.say(
      `kill -9 ${before.pid}: ipamd of ${node} is dead; ${near.pod} and ${far.pod} go on sending 50 packets a second`,
    );
    const { daemon, ms } = await until(signal, BACK, async () => {
      const status = await nodeStatus(cli, node);
      const ms = performance.now() - killed;
      return status.ready && status.daemon !== null && status.daemon.pid !== before.pid
        ? { daemon: status.daemon, ms }
        : undefined;
    });
    story.say(`after ${duration(ms)} a new ipamd (pid ${daemon.pid}) serves again`);
    return daemon;
  };
  const killing = kill().finally(() => {
    back = true;
  });
  const [received, after] = await Promise.all([streams, killing]);
  story.say(`${near.pod} → ${other.pod}: ${received[0]} packets, none lost`);
  story.say(`${far.pod} → the internet: ${received[1]} packets, none lost`);
  need(
    holdings(after) === holdings(before),
    `the pods of ${node} had\n${holdings(before)}\nand now\n${holdings(after)}`,
  );
  story.say(`all ${after.pool.assigned} pods of ${node} still have the addresses they had`);
}
