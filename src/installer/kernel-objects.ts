import { removeHostNetwork } from '../kernel/index.ts';
import type { Host } from './host.ts';

/** Removes every rule, route, chain and pod link of ours from the kernel. */
export async function removeKernelObjects(host: Host): Promise<void> {
  await removeHostNetwork(host.exec);
}
