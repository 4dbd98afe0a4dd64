import { formatCidr } from '../../addr/index.ts';
import type { Ec2Examination, EniDescription } from '../../aws/index.ts';
import { podName } from '../explain/address.ts';
import { isWithin, type Notes } from '../explain/memory.ts';
import { type Finding, finding } from './finding.ts';

/** What AWS says. */
export type AwsFacts =
  /** The metadata service does not answer. Without it nobody knows which EC2 to ask about which instance. */
  | { readonly kind: 'silent'; readonly reason: string }
  | {
      readonly kind: 'heard';
      readonly instanceId: string;
      readonly subnetId: string;
      readonly withoutToken: boolean;
      /** Absent on a node that must not ask EC2. */
      readonly ec2?: Ec2Examination;
      /** As they were before EC2 was asked: whatever is noted then, EC2 has had for longer. */
      readonly notes: Pick<Notes, 'enis' | 'allocations'>;
    };

type Heard = Extract<AwsFacts, { readonly kind: 'heard' }>;

/** EC2 refuses a signature that is older; SDKs correct themselves, other programs of the host do not. */
const SIGNATURE_LASTS_MS = 300_000;
/** Whole seconds, and the time an answer takes. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Fewer than the smallest prefix has, and than two ENIs of a small instance take. */
const FEW_ADDRESSES = 16;

/** An answer to a pod passes one router, the node. */
const HOPS_TO_PODS = 2;

/** EC2's own word where a key is wrong, which the catalogue of errors counts as denied. */
const isCredentials = ({ error }: Ec2Examination['refused'][number]): boolean =>
  error.code === 'EC2_CREDENTIALS' || error.details['ec2Code'] === 'AuthFailure';

/** Not needed by the pool: whoever may not ask is not told. */
const OPTIONAL: ReadonlySet<string> = new Set(['DescribeInstances', 'DescribeSubnets']);

function ofRefusals({ refused, clockAheadMs = 0 }: Ec2Examination): readonly Finding[] {
  const silent = refused.find(({ error }) => error.code === 'EC2_UNREACHABLE');
  if (silent !== undefined) return [finding('ENDPOINT_UNREACHABLE', silent.error.message)];
  const unknown = refused.find(isCredentials);
  // Of signatures by a wrong clock the clock is told.
  if (unknown !== undefined)
    return Math.abs(clockAheadMs) > SIGNATURE_LASTS_MS ? [] : [finding('CREDENTIALS_REFUSED', unknown.error.message)];
  const throttled = refused.filter(({ error }) => error.code === 'EC2_THROTTLED').map(({ action }) => action);
  // Whatever else EC2 says against a dry run, it is not about the right to it.
  const denied = refused.filter(({ action, error }) => error.code === 'IAM_DENIED' && !OPTIONAL.has(action));
  return [
    ...denied.map(({ action }) => finding('RIGHT_MISSING', `ec2:${action} is denied`)),
    ...(throttled.length === 0
      ? []
      : [finding('CHECK_SKIPPED', `EC2 throttles ${throttled.join(', ')}`, 'wait until the account calls less often')]),
  ];
}

function ofClock({ clockAheadMs }: Ec2Examination): readonly Finding[] {
  if (clockAheadMs === undefined || Math.abs(clockAheadMs) <= CLOCK_TOLERANCE_MS) return [];
  const seconds = Math.round(Math.abs(clockAheadMs) / 1000);
  return [
    finding('CLOCK_WRONG', `it is ${seconds} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} the Date of EC2's answers`),
  ];
}

function ofInventory(heard: Heard, enis: readonly EniDescription[]): readonly Finding[] {
  const { notes } = heard;
  const attached = new Map(enis.map((eni) => [eni.id, eni]));
  const single = new Set<string>(enis.flatMap(({ addresses }) => addresses));
  const prefixes = enis.flatMap((eni) => [...eni.prefixes, ...eni.ipv6Prefixes].map(formatCidr));
  const lost = goneEnis(heard);
  const gone = notes.enis.filter(({ facts }) => lost.has(facts.id));
  return [
    ...gone.map(({ facts }) => finding('ENI_NOT_ATTACHED', `${facts.id}, device ${facts.device}`)),
    ...notes.allocations.flatMap(({ address, owner }) =>
      single.has(address) || prefixes.some((prefix) => isWithin(prefix, address))
        ? []
        : [finding('ADDRESS_NOT_ON_ENI', `${podName(owner)} has ${address}`)],
    ),
    ...notes.enis.flatMap(({ facts }) =>
      !facts.primary && attached.get(facts.id)?.attachment?.deleteOnTermination === false
        ? [finding('ENI_OUTLIVES_NODE', `${facts.id}, device ${facts.device}`)]
        : [],
    ),
  ];
}

function ofEc2(heard: Heard, ec2: Ec2Examination): readonly Finding[] {
  const { hopLimit, subnets = [] } = ec2;
  const subnet = subnets.find(({ id }) => id === heard.subnetId);
  return [
    ...ofRefusals(ec2),
    ...ofClock(ec2),
    ...(hopLimit === undefined || hopLimit === HOPS_TO_PODS
      ? []
      : [finding('IMDS_HOP_LIMIT', `the hop limit of ${heard.instanceId} is ${hopLimit}`)]),
    ...(subnet === undefined || subnet.availableAddresses >= FEW_ADDRESSES
      ? []
      : [finding('SUBNET_NEARLY_FULL', `${subnet.id} has ${subnet.availableAddresses} free addresses`)]),
    ...(ec2.enis === undefined ? [] : ofInventory(heard, ec2.enis)),
  ];
}

/** EC2 lists an ENI for some seconds after its link has gone. */
const isAttached = ({ attachment }: EniDescription): boolean =>
  attachment?.state === 'attached' || attachment?.state === 'attaching';

/** The noted ENIs that EC2 does not list. That they have no link follows from that. */
export function goneEnis(facts: AwsFacts | undefined): ReadonlySet<string> {
  if (facts?.kind !== 'heard' || facts.ec2?.enis === undefined) return new Set();
  const attached = new Set(facts.ec2.enis.filter(isAttached).map(({ id }) => id));
  return new Set(facts.notes.enis.map(({ facts: { id } }) => id).filter((id) => !attached.has(id)));
}

/** Whether the metadata and EC2 answer this node, let it do its work, and say what our notes say. */
export function diagnoseAws(facts: AwsFacts): readonly Finding[] {
  if (facts.kind === 'silent') return [finding('METADATA_UNREACHABLE', facts.reason)];
  return [
    ...(facts.withoutToken ? [finding('IMDS_V1_ALLOWED', 'a read without a token was answered')] : []),
    ...(facts.ec2 === undefined ? [] : ofEc2(facts, facts.ec2)),
  ];
}
