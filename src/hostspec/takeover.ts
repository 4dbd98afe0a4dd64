import { HostError } from '../errors/index.ts';
import type { DaemonState } from './observed.ts';

/** Where aws-node keeps what it must tell the next one. */
export const AWS_NODE = {
  directory: '/var/run/aws-node',
  checkpoint: '/var/run/aws-node/ipam.json',
  socket: '/var/run/aws-node/ipamd.sock',
  /** Names of the checkpoints of further network cards, by the number of the card. */
  cardCheckpoint: /^ipam-nic-(\d+)\.json$/,
  cardCheckpointOf: (card: number) => `/var/run/aws-node/ipam-nic-${card}.json`,
  /** Metrics and introspection. */
  ports: [61678, 61679],
  /** gRPC up to its v1.22, on 127.0.0.1 alone: elsewhere it is the usual port of anybody's gRPC. */
  loopbackPorts: [50051],
  /** The kernel cuts names of processes at 15 characters. */
  programs: ['aws-k8s-agent', 'aws-vpc-cni'],
} as const;

/** One sign that another ipamd runs here: what it holds, and who it is where that can be seen. */
export interface OtherIpamd {
  readonly holds: string;
  readonly pid?: number;
  readonly program?: string;
}

/** A setting that aws-node left in the kernel or in its conflist, and ours. */
export interface SettingDifference {
  readonly setting: string;
  readonly theirs: string;
  readonly ours: string;
}

/** What we noted of a takeover in this boot. */
export type TakeoverState = 'none' | 'imported' | 'adopted';

/** All that decides whether a node can be taken over. */
export interface ObservedTakeover {
  readonly others: readonly OtherIpamd[];
  readonly checkpoint: 'absent' | 'present';
  /** In words: what this version cannot do, and pods that no checkpoint accounts for. */
  readonly unsupported: readonly string[];
  readonly differences: readonly SettingDifference[];
  readonly state: TakeoverState;
  readonly daemon: DaemonState;
  /** Whether aws-node's packet rules are still there. */
  readonly packetRules: 'absent' | 'present';
}

/** What to do about a node. */
export type AdoptDecision =
  | { readonly kind: 'refuse'; readonly failure: HostError }
  | { readonly kind: 'nothing'; readonly why: string }
  /** `checkpoint` says whether aws-node's is to be read; after the daemon has run, ours is the newer one. */
  | { readonly kind: 'adopt'; readonly checkpoint: 'import' | 'keep' };

/** Evidence as words. */
export function describeOthers(others: readonly OtherIpamd[]): string {
  return others
    .map(({ holds, pid, program }) => {
      const who = pid === undefined ? 'an unknown process' : `pid ${pid}${program ? ` (${program})` : ''}`;
      return `${who} ${holds}`;
    })
    .join('; ');
}

/**
 * Decides about a node: whoever runs comes before what can be done, and that before what differs. `settings` says
 * whose are used where they differ.
 */
export function decideAdopt(
  observed: ObservedTakeover,
  options: { readonly settings: 'same' | 'ours' },
): AdoptDecision {
  const { others, state, daemon, checkpoint, unsupported, differences } = observed;
  const refuse = (...[code, details]: ConstructorParameters<typeof HostError>): AdoptDecision => ({
    kind: 'refuse',
    failure: new HostError(code, details),
  });
  if (others.length > 0) return refuse('ADOPT_OTHER_IPAMD', { evidence: describeOthers(others) });
  if (daemon === 'ready' && observed.packetRules === 'absent') {
    if (state === 'adopted') return { kind: 'nothing', why: 'this node was taken over already' };
    if (state === 'none' && checkpoint === 'absent')
      return { kind: 'nothing', why: 'this node is ours, and aws-node has left nothing to take over' };
  }
  // From here on the pods are ours already, whatever they need.
  if (state !== 'none') return { kind: 'adopt', checkpoint: 'keep' };
  if (unsupported.length > 0) return refuse('ADOPT_UNSUPPORTED', { reasons: unsupported.join('; ') });
  if (differences.length > 0 && options.settings === 'same') {
    const said = differences.map(({ setting, theirs, ours }) => `${setting} is ${theirs} there and ${ours} here`);
    return refuse('ADOPT_SETTINGS_DIFFER', { differences: said.join('; ') });
  }
  return { kind: 'adopt', checkpoint: checkpoint === 'present' ? 'import' : 'keep' };
}
