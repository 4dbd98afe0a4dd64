import { existsSync } from 'node:fs';
import { type PeerPlugin, readPeer } from './parse-peer.ts';

/** What `--help` says. */
export const HELP = `Usage: npm run bench -- [OPTION…]

Measures ADD and DEL against the stock plugins ptp and host-local, the daemon's memory, and the times of install and start,
on a node of a simulated VPC; what large nodes do with many pods; the pool's decisions by themselves; a simulated fleet of
ten thousand nodes; then the simulator: with 1000 instances, and the way to 20 nodes on its fabric. Needs root, except for
the pool, the fleet and the 1000 instances.
Changes nothing outside of namespaces it makes and removes.

Options:
  --quick            fewer samples, no crowd and no fleet, in about 60 s instead of 500
  --cycles N         ADD and DEL pairs whose effect on memory is measured (10000; with --quick 0)
  --only PART        product, crowd, pool, fleet or sim
  --product F        an executable to measure instead of a fresh build
  --peer PLUGIN      another CNI plugin, an executable, to be measured in the same rows; its IPAM plugin is looked for
                     beside it and in /usr/lib/cni
  --peer-conf FILE   its network configuration, that of one plugin; comes with --peer
  --json             {"rows":[{"name","ours","peer","ratio","unit"}]} on stdout
  --help             this text

Example:
  npm run bench -- --quick --only product --peer /usr/lib/cni/bridge --peer-conf bridge.json
`;

/** The parts that can be measured by themselves. */
export const PARTS = ['product', 'crowd', 'pool', 'fleet', 'sim'] as const;

/** What is to be measured. */
export interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly only: (typeof PARTS)[number] | undefined;
  readonly cycles: number | undefined;
  readonly product: string | undefined;
  readonly peer: PeerPlugin | undefined;
}

type Wrong = { readonly wrong: string };

/** The peer that two options name; each needs the other. */
function peerOf(plugin: string | undefined, conf: string | undefined): PeerPlugin | Wrong | undefined {
  if (plugin === undefined && conf === undefined) return undefined;
  if (plugin === undefined) return { wrong: '--peer-conf needs --peer' };
  if (conf === undefined) return { wrong: '--peer needs --peer-conf: a plugin does nothing without a configuration' };
  try {
    return readPeer(plugin, conf);
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) };
  }
}

/** Reads the words of a command line. */
export function parseWords(words: readonly string[]): Options | 'help' | Wrong {
  let options: Omit<Options, 'peer'> = {
    ...{ quick: false, json: false, only: undefined, cycles: undefined, product: undefined },
  };
  let [plugin, conf]: (string | undefined)[] = [];
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
    } else if (word === '--peer') plugin = rest.shift() ?? '';
    else if (word === '--peer-conf') conf = rest.shift() ?? '';
    else return { wrong: `there is no option "${word}"` };
  }
  const peer = peerOf(plugin, conf);
  return peer !== undefined && 'wrong' in peer ? peer : { ...options, peer };
}
