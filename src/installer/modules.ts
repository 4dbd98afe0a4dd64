import { HostError } from '../errors/index.ts';
import type { Step } from '../hostspec/index.ts';
import type { Host } from './host.ts';

// A module with dependencies from a slow disk takes seconds; the ones we need have few.
const LOAD_MS = 30_000;

/**
 * Loads a module. It stays: unloading veth would take the links of everybody's pods with it. One that is optional and
 * cannot be loaded is told through `onNote`.
 */
export async function loadModule(
  host: Host,
  step: Extract<Step, { readonly kind: 'load-module' }>,
  onNote: (note: string) => void,
): Promise<void> {
  try {
    await host.exec.run({ argv: ['modprobe', step.module], timeoutMs: LOAD_MS });
  } catch (error) {
    if (step.need === 'required' || !(error instanceof HostError)) throw error;
    onNote(`the kernel module ${step.module} could not be loaded: ${error.message}`);
  }
}
