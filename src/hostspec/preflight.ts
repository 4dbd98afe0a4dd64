import { HostError } from '../errors/index.ts';
import type { Foreign } from './diff.ts';
import type { WantedModule } from './modules.ts';
import type { ModuleState } from './observed.ts';
import type { RegionClaim } from './region.ts';

/** A network configuration of somebody else that runtimes would take before ours. */
export interface Rival {
  readonly path: string;
  /** Name of the network in it, or that it cannot be read. */
  readonly network: string;
  /** `delegates`: it hands pods on to the next configuration, which is ours (Multus). */
  readonly role: 'takes-over' | 'delegates';
}

/** What may forbid an installation before anything is changed. */
export interface PreflightFacts {
  readonly stage: 'image' | 'boot' | 'all';
  readonly foreign: Foreign;
  /** The instance's own region; `undefined` while it is unknown. */
  readonly region: string | undefined;
  readonly claims: readonly RegionClaim[];
  readonly rivals: readonly Rival[];
  /** A kubelet that runs, where that matters: at the first installation of a host. */
  readonly kubelet: { readonly name: string; readonly pid: number } | undefined;
  readonly modules: readonly WantedModule[];
  readonly moduleStates: Readonly<Record<string, ModuleState>>;
}

/** Why an installation must not begin, and what a reader should know although it may. */
export interface Preflight {
  readonly problems: readonly HostError[];
  readonly notes: readonly string[];
}

function judgeRival({ path, network, role }: Rival, facts: PreflightFacts): Preflight {
  if (role === 'delegates')
    return { problems: [], notes: [`${path} (${network}) comes before ours and hands on to it`] };
  // In an image nothing runs yet. At a boot nobody is there to say --force, and without a daemon pods of ours would suffer.
  if (facts.stage !== 'all' || facts.foreign === 'replace')
    return { problems: [], notes: [`container runtimes use ${path} (${network}) before ours`] };
  return { problems: [new HostError('CONFLIST_RIVAL', { path, network })], notes: [] };
}

/** Decides whether an installation may begin; every reason against it is named, not only the first. */
export function preflight(facts: PreflightFacts): Preflight {
  const { stage, foreign, region, kubelet } = facts;
  const regions =
    region === undefined
      ? []
      : facts.claims
          .filter((claim) => claim.region !== region)
          .map(({ name, region: said }) => new HostError('WRONG_REGION', { name, said, region }));
  const rivals = facts.rivals.map((rival) => judgeRival(rival, facts));
  const running =
    stage === 'all' && foreign === 'keep' && kubelet !== undefined ? [new HostError('KUBELET_RUNNING', kubelet)] : [];
  const modules = facts.modules
    .filter(({ module, need }) => need === 'required' && facts.moduleStates[module] === 'absent')
    .map(({ module, why }) => new HostError('MODULE_MISSING', { module, why }));
  return {
    problems: [...regions, ...rivals.flatMap(({ problems }) => problems), ...running, ...modules],
    notes: rivals.flatMap(({ notes }) => notes),
  };
}
