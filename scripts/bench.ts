/**
 * Measures the product on a simulated node against the stock plugins ptp and host-local, in turn, in one run. Prints a table;
 * with `--json`, as the last thing on stdout, `{"rows":[{"name","ours","peer","ratio","unit"}]}`. No ratio makes it fail.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { measureCrowd } from './bench/crowd.ts';
import { measureDrift, measureStart } from './bench/drift.ts';
import { measureFleet } from './bench/fleet.ts';
import type { Plan, Report } from './bench/inside.ts';
import { HELP, type Options, parseWords } from './bench/options.ts';
import { placePeer } from './bench/parse-peer.ts';
import { measurePool } from './bench/pool.ts';
import { renderTable, rowOf } from './bench/rows.ts';
import { measureScrape } from './bench/scrape.ts';
import { measureSim } from './bench/sim.ts';
import { measureFabric } from './bench/sim-fabric.ts';
import { inVpc } from './bench/vpc.ts';
import { build } from './build.ts';

// 234 pods: enough for 40 at once, and for a node that is nearly full.
const INSTANCE_TYPE = 'm5.4xlarge';
const FULL = { serial: 60, rounds: 7, together: 40, crowd: 200, cycles: 10_000, restarts: 3 } as const;
const QUICK = { serial: 40, rounds: 3, together: 40, crowd: 0, cycles: 0, restarts: 0 } as const;

function productOf(options: Options): string {
  const product = options.product ?? build();
  console.error(`measuring ${product}`);
  return product;
}

async function measureProduct(product: string, options: Options): Promise<Report> {
  const size = options.quick ? QUICK : FULL;
  const further = options.peer === undefined ? [] : [placePeer(options.peer)];
  const plan: Plan = { product, ...size, cycles: options.cycles ?? size.cycles, further };
  const up = ['--nodes', '1', '--instance-type', INSTANCE_TYPE];
  try {
    const report = await inVpc(product, up, (vpc) => vpc.run('node-a', join(import.meta.dir, 'bench/inside.ts'), plan));
    return Object(report);
  } finally {
    for (const { executable } of further) rmSync(dirname(executable), { recursive: true });
  }
}

function legend({ memory }: Report): string {
  const { resident, anonymous, file } = memory;
  return ` ADD and DEL: one process from its start to its end, on the same node, in turn with the peer; "-40" is 40 started
at once, until the last has ended. del-until-gone adds the removal of the namespace until the host's link is gone.
The daemon's ${resident.toFixed(0)} MB: ${anonymous.toFixed(0)} MB of its own, ${file.toFixed(0)} MB pages of the executable, shared with every plugin.
`;
}

async function main(words: readonly string[]): Promise<number> {
  const options = parseWords(words);
  if (options === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if ('wrong' in options) {
    console.error(`bench: ${options.wrong}\n\n${HELP}`);
    return 2;
  }
  const wants = (part: Options['only']): boolean => options.only === undefined || options.only === part;
  if ((wants('product') || options.only === 'crowd') && process.getuid?.() !== 0) {
    console.error('bench: namespaces need root: run it with sudo, or with --only pool, fleet or sim');
    return 1;
  }
  const crowded = options.only === 'crowd' || (options.only === undefined && !options.quick);
  const fleets = options.only === 'fleet' || (options.only === undefined && !options.quick);
  const product = wants('product') || crowded || fleets ? productOf(options) : '';
  const report = wants('product') ? await measureProduct(product, options) : undefined;
  const crowd = crowded ? await measureCrowd(product) : [];
  const drift = wants('product') ? [measureStart(), ...measureDrift()] : [];
  const pool = wants('pool') ? [...measurePool(), ...(await measureScrape())] : [];
  const fleet = fleets ? await measureFleet(product) : [];
  const sim = wants('sim') ? await measureSim() : [];
  const fabric = wants('sim') && process.getuid?.() === 0 ? await measureFabric() : [];
  const measured = [...(report?.measured ?? []), ...drift, ...crowd, ...pool, ...fleet, ...sim, ...fabric];
  const table = `${renderTable(measured)}\nMedians.${report === undefined ? '\n' : legend(report)}`;
  if (options.json) console.error(`\n${table}`);
  console.log(options.json ? JSON.stringify({ rows: measured.map(rowOf) }) : `\n${table}`);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
