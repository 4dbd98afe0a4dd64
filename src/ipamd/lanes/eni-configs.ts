import type { InstanceIdentity } from '../../aws/index.ts';
import type { Settings } from '../../config/index.ts';
import { HostError } from '../../errors/index.ts';
import type { EniConfig } from '../../pool/index.ts';
import type { Files } from '../../sys/index.ts';
import { parseEniConfigs } from './parse-eni-configs.ts';
import type { EniConfigSource } from './placement.ts';

interface Parts {
  readonly files: Pick<Files, 'read'>;
  readonly settings: Pick<Settings, 'ENI_CONFIG_FILE' | 'NODE_LABELS'>;
  readonly identity: Pick<InstanceIdentity, 'availabilityZone' | 'region' | 'instanceType'>;
}

/** The ENIConfigs of a file of this host, read whenever one is asked for, so that a new file needs no restart. */
export function eniConfigsOfFile({ files, settings, identity }: Parts): EniConfigSource {
  const file = settings.ENI_CONFIG_FILE;
  return {
    labels: { ...knownLabels(identity), ...settings.NODE_LABELS },
    // Those of the node object are the API server's to tell.
    annotations: {},
    read(name: string): EniConfig {
      const missing = (reason: string): HostError => new HostError('ENI_CONFIG_MISSING', { name, file, reason });
      const text = files.read(file);
      if (text === undefined) throw missing('there is no such file');
      const configs = configsOf(text, missing);
      const config = configs.get(name);
      if (config === undefined) throw missing(`it has ${[...configs.keys()].join(', ') || 'none'}`);
      return config;
    },
  };
}

function configsOf(text: string, missing: (reason: string) => HostError): ReadonlyMap<string, EniConfig> {
  try {
    return parseEniConfigs(text);
  } catch (error) {
    if (error instanceof RangeError) throw missing(error.message);
    throw error;
  }
}

/** The labels that every kubelet on EC2 gives its node, which the instance itself tells as well. */
function knownLabels(identity: Parts['identity']): Readonly<Record<string, string>> {
  return {
    'topology.kubernetes.io/zone': identity.availabilityZone,
    'topology.kubernetes.io/region': identity.region,
    'node.kubernetes.io/instance-type': identity.instanceType,
  };
}
