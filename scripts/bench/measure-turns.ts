import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { applySteps, observeNetwork, RouteSocket } from '../../src/kernel/index.ts';
import { awaitStatus } from './daemon.ts';
import { callTogether, OURS } from './peers.ts';
import { makePods } from './pods.ts';
import type { Measured } from './rows.ts';
import { linkCount, removeSandboxes, settle } from './sandbox.ts';

const FILE = '/run/vpc-cni-bench/turns.json';
const BUDGET = { turnMs: 5 } as const;
const PATIENCE_MS = 5_000;
/** A look at the host's network that something of ours has gone from comes 10 ms later. */
const LOOK_MS = 200;

/** The longest turn of the daemon's loop since it was asked last. */
async function longestTurn(pid: number): Promise<number> {
  rmSync(FILE, { force: true });
  process.kill(pid, 'SIGUSR2');
  const deadline = performance.now() + PATIENCE_MS;
  while (!existsSync(FILE)) {
    if (performance.now() > deadline) throw new Error('the daemon does not tell how long its turns are');
    await Bun.sleep(1);
  }
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** Takes a rule of ours away, so that the daemon looks at everything it has in the kernel, and puts it back. */
function damage(): void {
  using socket = new RouteSocket();
  const [rule] = observeNetwork(socket).rules;
  if (rule === undefined) throw new Error('the daemon has no rule');
  applySteps(socket, [{ kind: 'remove-rule', rule }]);
}

/**
 * The longest turn of a daemon's loop while so many pods come at once and go, and its host's network is looked at. The
 * daemon is the product, started here with a timer in it; none runs before or after.
 */
export async function measureTurns(
  product: string,
  plan: { readonly name: string; readonly together: number; readonly rounds: number; readonly free: number },
): Promise<Measured> {
  const preload = `--preload=${join(import.meta.dir, 'turns.ts')}`;
  const daemon = Bun.spawn([product, 'ipamd'], {
    env: { ...process.env, BUN_OPTIONS: preload, BENCH_TURNS: FILE },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  try {
    await awaitStatus(
      'a warm pool',
      (status) => status.ready && status.pool.free >= plan.free && status.pid === daemon.pid,
    );
    const ours: number[] = [];
    // What is done for the first time is compiled first, and the start itself is no turn.
    for (let round = -1; round < plan.rounds; round += 1) {
      const links = linkCount();
      await longestTurn(daemon.pid);
      const { pods } = await callTogether(OURS, 'ADD', makePods(OURS, plan.together));
      damage();
      await callTogether(OURS, 'DEL', pods);
      await Bun.sleep(LOOK_MS);
      const longest = await longestTurn(daemon.pid);
      if (round >= 0) ours.push(longest);
      removeSandboxes(pods.map(({ netns }) => netns));
      await settle(links);
    }
    return { name: plan.name, ours, peer: [BUDGET.turnMs], unit: 'ms', against: 'budget' };
  } finally {
    daemon.kill('SIGTERM');
    await daemon.exited;
  }
}
