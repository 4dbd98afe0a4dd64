import { HostError } from '../errors/index.ts';
import { given } from './parse-shape.ts';

/** What CNI_ARGS says about the pod. Runtimes without Kubernetes say nothing. */
export interface CniArgs {
  readonly podNamespace?: string;
  readonly podName?: string;
  readonly podUid?: string;
  readonly infraContainerId?: string;
}

const KNOWN = ['IgnoreUnknown', 'K8S_POD_NAMESPACE', 'K8S_POD_NAME', 'K8S_POD_UID', 'K8S_POD_INFRA_CONTAINER_ID'];

function invalid(reason: string): never {
  throw new HostError('CNI_ENV', { reason: `CNI_ARGS ${reason}` });
}

// What Kubernetes allows in the name of a namespace or a pod (RFC 1123, with dots), and capitals for others.
const POD_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;

/** Throws `CNI_ENV` for names of a pod that no pod can have: they would be written on its host end, and read back. */
export function requirePodNames({ podNamespace, podName }: CniArgs): void {
  for (const [key, name] of Object.entries({ K8S_POD_NAMESPACE: podNamespace, K8S_POD_NAME: podName }))
    if (name !== undefined && name !== '' && !POD_NAME.test(name))
      invalid(`has ${key} "${name.slice(0, 300)}", which is no name of Kubernetes`);
}

/** Reads `K=V;K=V`. Throws `CNI_ENV` on a malformed pair, and on an unknown key unless IgnoreUnknown is 1 or true. */
export function parseCniArgs(text: string): CniArgs {
  if (text === '') return {};
  const pairs = new Map<string, string>();
  for (const pair of text.split(';')) {
    const [key, value, ...rest] = pair.split('=');
    if (key === undefined || key === '' || value === undefined || rest.length > 0) invalid(`has "${pair}", not K=V`);
    pairs.set(key, value);
  }
  const unknown = [...pairs.keys()].filter((key) => !KNOWN.includes(key));
  const ignore = ['1', 'true', 'TRUE', 'True'].includes(pairs.get('IgnoreUnknown') ?? '');
  if (unknown.length > 0 && !ignore) invalid(`has unknown keys without IgnoreUnknown: ${unknown.join(', ')}`);
  return {
    ...given('podNamespace', pairs.get('K8S_POD_NAMESPACE')),
    ...given('podName', pairs.get('K8S_POD_NAME')),
    ...given('podUid', pairs.get('K8S_POD_UID')),
    ...given('infraContainerId', pairs.get('K8S_POD_INFRA_CONTAINER_ID')),
  };
}
