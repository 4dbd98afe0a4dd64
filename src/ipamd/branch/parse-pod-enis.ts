import { type IpFamily, parseCidr, parseIp, parseIpv4Cidr, parseMac, subnetGateway } from '../../addr/index.ts';
import { type BranchEni, VPC_ROUTER_IPV6 } from '../../dataplane/index.ts';

type Json = Readonly<Record<string, unknown>>;

/** The annotation in which the VPC resource controller tells a pod's branch ENI, and the resource that asks for one. */
const POD_ENI = 'vpc.amazonaws.com/pod-eni';

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The pods that are to have branch ENIs, by `NAMESPACE/NAME`, each with its annotation, `undefined` where it has none yet:
 * an object of them, or what `kubectl get pods -o json` prints. Throws RangeError.
 */
export function parsePodEnis(text: string): ReadonlyMap<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new RangeError('it is not JSON');
  }
  if (!isObject(document)) throw new RangeError('it is not a JSON object');
  if (document['kind'] === undefined)
    return new Map(Object.entries(document).map(([pod, annotation]) => [pod, annotation ?? undefined]));
  const items = document['kind'] === 'Pod' ? [document] : document['items'];
  if (!Array.isArray(items)) throw new RangeError(`its kind is ${String(document['kind'])}, and it has no items`);
  return new Map(items.flatMap(ofKubernetes));
}

/** Only the first container is asked: there the controller's webhook puts the resource. */
function ofKubernetes(pod: unknown): readonly (readonly [string, unknown])[] {
  const at = (value: unknown, ...path: readonly string[]): unknown =>
    path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
  const [namespace, name] = [at(pod, 'metadata', 'namespace'), at(pod, 'metadata', 'name')];
  if (typeof namespace !== 'string' || typeof name !== 'string')
    throw new RangeError('one of its items has no metadata.namespace and metadata.name');
  const containers = at(pod, 'spec', 'containers');
  const limits = Array.isArray(containers) ? at(containers[0], 'resources', 'limits') : undefined;
  if (!isObject(limits) || !Object.keys(limits).some((resource) => resource.startsWith(POD_ENI))) return [];
  return [[`${namespace}/${name}`, at(pod, 'metadata', 'annotations', POD_ENI)]];
}

/** The branch ENI in an annotation, with its address of this family: the list, or its text. Throws RangeError. */
export function parsePodEni(annotation: unknown, family: IpFamily): BranchEni {
  const list: unknown = typeof annotation === 'string' ? jsonOf(annotation) : annotation;
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  if (!isObject(first)) throw new RangeError(`${POD_ENI} is not a list of objects`);
  // Writer and readers of upstream spell vlanId in two ways, and Go does not mind.
  const fields = new Map(Object.entries(first).map(([key, value]) => [key.toLowerCase(), value]));
  const text = (key: string): string => {
    const value = fields.get(key.toLowerCase());
    if (typeof value !== 'string' || value === '') throw new RangeError(`${POD_ENI} has no ${key}`);
    return value;
  };
  const vlanId = fields.get('vlanid');
  if (typeof vlanId !== 'number' || !Number.isInteger(vlanId) || vlanId < 1 || vlanId > 4094)
    throw new RangeError(`vlanId in ${POD_ENI} is ${String(vlanId)}, not 1 to 4094`);
  const mac = parseMac(text('ifAddress'));
  if (family === 'ipv4') {
    const gateway = subnetGateway(parseIpv4Cidr(text('subnetCidr')));
    return { vlanId, mac, address: ofFamily(text('privateIp'), family), gateway };
  }
  parseCidr(text('subnetV6Cidr'));
  return { vlanId, mac, address: ofFamily(text('ipv6Addr'), family), gateway: VPC_ROUTER_IPV6 };
}

function ofFamily(text: string, family: IpFamily): BranchEni['address'] {
  const address = parseIp(text);
  if (address.includes(':') !== (family === 'ipv6')) throw new RangeError(`${text} is not an address of ${family}`);
  return address;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RangeError(`${POD_ENI} is not JSON`);
  }
}
