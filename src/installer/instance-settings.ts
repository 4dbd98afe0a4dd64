import {
  loadSettings,
  renderUserDataFile,
  type Settings,
  settingsFromUserData,
  USER_DATA_FILE,
} from '../config/index.ts';
import { directoryEntries, PATHS, type WantedEntry } from '../hostspec/index.ts';
import { readSettingFiles } from '../sys/index.ts';
import { type Host, readSettings } from './host.ts';
import { type FoundInstance, findInstance } from './primary-link.ts';

/** A booted instance with its settings, and the file that keeps those of its user data for the rest of the boot. */
export interface InstanceSettings {
  readonly found: FoundInstance;
  readonly settings: Settings;
  readonly entries: readonly WantedEntry[];
  readonly notes: readonly string[];
}

/**
 * Asks the metadata service who this instance is, and in the first run of a boot for its user data; merges the settings
 * in it. Throws `CONFIG_INVALID` with what is wrong with any of them.
 */
export async function readInstanceSettings(host: Host, imdsMs: number): Promise<InstanceSettings> {
  const before = readSettings(host);
  const isKnown = host.files.fact(USER_DATA_FILE).kind === 'file';
  const found = await findInstance({
    endpoint: before.AWS_EC2_METADATA_SERVICE_ENDPOINT || undefined,
    timeoutMs: imdsMs,
    clock: host.clock,
    userData: isKnown ? 'known' : 'read',
  });
  if (found.userData === undefined) return { found, settings: before, entries: [], notes: [] };
  const userData = settingsFromUserData(found.userData);
  const { settings } = loadSettings({ ...readSettingFiles(host.root), userData, env: host.env });
  const text = renderUserDataFile(userData);
  return {
    found,
    settings,
    // Only root: settings may hold credentials.
    entries: [...directoryEntries([PATHS.run]), { kind: 'file', path: USER_DATA_FILE, mode: 0o600, text }],
    notes: (userData.notes ?? []).map(({ origin, reason }) => `${origin} ${reason}`),
  };
}
