import type { EniConfig } from '../../pool/index.ts';

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The ENIConfigs of a file by name: an object of them, or what `kubectl get eniconfigs -o json` prints. Throws RangeError. */
export function parseEniConfigs(text: string): ReadonlyMap<string, EniConfig> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new RangeError('it is not JSON');
  }
  if (!isObject(document)) throw new RangeError('it is not a JSON object');
  return new Map(entriesOf(document).map(([name, spec]) => [name, configOf(name, spec)]));
}

function entriesOf(document: Json): readonly (readonly [string, unknown])[] {
  if (document['kind'] === undefined) return Object.entries(document);
  if (document['kind'] === 'ENIConfig') return [kubernetesEntry(document)];
  const { items } = document;
  if (!Array.isArray(items)) throw new RangeError(`its kind is ${String(document['kind'])}, and it has no items`);
  return items.map(kubernetesEntry);
}

function kubernetesEntry(item: unknown): readonly [string, unknown] {
  const metadata = isObject(item) ? item['metadata'] : undefined;
  const name = isObject(metadata) ? metadata['name'] : undefined;
  if (!isObject(item) || typeof name !== 'string') throw new RangeError('one of its items has no metadata.name');
  return [name, item['spec']];
}

function configOf(name: string, spec: unknown): EniConfig {
  if (!isObject(spec)) throw new RangeError(`${name} is not an object`);
  const { subnet, securityGroups = [] } = spec;
  if (typeof subnet !== 'string' || !/^subnet-\w+$/.test(subnet)) throw new RangeError(`${name} has no subnet`);
  if (!Array.isArray(securityGroups) || !securityGroups.every(isGroup))
    throw new RangeError(`securityGroups of ${name} is not a list of ids of security groups`);
  return { subnetId: subnet, securityGroups };
}

const isGroup = (value: unknown): value is string => typeof value === 'string' && /^sg-\w+$/.test(value);
