import { HIDDEN, hideUserInfo, redact, redactDocument, SETTING_KEYS, settingMeant } from '../../config/index.ts';

/** What a text is, which decides over what may be hidden in it. */
export type TextKind =
  /** Anything: known shapes of secrets are hidden. */
  | 'text'
  /** Settings or an environment: values of unknown names are hidden, and what cannot be read is left out. */
  | 'settings'
  /** Units as files or as systemd shows them: the same for their `Environment=` lines. */
  | 'unit';

const known: ReadonlySet<string> = new Set(SETTING_KEYS);

// Names have an end, so that a long line takes no longer than many short ones.
const PART = String.raw`[\w.-]{0,64}`;
/** Words in a name that say that its value is secret, and what of the name follows. */
const SECRET = `(?:secret|token|passw(?:or)?d|pwd|passphrase|credential|(?:private|pre-?shared|api)[_-]?key|psk|key-data|signature|authorization)${PART}`;

/** Quotes of text inside of other text have backslashes. */
const QUOTE = String.raw`\\{0,8}["']`;
/** What follows the quote of a group: up to the same one, or to the end of a line that was cut off. */
const quoted = (group: number): string => `(?:(?!(?<!\\\\)\\${group})[^\\n])*`;

const RULES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/(\bauthorization:[ \t]*)(?![\s"']|$)[^\n]*/gim, `$1${HIDDEN}`],
  [/(\b(?:set-)?cookie:[ \t]*)[^\n"']+/gi, `$1${HIDDEN}`],
  // `"token": "…"`, `password = '…'`
  [new RegExp(String.raw`(${SECRET}(?:${QUOTE})?\s*[=:]\s*(${QUOTE}))${quoted(2)}`, 'gi'), `$1${HIDDEN}`],
  // `{"name": "DB_PASSWORD", "value": "…"}`
  [
    new RegExp(String.raw`((${QUOTE})name\2\s*:\s*\2${PART}${SECRET}\2\s*,\s*\2value\2\s*:\s*\2)${quoted(2)}`, 'gi'),
    `$1${HIDDEN}`,
  ],
  // `AWS_SESSION_TOKEN=…`, `password: …`, `SecretAccessKey:…`
  [new RegExp(String.raw`(${SECRET}(?:${QUOTE})?[ \t]*[=:][ \t]*)(?!\\*["']|\s|$)[^\s,;&}]+`, 'gim'), `$1${HIDDEN}`],
  [new RegExp(String.raw`(--${PART}${SECRET})[ \t]+(?!-)(?:"[^"\n]*"|'[^'\n]*'|\S+)`, 'gi'), `$1 ${HIDDEN}`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  // Of MACsec, in .netdev files; that of a tunnel is a short number.
  [/^([ \t]*Key=)[\da-f]{32,}$/gim, `$1${HIDDEN}`],
  // Access keys and signed tokens, wherever they stand.
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, HIDDEN],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+/g, HIDDEN],
];

/** Hides what looks like a secret, whatever the text is. */
export function redactText(text: string): string {
  return RULES.reduce((now, [pattern, by]) => now.replace(pattern, by), hideUserInfo(text));
}

/** A word as systemd splits them: quotes and backslashes may stand anywhere; what is not closed goes on to the end. */
const WORD = /(?:\$?"(?:[^"\\]|\\.)*"|\$?'(?:[^'\\]|\\.)*'|\\.|["'].*|[^\s"'\\]|\\)+/gs;

function redactWord(word: string): string {
  const [, quote = '', name, value = ''] = /^\$?(["']?)([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
  if (name === undefined) return HIDDEN;
  const bare = quote !== '' && value.endsWith(quote) ? value.slice(0, -1) : value;
  const setting = settingMeant(name);
  return `${quote}${name}=${known.has(setting) ? redact(setting, bare) : HIDDEN}${quote}`;
}

/** An `Environment=` with the lines on which it continues. */
const ENVIRONMENT = /^([ \t]*(?:Default)?Environment[ \t]*=)((?:\\\n|[^\n])*)/gm;

function redactUnit(text: string): string {
  return text.replace(
    ENVIRONMENT,
    (_line, key: string, words: string) => key + words.replaceAll('\\\n', ' ').replace(WORD, redactWord),
  );
}

/** The text as it may leave the host. */
export function redactAs(kind: TextKind, text: string): string {
  switch (kind) {
    case 'text':
      return redactText(text);
    case 'settings':
      return redactDocument(text, redactText);
    case 'unit':
      return redactText(redactUnit(text));
    default:
      return kind satisfies never;
  }
}

/** Numbers of AWS accounts have twelve digits; nothing else in a bundle that a reader needs does. */
const ACCOUNT = /(?<!\d)\d{12}(?!\d)/g;

/** The text without numbers of AWS accounts, as they stand in ARNs, owners of ENIs and refusals of EC2. */
export function hideAccounts(text: string): string {
  return text.replaceAll(ACCOUNT, HIDDEN);
}
