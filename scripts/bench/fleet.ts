import type { Measured } from './rows.ts';

/** For ten thousand nodes on two cores. */
const BUDGET = { ms: 60_000, residentMb: 1_000 } as const;
const WORDS = ['fleet', 'simulate', '--nodes', '10000', '--instance-type', 'c5.large', '--json'] as const;

/** Simulates ten thousand nodes with default targets, as a user would. */
export async function measureFleet(product: string): Promise<readonly Measured[]> {
  const started = performance.now();
  const child = Bun.spawn([product, ...WORDS], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  const took = performance.now() - started;
  const { ok } = Object(JSON.parse(text));
  if (code !== 0 || ok !== true) throw new Error(`${WORDS.join(' ')} ended with ${code}`);
  const resident = (child.resourceUsage()?.maxRSS ?? Number.NaN) / 1e6;
  return [
    { name: 'fleet-10000', ours: [took], peer: [BUDGET.ms], unit: 'ms', against: 'budget' },
    { name: 'fleet-10000-rss', ours: [resident], peer: [BUDGET.residentMb], unit: 'MB', against: 'budget' },
  ];
}
