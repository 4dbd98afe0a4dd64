/**
 * Settings: one schema gives their types, defaults, texts and documentation; sources are merged in a written order, and
 * every mistake of every source is reported at once. Pure: texts come in, values go out.
 */
export { type EnvFile, parseEnvFile } from './env-file.ts';
export type { Finding } from './finding.ts';
export {
  loadSettings,
  type ResolvedSettings,
  type SettingInput,
  type SettingSource,
} from './parse-settings.ts';
export { describeSettings, renderConfigurationPage } from './render-docs.ts';
export { SCHEMA, SETTING_KEYS, type SettingKey, type Settings } from './schema.ts';
export { BUILD, VERSION } from './version.ts';
