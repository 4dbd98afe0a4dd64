import { SimFault } from './fault.ts';
import { putInstance } from './instances.ts';
import { needMetadataKeys } from './metadata-tags.ts';
import { needReservation } from './reservations.ts';
import { needEni, needGroup, needInstance, needSubnet, type VpcState } from './state.ts';
import { putEni } from './store.ts';
import type { Tags } from './types.ts';

/** EC2's limits on tags (EC2 user guide, "Tag restrictions"). */
const LIMIT = { perResource: 50, key: 128, value: 256 } as const;

/** Resource ids we keep tags for, by prefix, with EC2's name of the type. */
const TYPES = [
  ['eni-', 'network-interface'],
  ['i-', 'instance'],
  ['subnet-', 'subnet'],
  ['vpc-', 'vpc'],
  ['sg-', 'security-group'],
  ['scr-', 'subnet-cidr-reservation'],
] as const;

/** EC2's name of the type of a resource. */
export type ResourceType = (typeof TYPES)[number][1];

/** One tag with what it hangs on. */
export interface TagDescription {
  readonly resourceId: string;
  readonly resourceType: ResourceType;
  readonly key: string;
  readonly value: string;
}

/** Which tags to take away: all of them without `tags`; with a value, only a tag that has just this value. */
export interface TagRemoval {
  readonly resourceIds: readonly string[];
  readonly tags?: readonly { readonly key: string; readonly value?: string | undefined }[] | undefined;
}

/** Adds tags to resources, replacing equal keys; every resource or none. */
export function createTags(
  state: VpcState,
  request: { readonly resourceIds: readonly string[]; readonly tags: Tags },
): void {
  checkTags(request.tags);
  changeAll(state, request.resourceIds, (tags) => {
    const merged = { ...tags, ...request.tags };
    checkCount(merged);
    return merged;
  });
}

/** Takes tags from resources, from every one or none. A tag that is not there is no fault. */
export function deleteTags(state: VpcState, { resourceIds, tags: gone }: TagRemoval): void {
  for (const { key } of gone ?? []) needFreeKey(key);
  changeAll(state, resourceIds, (tags) => {
    if (gone === undefined) return {};
    const stays = ([key, value]: [string, string]): boolean =>
      !gone.some((one) => one.key === key && (one.value === undefined || one.value === value));
    return Object.fromEntries(Object.entries(tags).filter(stays));
  });
}

/** Throws unless EC2 would take these tags. */
export function checkTags(tags: Tags = {}): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key === '' || key.length > LIMIT.key || value.length > LIMIT.value)
      throw new SimFault('InvalidParameterValue', `Tag key or value too long or empty: '${key.slice(0, LIMIT.key)}'`);
    needFreeKey(key);
  }
  checkCount(tags);
}

/** Every tag of every resource. */
export function allTags(state: VpcState): readonly TagDescription[] {
  const records = [...state.subnets.values()];
  const owners = [
    { id: state.vpcId, tags: state.vpcTags },
    ...records.map(({ subnet }) => subnet),
    ...records.flatMap(({ reservations }) => [...reservations.values()]),
    ...state.groups.values(),
    ...state.instances.values(),
    ...state.enis.values(),
  ];
  return owners.flatMap(({ id, tags }) =>
    Object.entries(tags).map(([key, value]) => ({ resourceId: id, resourceType: typeOf(id), key, value })),
  );
}

function needFreeKey(key: string): void {
  if (/^aws:/i.test(key))
    throw new SimFault('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use");
}

type Change = (tags: Tags) => Tags;

/** Every change is prepared before the first is made. An id named twice is changed once. */
function changeAll(state: VpcState, ids: readonly string[], change: Change): void {
  const changes = [...new Set(ids)].map((id) => changeOf(state, id, change));
  for (const apply of changes) apply();
}

function changeOf(state: VpcState, id: string, change: Change): () => void {
  const changed = <T extends { readonly tags: Tags }>(owner: T): T => ({ ...owner, tags: change(owner.tags) });
  const type = typeOf(id);
  switch (type) {
    case 'network-interface': {
      const eni = changed(needEni(state, id));
      return () => void putEni(state, eni);
    }
    case 'instance': {
      const instance = changed(needInstance(state, id));
      needMetadataKeys(instance);
      return () => {
        putInstance(state, instance);
        state.emit({ kind: 'instance-changed', instance });
      };
    }
    case 'subnet': {
      const record = needSubnet(state, id);
      const subnet = changed(record.subnet);
      return () => {
        record.subnet = subnet;
      };
    }
    case 'subnet-cidr-reservation': {
      const { record, reservation } = needReservation(state, id);
      const tagged = changed(reservation);
      return () => void record.reservations.set(id, tagged);
    }
    case 'security-group': {
      const group = changed(needGroup(state, id));
      return () => void state.groups.set(id, group);
    }
    case 'vpc': {
      if (id !== state.vpcId) throw new SimFault('InvalidVpcID.NotFound', `The vpc ID '${id}' does not exist`);
      const { tags } = changed({ tags: state.vpcTags });
      return () => {
        state.vpcTags = tags;
      };
    }
    default:
      return type satisfies never;
  }
}

function typeOf(id: string): ResourceType {
  const type = TYPES.find(([prefix]) => id.startsWith(prefix))?.[1];
  if (type === undefined) throw new SimFault('InvalidID', `The ID '${id}' is not valid`);
  return type;
}

function checkCount(tags: Tags): void {
  if (Object.keys(tags).length > LIMIT.perResource)
    throw new SimFault('TagLimitExceeded', `More than ${LIMIT.perResource} tags on one resource`);
}
