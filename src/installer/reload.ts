import { PATHS, type ReloadStep, reloadSteps, type Step } from '../hostspec/index.ts';
import { observePrograms } from '../systemd/index.ts';
import type { Host } from './host.ts';
import { isNewer } from './stale.ts';

/**
 * What running programs must be told after these steps. Not part of an image: its network stays as it is while it is
 * built, and its files count from its first boot. A run that was killed before systemd-networkd was restarted is made up
 * for.
 */
export async function observeReloads(host: Host, image: readonly Step[]): Promise<readonly ReloadStep[]> {
  const running = await observePrograms(host.exec);
  const written = image.flatMap((step) => (step.kind === 'write-file' ? [step.path] : []));
  const pid = running.get('systemd-networkd') ?? 0;
  const unread = pid !== 0 && isNewer(host, PATHS.networkdDropIn, pid) ? [PATHS.networkdDropIn] : [];
  return reloadSteps({ changed: [...written, ...unread], running });
}
