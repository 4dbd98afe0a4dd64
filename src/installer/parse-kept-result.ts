import { type Ipv4Address, isIpv4 } from '../addr/index.ts';
import type { Owner } from '../pool/index.ts';

/** A pod with a branch ENI, as upstream's plugin wrote it into the result of its ADD and the runtime has kept it. */
export interface KeptBranch {
  readonly owner: Owner;
  /** The file of its namespace; '' where the runtime did not note it. */
  readonly netns: string;
  readonly hostEnd: string;
  readonly vlanId: number;
  readonly address: Ipv4Address;
  readonly gateway: Ipv4Address;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The kind of file in which libcni keeps the result of an ADD for CHECK and DEL. */
const CACHE_KIND = 'cniCacheV1';

/**
 * The pod in such a file; `undefined` when it is no pod of upstream's with a branch ENI. The VLAN stands where another
 * plugin has the MAC of a link: of one that there is not, with a name that no link can have.
 */
export function parseKeptBranch(content: string): KeptBranch | undefined {
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch {
    return undefined;
  }
  if (!isObject(document) || document['kind'] !== CACHE_KIND || !isObject(document['result'])) return undefined;
  const [network, containerId, ifName] = ['networkName', 'containerId', 'ifName'].map((key) => text(document[key]));
  if (!network || !containerId || !ifName) return undefined;
  const interfaces = objects(document['result']['interfaces']);
  const isStore = ({ name }: Json): boolean => text(name).startsWith('dummy') && text(name).length > 15;
  const vlanId = Number(text(interfaces.find(isStore)?.['mac']) || 0);
  const hostEnd = text(interfaces.find((each) => !isStore(each) && text(each['sandbox']) === '')?.['name']);
  const [ip] = objects(document['result']['ips']);
  const address = text(ip?.['address']).replace(/\/32$/, '');
  const gateway = text(ip?.['gateway']);
  if (!Number.isInteger(vlanId) || vlanId < 1 || vlanId > 4094 || hostEnd === '') return undefined;
  if (!isIpv4(address) || !isIpv4(gateway)) return undefined;
  const pairs = Array.isArray(document['cniArgs']) ? document['cniArgs'] : [];
  const argument = (key: string): string | undefined => {
    const found: unknown = pairs.find((pair: unknown) => Array.isArray(pair) && pair[0] === key);
    return Array.isArray(found) ? text(found[1]) || undefined : undefined;
  };
  const owner = {
    ...{ network, containerId, ifName },
    ...{ podNamespace: argument('K8S_POD_NAMESPACE'), podName: argument('K8S_POD_NAME') },
  };
  return { owner, netns: text(document['netns']), hostEnd, vlanId, address, gateway };
}
