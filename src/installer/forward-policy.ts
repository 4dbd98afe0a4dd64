import { HostError } from '../errors/index.ts';
import type { FilterBackend, ForwardPolicy } from '../hostspec/index.ts';
import { iptablesSaves, listByNft } from '../kernel/index.ts';
import type { Exec } from '../sys/index.ts';
import type { Host } from './host.ts';
import { moduleStates } from './modules.ts';
import { parseNftPolicies, parseSavedPolicy } from './parse-forward-policy.ts';

type Family = ForwardPolicy['family'];

/** Tables of the older packet filter that are in use; merely asking its own program for one would make it. */
const LEGACY_TABLES = { ipv4: '/proc/net/ip_tables_names', ipv6: '/proc/net/ip6_tables_names' } as const;
const LOCK_WAIT_SECONDS = '5';
const NFTABLES = 'nf_tables';

const isMissing = (error: unknown): boolean => error instanceof HostError && error.code === 'PROGRAM_MISSING';

/** The programs of a backend by preference; the plain name belongs to either, as the distribution chose. */
function programs(family: Family, backend: FilterBackend, verb: '' | '-save'): readonly string[] {
  const name = family === 'ipv4' ? 'iptables' : 'ip6tables';
  return [`${name}-${backend}${verb}`, `${name}${verb}`];
}

/** Runs the first of these programs that is installed. */
async function runFirst(exec: Exec, names: readonly string[], words: readonly string[]): Promise<string> {
  for (const [index, name] of names.entries()) {
    try {
      return (await exec.run({ argv: [name, ...words] })).stdout;
    } catch (error) {
      if (!isMissing(error) || index === names.length - 1) throw error;
    }
  }
  throw new HostError('PROGRAM_MISSING', { program: names.join(' or ') });
}

async function legacyPolicies(host: Host, family: Family): Promise<readonly ForwardPolicy[]> {
  const tables = (host.files.read(LEGACY_TABLES[family]) ?? '').split('\n');
  if (!tables.includes('filter')) return [];
  const saved = await runFirst(host.exec, programs(family, 'legacy', '-save'), ['-t', 'filter']);
  const policy = parseSavedPolicy(saved);
  return policy === undefined ? [] : [{ family, backend: 'legacy', policy }];
}

/** None while the kernel has no nftables: without its module there is no chain, and nft(8) fails rather than say so. */
async function newerPolicies(host: Host, families: readonly Family[]): Promise<readonly ForwardPolicy[]> {
  const { [NFTABLES]: state } = moduleStates(host.files, [NFTABLES]);
  if (state === 'loadable' || state === 'absent') return [];
  const chains = await listByNft(host.exec, '--json', 'list', 'chains');
  if (chains !== undefined) return parseNftPolicies(chains).filter(({ family }) => families.includes(family));
  return (await Promise.all(families.map((family) => savedPolicies(host.exec, family)))).flat();
}

/** Without nft(8), by the iptables that keeps its chains in nftables; without that either nobody has made any. */
async function savedPolicies(exec: Exec, family: Family): Promise<readonly ForwardPolicy[]> {
  const saves = await iptablesSaves(exec, family === 'ipv4' ? 'ip' : 'ip6');
  const policy = parseSavedPolicy(saves.find(({ program }) => program.endsWith('-nft'))?.save ?? '');
  return policy === undefined ? [] : [{ family, backend: 'nft', policy }];
}

/** The FORWARD chains there are, of both packet filters, with their policies. None is made by looking. */
export async function observePolicies(host: Host, families: readonly Family[]): Promise<readonly ForwardPolicy[]> {
  // A host whose root is not the machine's has another machine's kernel.
  if (host.root !== '/') return [];
  const legacy = families.map((family) => legacyPolicies(host, family));
  return (await Promise.all([newerPolicies(host, families), ...legacy])).flat();
}

/** Sets the policy of a FORWARD chain that exists. */
export async function setForwardPolicy(exec: Exec, wanted: ForwardPolicy): Promise<void> {
  const { family, backend, policy } = wanted;
  if (backend === 'nft') {
    // Through nft where it is there, as for our own rules: iptables need not be installed, and its lock is not held.
    const chain = `chain ${family === 'ipv4' ? 'ip' : 'ip6'} filter FORWARD { policy ${policy.toLowerCase()}; }\n`;
    try {
      await exec.run({ argv: ['nft', '-f', '-'], input: `add ${chain}` });
      return;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  await runFirst(exec, programs(family, backend, ''), ['-w', LOCK_WAIT_SECONDS, '-P', 'FORWARD', policy]);
}
