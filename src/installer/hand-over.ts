import { familyOf } from '../addr/index.ts';
import { askedFor, parseCniCall } from '../cniproto/index.ts';
import { podUnwiring, readPodAlias, rulesOfAddress } from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import { AWS_NODE, PATHS, renderDocument } from '../hostspec/index.ts';
import { applySteps, listLinks, listOwnRules, RouteSocket, removeDeadLinks } from '../kernel/index.ts';
import { exportAllocations, type Orphan, type Owner, renderCheckpoint, sameOwner, splitCards } from '../pool/index.ts';
import type { Files } from '../sys/index.ts';
import { furtherCards, readAwsNodeCheckpoint } from './aws-node-pods.ts';
import { branchRemoval } from './branch-pods.ts';
import { handOverEgress } from './hand-over-egress.ts';
import type { Host } from './host.ts';
import { readRecord } from './observe.ts';
import { findOtherIpamd } from './other-ipamd.ts';
import { readOwnMemory } from './own-memory.ts';

const CHECKPOINT_MODE = 0o600;
const DIRECTORY_MODE = 0o755;

/** The sandboxes whose DEL our plugin kept because the daemon had gone; what cannot be read names nobody. */
export function keptDels(files: Files): readonly Owner[] {
  const texts = files
    .list(PATHS.spool)
    .filter((name) => name.endsWith('.json'))
    .map((name) => files.read(`${PATHS.spool}/${name}`) ?? '');
  return texts.flatMap((text) => {
    try {
      const { config, containerId, ifName, args } = parseCniCall(JSON.parse(text));
      return [{ network: config.name, containerId, ifName, podNamespace: args.podNamespace, podName: args.podName }];
    } catch {
      return [];
    }
  });
}

/** Takes the rules and the route of a pod away as its DEL would have. */
function unwire({ address, owner }: Orphan): void {
  using socket = new RouteSocket();
  const link = listLinks(socket).find(({ alias }) => {
    const pod = alias === undefined ? undefined : readPodAlias(alias);
    return pod?.containerId === owner.containerId && pod.ifName === owner.ifName;
  })?.name;
  const rules = rulesOfAddress(address, listOwnRules(socket, [familyOf(address)]));
  applySteps(socket, podUnwiring({ address, rules, link }));
}

/** Does the same for pods with branch ENIs: nothing of theirs goes with their namespace. */
async function removeBranches({ files, exec }: Host): Promise<void> {
  using socket = new RouteSocket();
  const steps = branchRemoval(listLinks(socket), keptDels(files));
  if (steps.length === 0) return;
  applySteps(socket, steps);
  await removeDeadLinks(exec);
}

/**
 * What we would hand to aws-node now: our allocations, and apart from them those whose kept DEL is still to be done.
 * Throws `CHECKPOINT_BAD` when our checkpoint cannot be read and none before it.
 */
export function handOver(files: Files):
  | {
      readonly pods: readonly Orphan[];
      readonly deleted: readonly Orphan[];
      /** The pods by network card, as aws-node keeps them. */
      readonly cards: ReturnType<typeof splitCards>;
    }
  | undefined {
  const recalled = readOwnMemory(files);
  if (recalled === undefined) return undefined;
  const broken = recalled.broken.get('ipam.json');
  if (broken !== undefined && recalled.checkpoint === 'none') throw broken;
  const ours = recalled.memory.allocations;
  const dels = keptDels(files);
  const pods = exportAllocations(ours, dels);
  return {
    pods,
    deleted: ours.filter(({ owner }) => dels.some((other) => sameOwner(other, askedFor(owner)))),
    cards: splitCards(pods, recalled.memory.enis ?? []),
  };
}

/** Writes our allocations where aws-node looks for its own, and serves the DELs that nobody would serve any more. */
export async function writeAwsNodeCheckpoint(host: Host): Promise<void> {
  const { files } = host;
  const given = handOver(files);
  if (given === undefined) return;
  for (const pod of given.deleted) unwire(pod);
  await removeBranches(host);
  handOverEgress(files, keptDels(files));
  files.ensureDirectory(AWS_NODE.directory, DIRECTORY_MODE);
  // What it left of a card before is older than we are, and would be believed.
  for (const card of new Set([0, ...given.cards.keys(), ...furtherCards(files)])) {
    const path = card === 0 ? AWS_NODE.checkpoint : AWS_NODE.cardCheckpointOf(card);
    files.replace({ path, text: renderCheckpoint(given.cards.get(card) ?? []), mode: CHECKPOINT_MODE });
  }
}

/** Notes whose node this is. `undefined` makes it ours again. */
export function noteHandback(host: Host, at: string | undefined): void {
  const { handedBack: _, ...record } = readRecord(host.files);
  const text = renderDocument(at === undefined ? record : { ...record, handedBack: at });
  if (host.files.read(PATHS.record) === text || (at === undefined && host.files.fact(PATHS.record).kind === 'absent'))
    return;
  host.files.replace({ path: PATHS.record, text, mode: 0o644 });
}

/** Throws `HANDBACK_PENDING` while a node with pods was handed back and nobody has taken it: our packet rules serve it. */
export async function requireTaken(host: Host): Promise<void> {
  if (host.root !== '/') return;
  const pods = readAwsNodeCheckpoint(host.files).survey.allocations.length;
  if (pods === 0 || (await findOtherIpamd(host)).length > 0) return;
  throw new HostError('HANDBACK_PENDING', { pods, missing: `nobody serves ${AWS_NODE.socket}` });
}
