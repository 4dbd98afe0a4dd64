/**
 * Measures the product on a simulated node against the stock plugins ptp and host-local, in turn, in one run. Prints a table;
 * with `--json`, as the last thing on stdout, `{"rows":[{"name","ours","peer","ratio","unit"}]}`. No ratio makes it fail.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { measureCrowd } from './bench/crowd.ts';
import { measureDrift } from './bench/drift.ts';
import { measureFleet } from './bench/fleet.ts';
import type { Plan, Report } from './bench/inside.ts';
import { measurePool } from './bench/pool.ts';
import { renderTable, rowOf } from './bench/rows.ts';
import { measureScrape } from './bench/scrape.ts';
import { measureSim } from './bench/sim.ts';
import { measureFabric } from './bench/sim-fabric.ts';
import { inVpc } from './bench/vpc.ts';
import { build } from './build.ts';

const HELP = `Usage: npm run bench -- [OPTION…]

Measures ADD and DEL against the stock plugins ptp and host-local, the daemon's memory, and the times of install and start,
on a node of a simulated VPC; what large nodes do with many pods; the pool's decisions by themselves; a simulated fleet of ten thousand nodes; then the simulator: with 1000 instances, and the way to 20 nodes on its fabric. Needs
root, except for the 1000 instances.
Changes nothing outside of namespaces it makes and removes.

Options:
  --quick     fewer samples, no crowd and no fleet, in about 40 s instead of 400
  --cycles N  ADD and DEL pairs whose effect on memory is measured (10000; with --quick 0)
  --only PART product, crowd, pool, fleet or sim
  --product F an executable to measure instead of a fresh build
  --json      {"rows":[{"name","ours","peer","ratio","unit"}]} on stdout
  --help      this text
`;

// 234 pods: enough for 40 at once, and for a node that is nearly full.
const INSTANCE_TYPE = 'm5.4xlarge';
const FULL = { serial: 60, rounds: 7, together: 40, crowd: 200, cycles: 10_000, restarts: 3 } as const;
const QUICK = { serial: 40, rounds: 3, together: 40, crowd: 0, cycles: 0, restarts: 0 } as const;

const PARTS = ['product', 'crowd', 'pool', 'fleet', 'sim'] as const;

interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly only: (typeof PARTS)[number] | undefined;
  readonly cycles: number | undefined;
  readonly product: string | undefined;
}

function parseWords(words: readonly string[]): Options | 'help' | { readonly wrong: string } {
  let options: Options = { quick: false, json: false, only: undefined, cycles: undefined, product: undefined };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--help' || word === '-h') return 'help';
    if (word === '--quick') options = { ...options, quick: true };
    else if (word === '--json') options = { ...options, json: true };
    else if (word === '--only') {
      const named = rest.shift();
      const part = PARTS.find((known) => known === named);
      if (part === undefined) return { wrong: `--only needs one of ${PARTS.join(', ')}, not "${named ?? ''}"` };
      options = { ...options, only: part };
    } else if (word === '--cycles') {
      const count = rest.shift() ?? '';
      if (!/^\d{1,6}$/.test(count)) return { wrong: `--cycles needs a whole number, not "${count}"` };
      options = { ...options, cycles: Number(count) };
    } else if (word === '--product') {
      const product = rest.shift() ?? '';
      if (!existsSync(product)) return { wrong: `--product needs a file, and there is no "${product}"` };
      options = { ...options, product };
    } else return { wrong: `there is no option "${word}"` };
  }
  return options;
}

function productOf(options: Options): string {
  const product = options.product ?? build();
  console.error(`measuring ${product}`);
  return product;
}

async function measureProduct(product: string, options: Options): Promise<Report> {
  const size = options.quick ? QUICK : FULL;
  const plan: Plan = { product, ...size, cycles: options.cycles ?? size.cycles };
  const up = ['--nodes', '1', '--instance-type', INSTANCE_TYPE];
  const report = await inVpc(product, up, (vpc) => vpc.run('node-a', join(import.meta.dir, 'bench/inside.ts'), plan));
  return Object(report);
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
  const drift = wants('product') ? measureDrift() : [];
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
