import { SimFault } from './fault.ts';
import type { SimInstance } from './types.ts';

const KEY = /^[0-9a-zA-Z\-_+=,.@:]{1,255}$/;
const RESERVED: ReadonlySet<string> = new Set(['.', '..', '_index']);

/**
 * Throws when an instance that shows its tags in its metadata has one whose key makes no path there, as
 * `kubernetes.io/cluster/NAME` does (EC2 user guide, "View tags for your EC2 instances using instance metadata").
 */
export function needMetadataKeys({ metadata, tags }: Pick<SimInstance, 'metadata' | 'tags'>): void {
  const wrong = Object.keys(tags).find((key) => !KEY.test(key) || RESERVED.has(key));
  if (metadata.instanceTags && wrong !== undefined)
    throw new SimFault(
      'InvalidParameterValue',
      `'${wrong}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')`,
    );
}
