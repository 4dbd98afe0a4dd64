import type { OutlookAction, OutlookDocument, StatusDocument } from '../../cniproto/index.ts';

/** The document of `vpc-cni explain node --json`. */
export interface NodeExplanation {
  /** Why the pool has this size, a sentence each. */
  readonly size: readonly string[];
  /** What the daemon does now. */
  readonly now: readonly string[];
  /** What the next pod would get, and cause. */
  readonly next: readonly string[];
  readonly outlook: OutlookDocument;
}

const PREFIX = 16;

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : noun.endsWith('s') || noun.endsWith('x') ? 'es' : 's'}`;

/** The calls to EC2 that an action is made of, as a sentence. */
function actionText({ kind, eni, unit, count }: OutlookAction): string {
  const much = counted(count ?? 0, unit === 'ipv6-prefix' ? '/80 prefix' : (unit ?? 'address'));
  switch (kind) {
    case 'assign':
      return `asks EC2 for ${much} more on ${eni} (1 call)`;
    case 'create-eni':
      return `asks EC2 for a new ENI with ${much} (3 calls: create, attach, modify)`;
    case 'unassign':
      return `gives ${counted(count ?? 0, 'address')} of ${eni} back (1 call)`;
    case 'delete-eni':
      return `gives ${eni} back (2 calls: detach, delete)`;
    default:
      return kind satisfies never;
  }
}

const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;

/** What the targets ask for, in the words of the setting that decides. */
function targetText({ targets, instance }: StatusDocument): string {
  const { mode, warmEni, warmIp, minimumIp, warmPrefix = 0, addressesPerEni } = targets;
  if (mode === 'ipv6') return 'One /80 prefix on the first ENI serves every pod: no more is ever asked for.';
  if (warmIp > 0 || minimumIp > 0) {
    const asks = [
      ...(warmIp > 0 ? [`WARM_IP_TARGET wants ${warmIp} free`] : []),
      ...(minimumIp > 0 ? [`MINIMUM_IP_TARGET wants ${minimumIp} in all, used or free`] : []),
    ];
    return `${asks.join(' and ')}; WARM_ENI_TARGET and WARM_PREFIX_TARGET do not count then.`;
  }
  if (mode === 'prefix')
    return `WARM_PREFIX_TARGET ${warmPrefix} wants ${counted(warmPrefix * PREFIX, 'address')} free, in prefixes of ${PREFIX}${warmPrefix === 0 ? '; 0 still keeps one at hand' : ''}.`;
  const perEni = `an ENI of ${instance?.type ?? 'this type'} holds ${addressesPerEni} for pods`;
  return `WARM_ENI_TARGET ${warmEni} wants ${counted(warmEni * addressesPerEni, 'address')} free: ${perEni}${warmEni === 0 ? '; 0 still keeps one at hand' : ''}.`;
}

function sizeText(daemon: StatusDocument): readonly string[] {
  const { pool, enis, targets, balance } = daemon;
  const rest = [
    `${pool.assigned} with pods`,
    `${pool.free} free`,
    `${pool.cooldown} resting after their pod`,
    ...(pool.quarantine ? [`${pool.quarantine} in quarantine`] : []),
  ];
  const held = `${counted(pool.total, 'address')} on ${counted(enis.length, 'ENI')}: ${rest.join(', ')}.`;
  const most = `The node may have ${counted(targets.maxEnis, 'ENI')} and ${counted(targets.maxPods, 'pod')} with an address of their own.`;
  const beyond =
    balance !== undefined && balance.beyondMaxPods > 0
      ? [`${balance.beyondMaxPods} of those wanted are not asked for: no pod could use them.`]
      : [];
  return [
    targets.mode === 'ipv6' ? `${counted(pool.assigned, 'address')} with pods.` : held,
    targetText(daemon),
    ...beyond,
    most,
  ];
}

/** Why the pool has this size and what the next pod would cause. Pure. */
export function explainNode(daemon: StatusDocument, outlook: OutlookDocument): NodeExplanation {
  const { now, held, next } = outlook;
  const { pending } = daemon.pool;
  const under = pending > 0 ? [`${counted(pending, 'address')} asked for are on the way.`] : [];
  const due = now.map((action) => `It ${actionText(action)}.`);
  const waits =
    held === null ? [] : [`Not before ${seconds(held.forMs)} from now${held.code === null ? '' : `: ${held.code}`}.`];
  const rests = now.length + pending === 0 ? ['Nothing: the pool is as the targets want it. EC2 is not asked.'] : [];
  const gets =
    next.refusal === null
      ? `The next pod gets ${next.address} of ${next.eni} at once.`
      : `The next pod gets no address at once: ${next.refusal.code}: ${next.refusal.message}`;
  const news = next.actions.filter((action) => !now.some((each) => JSON.stringify(each) === JSON.stringify(action)));
  const then =
    news.length === 0 ? ['Nothing follows from it.'] : news.map((action) => `Then the daemon ${actionText(action)}.`);
  const remedy = next.refusal === null ? [] : [`→ ${next.refusal.remedy}`];
  return {
    size: sizeText(daemon),
    now: [...under, ...due, ...waits, ...rests],
    next: [gets, ...remedy, ...then],
    outlook,
  };
}
