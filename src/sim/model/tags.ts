import { SimFault } from './fault.ts';
import { needEni, needGroups, needInstance, needSubnet, type Tags, type VpcState } from './state.ts';

/** EC2's limits on tags (EC2 user guide, "Tag restrictions"). */
const LIMIT = { perResource: 50, key: 128, value: 256 } as const;

/** Resource ids we keep tags for, by prefix, with EC2's name of the type. */
const TYPES = [
  ['eni-', 'network-interface'],
  ['i-', 'instance'],
  ['subnet-', 'subnet'],
  ['vpc-', 'vpc'],
  ['sg-', 'security-group'],
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

/** Adds tags to resources, replacing equal keys; every resource or none. */
export function createTags(
  state: VpcState,
  request: { readonly resourceIds: readonly string[]; readonly tags: Tags },
): void {
  checkTags(request.tags);
  const changes = request.resourceIds.map((id) => changeOf(state, id, request.tags));
  for (const change of changes) change();
}

/** Throws unless EC2 would take these tags. */
export function checkTags(tags: Tags): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key === '' || key.length > LIMIT.key || value.length > LIMIT.value)
      throw new SimFault('InvalidParameterValue', `Tag key or value too long or empty: '${key.slice(0, LIMIT.key)}'`);
    if (/^aws:/i.test(key))
      throw new SimFault('InvalidParameterValue', `Tag keys starting with 'aws:' are reserved: '${key}'`);
  }
  checkCount(tags);
}

/** Every tag of every resource. */
export function allTags(state: VpcState): readonly TagDescription[] {
  const owners = [
    { id: state.vpcId, tags: state.vpcTags },
    ...[...state.subnets.values()].map(({ subnet }) => subnet),
    ...state.groups.values(),
    ...state.instances.values(),
    ...state.enis.values(),
  ];
  return owners.flatMap(({ id, tags }) =>
    Object.entries(tags).map(([key, value]) => ({ resourceId: id, resourceType: typeOf(id), key, value })),
  );
}

function changeOf(state: VpcState, id: string, added: Tags): () => void {
  const merge = <T extends { readonly tags: Tags }>(owner: T): T => {
    const tags = { ...owner.tags, ...added };
    checkCount(tags);
    return { ...owner, tags };
  };
  const type = typeOf(id);
  switch (type) {
    case 'network-interface': {
      const eni = merge(needEni(state, id));
      return () => void state.enis.set(id, eni);
    }
    case 'instance': {
      const instance = merge(needInstance(state, id));
      return () => void state.instances.set(id, instance);
    }
    case 'subnet': {
      const record = needSubnet(state, id);
      const subnet = merge(record.subnet);
      return () => {
        record.subnet = subnet;
      };
    }
    case 'security-group': {
      needGroups(state, [id]);
      const group = state.groups.get(id);
      const changed = group && merge(group);
      return () => void (changed && state.groups.set(id, changed));
    }
    case 'vpc': {
      if (id !== state.vpcId) throw new SimFault('InvalidVpcID.NotFound', `The vpc ID '${id}' does not exist`);
      const { tags } = merge({ tags: state.vpcTags });
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
