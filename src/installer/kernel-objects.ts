import { removeHostNetwork } from '../kernel/index.ts';
import type { Host } from './host.ts';

/** Removes every rule, route, chain and pod link of ours from the kernel; nothing of the kernel is in an image. */
export async function removeKernelObjects(host: Host): Promise<void> {
  if (host.root === '/') await removeHostNetwork(host.exec);
}
