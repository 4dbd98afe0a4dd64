import { isSettingKey } from './schema.ts';
import { isSecret, shapeOf } from './shape.ts';

/** What stands in the place of a secret. */
export const HIDDEN = '(hidden)';

/** User and password before the host of a URL; also of one that is no URL otherwise. */
const USER_INFO = /\/\/[^/?#\s]*@/g;

/** The text of a setting as it may be shown to people and written to logs. Nothing stays nothing. */
export function redact(key: string, text: string): string {
  if (text === '') return text;
  if (isSecret(key)) return HIDDEN;
  // A URL without its scheme (`user:password@proxy`) is refused, and shown in the refusal.
  const isUrl = isSettingKey(key) && shapeOf(key).kind === 'url';
  const shown = isUrl && !text.includes('//') && text.includes('@') ? text.replace(/^.*@/s, `${HIDDEN}@`) : text;
  return shown.replaceAll(USER_INFO, `//${HIDDEN}@`);
}

/** Words joined by underscores, as settings are called. */
const CONVENTIONAL = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;

/** Reports whether a name may be shown. Before a `=` may also stand the last line of a secret that was broken into lines. */
export function isShowable(name: string): boolean {
  return isSettingKey(name) || CONVENTIONAL.test(name);
}
