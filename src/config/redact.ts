import { isSettingKey } from './schema.ts';
import { isSecret, shapeOf } from './shape.ts';

/** What stands in the place of a secret. */
export const HIDDEN = '(hidden)';

/**
 * User and password before the host of a URL; also of one that is none, for a `/` in its password was not escaped: then
 * whatever is between a `:` that is no port's and the last `@`.
 */
const USER_INFO = /\/\/(?:[^/?#\s:"'@]*:(?!\d+(?:[/?#]|$))[^\s"]{0,1024}|[^/?#\s"']*)@/g;

/** The text without users and passwords of URLs. */
export function hideUserInfo(text: string): string {
  return text.replaceAll(USER_INFO, `//${HIDDEN}@`);
}

/** Programs take proxies in lower case as well. */
const LOWER_PROXY = /^(?:https?|no)_proxy$/;

/** The setting that a name in an environment means. */
export const settingMeant = (name: string): string => (LOWER_PROXY.test(name) ? name.toUpperCase() : name);

/** The text of a setting as it may be shown to people and written to logs. Nothing stays nothing. */
export function redact(key: string, text: string): string {
  if (text === '') return text;
  if (isSecret(key)) return HIDDEN;
  // A URL without its scheme (`user:password@proxy`) is refused, and shown in the refusal.
  const isUrl = isSettingKey(key) && shapeOf(key).kind === 'url';
  const shown = isUrl && !text.includes('//') && text.includes('@') ? text.replace(/^.*@/s, `${HIDDEN}@`) : text;
  return hideUserInfo(shown);
}

/** Words joined by underscores, as settings are called. */
const CONVENTIONAL = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;

/** Reports whether a name may be shown. Before a `=` may also stand the last line of a secret that was broken into lines. */
export function isShowable(name: string): boolean {
  return isSettingKey(settingMeant(name)) || CONVENTIONAL.test(name);
}
