/**
 * Settings: one schema gives their types, defaults, texts and documentation; sources are merged in a written order, and
 * every mistake of every source is reported at once. Pure: texts come in, values go out.
 */
export { type EnvFile, parseEnvFile, redactDocument } from './env-file.ts';
export { type Finding, formatFinding, invalidConfiguration } from './finding.ts';
export { nearest } from './nearest.ts';
export {
  type CheckedSettings,
  checkSettings,
  loadSettings,
  type ResolvedSettings,
  type SettingInput,
} from './parse-settings.ts';
export { defaultText } from './parse-value.ts';
export { HIDDEN, hideUserInfo, redact, settingMeant } from './redact.ts';
export { renderConfigurationPage, supportOf } from './render-docs.ts';
export { SETTING_KEYS, SETTINGS_SCHEMA, type SettingKey, type Settings } from './schema.ts';
export { type AwsAccess, cloudWatchAccess, ec2Access, sdkEnvironment } from './sdk-environment.ts';
export { type SettingSource, USER_DATA, USER_DATA_FILE } from './source.ts';
export { renderUserDataFile, settingsFromUserData, type UserData, type UserDataPart } from './user-data/settings.ts';
export { BUILD, VERSION } from './version.ts';
