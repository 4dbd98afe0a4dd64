import type { IpFamily } from '../../addr/index.ts';
import type { Settings } from '../../config/index.ts';
import type { BranchEni } from '../../dataplane/index.ts';
import { HostError } from '../../errors/index.ts';
import type { Owner } from '../../pool/index.ts';
import type { Files } from '../../sys/index.ts';
import { parsePodEni, parsePodEnis } from './parse-pod-enis.ts';

/** Tells which pods have branch ENIs: a file here, an API server elsewhere. */
export interface PodEniSource {
  /** The pod's branch ENI; `undefined` when it is to have none. Throws `POD_ENI_MISSING` or `POD_ENI_INVALID`. */
  read(owner: Owner, family: IpFamily): BranchEni | undefined;
}

interface Parts {
  readonly files: Pick<Files, 'read'>;
  readonly settings: Pick<Settings, 'POD_ENI_FILE'>;
}

/**
 * The branch ENIs of a file of this host, read for each pod, so that a new file needs no restart. Without it, or with one
 * that is broken, no pod is added: one that is to have security groups of its own must not get the node's.
 */
export function podEnisOfFile({ files, settings }: Parts): PodEniSource {
  const file = settings.POD_ENI_FILE;
  return {
    read(owner, family) {
      if (owner.podNamespace === undefined || owner.podName === undefined) return undefined;
      const pod = `${owner.podNamespace}/${owner.podName}`;
      const text = files.read(file);
      if (text === undefined) throw new HostError('POD_ENI_INVALID', { pod, file, reason: 'there is no such file' });
      try {
        const pods = parsePodEnis(text);
        if (!pods.has(pod)) return undefined;
        const annotation = pods.get(pod);
        if (annotation === undefined) throw new HostError('POD_ENI_MISSING', { pod, file });
        return parsePodEni(annotation, family);
      } catch (error) {
        if (error instanceof RangeError) throw new HostError('POD_ENI_INVALID', { pod, file, reason: error.message });
        throw error;
      }
    },
  };
}
