import type { SimInstance, SimVpc } from '../../src/sim/model/index.ts';

/** The instance a test calls by this name, unless it is terminated. */
export function instanceNamed(vpc: SimVpc, name: string): SimInstance | undefined {
  return vpc.instances().find((instance) => instance.name === name && instance.state !== 'terminated');
}
