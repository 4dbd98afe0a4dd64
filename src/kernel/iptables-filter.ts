import {
  type FilterFamily,
  type IptablesTable,
  iptablesScript,
  ownIptablesRules,
  sameIptablesRules,
} from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import type { Exec } from '../sys/index.ts';
import { type IptablesSave, iptablesSaves, restoreIptables } from './iptables.ts';

/** Chains that the kubelet makes, so that programs in containers use the kind of iptables that it uses. */
const KUBELET_CHAINS = /^:KUBE-(?:IPTABLES-HINT|KUBELET-CANARY) /m;

/** The kind that kube-proxy will use: the kubelet's, else the one this host means by `iptables`, else any that works. */
async function chosen(
  exec: Exec,
  saves: readonly IptablesSave[],
  family: FilterFamily,
): Promise<IptablesSave | undefined> {
  const usable = saves.filter((each) => each.usable);
  const kubelets = usable.filter(({ save }) => KUBELET_CHAINS.test(save));
  if (kubelets.length === 1 || usable.length < 2) return kubelets[0] ?? usable[0];
  const meant = (await isLegacy(exec, family)) ? '-legacy' : '-nft';
  return usable.find(({ program }) => program.endsWith(meant)) ?? usable[0];
}

async function isLegacy(exec: Exec, family: FilterFamily): Promise<boolean> {
  try {
    return (await exec.run({ argv: [family === 'ip' ? 'iptables' : 'ip6tables', '--version'] })).stdout.includes(
      'legacy',
    );
  } catch (error) {
    if (error instanceof HostError && error.code === 'PROGRAM_MISSING') return false;
    throw error;
  }
}

/** How another version of iptables words a rule of ours, so that it is not taken for somebody's change for ever. */
interface Worded {
  readonly wanted: readonly IptablesTable[];
  readonly found: readonly IptablesTable[];
}

/** Our packet rules in iptables, for hosts without nft(8). */
export class IptablesFilter {
  readonly #exec: Exec;
  readonly #family: FilterFamily;
  #worded: Worded | undefined;

  constructor(exec: Exec, family: FilterFamily) {
    this.#exec = exec;
    this.#family = family;
  }

  /**
   * Makes our rules if they are not there exactly, in one kind of iptables; in any other kind there are none afterwards.
   * Reports whether it changed anything. Throws `PROGRAM_MISSING` when no kind works here.
   */
  async repair(wanted: readonly IptablesTable[]): Promise<boolean> {
    const saves = await iptablesSaves(this.#exec, this.#family);
    const kind = await chosen(this.#exec, saves, this.#family);
    if (kind === undefined) {
      const program = this.#family === 'ip' ? 'iptables-restore' : 'ip6tables-restore';
      throw new HostError('PROGRAM_MISSING', { program: `nft or ${program}` });
    }
    const changed = await this.#bring(kind, wanted);
    const cleaned = await removeFrom(
      this.#exec,
      saves.filter((each) => each !== kind),
    );
    return changed || cleaned;
  }

  async #bring({ program, save }: IptablesSave, wanted: readonly IptablesTable[]): Promise<boolean> {
    const found = ownIptablesRules(save);
    const worded = this.#worded;
    if (sameIptablesRules(wanted, found)) return false;
    if (worded !== undefined && sameIptablesRules(wanted, worded.wanted) && sameIptablesRules(worded.found, found))
      return false;
    await restoreIptables(this.#exec, program, iptablesScript(wanted, found));
    const again = (await iptablesSaves(this.#exec, this.#family)).find((each) => each.program === program);
    this.#worded = { wanted, found: ownIptablesRules(again?.save ?? '') };
    return true;
  }
}

async function removeFrom(exec: Exec, saves: readonly IptablesSave[]): Promise<boolean> {
  let removed = false;
  for (const { program, save } of saves) {
    const found = ownIptablesRules(save);
    if (found.length === 0) continue;
    await restoreIptables(exec, program, iptablesScript([], found));
    removed = true;
  }
  return removed;
}

/**
 * Removes our rules from every kind of iptables, or from what was seen there before; reports whether there were any. Nobody
 * else's are touched.
 */
export async function removeIptablesRules(
  exec: Exec,
  family: FilterFamily,
  seen?: readonly IptablesSave[],
): Promise<boolean> {
  return await removeFrom(exec, seen ?? (await iptablesSaves(exec, family)));
}
