import { JIT_SCALE } from '../../src/commands/ipamd.ts';
import { createCounts } from '../../src/ipamd/metrics/counts.ts';
import { registerEc2Metrics } from '../../src/ipamd/metrics/ec2-metrics.ts';
import { registerPoolMetrics } from '../../src/ipamd/metrics/pool-metrics.ts';
import { checkPool } from '../../src/pool/index.ts';
import { poolOf } from './pool.ts';
import type { Measured } from './rows.ts';

const BUDGET_MS = 5;
const SAMPLES = 40;
const WARM_UP = 10;
const [ENIS, ADDRESSES] = [12, 50];

/** Measures one scrape of a node with 540 pods, under the daemon's policy of compilation; HTTP is left out. */
export async function measureScrape(): Promise<readonly Measured[]> {
  const { registry } = createCounts();
  registerEc2Metrics(registry);
  const view = poolOf(ENIS, ADDRESSES);
  const limits = { cards: [{ card: 0, maxEnis: ENIS }], slotsPerEni: ADDRESSES, maxPods: ENIS * ADDRESSES };
  registerPoolMetrics(registry, () => ({
    ...{ view, limits, mode: 'secondary', waiting: 0, marks: 'nftables', readyMs: 250 },
    violations: checkPool(view),
  }));
  Bun.unsafe.setJITPolicy(JIT_SCALE);
  try {
    const ours: number[] = [];
    for (let round = 0; round < WARM_UP + SAMPLES; round += 1) {
      const start = performance.now();
      await registry.metrics();
      if (round >= WARM_UP) ours.push(performance.now() - start);
    }
    return [{ name: 'metrics-540-pods', ours, unit: 'ms', peer: [BUDGET_MS], against: 'budget' }];
  } finally {
    Bun.unsafe.setJITPolicy(1);
  }
}
