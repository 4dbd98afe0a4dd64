import { HIDDEN, redact, redactDocument, SETTING_KEYS } from '../../config/index.ts';

/** What a text is, which decides over what may be hidden in it. */
export type TextKind =
  /** Anything: known shapes of secrets are hidden. */
  | 'text'
  /** A settings file of ours: values of several lines are told from what follows, and what cannot be read is left out. */
  | 'settings'
  /** `NAME=value` lines: the values of names that are no settings of ours are hidden too. */
  | 'environment'
  /** Units as files or as systemd shows them: the same for their `Environment=` lines. */
  | 'unit';

const known: ReadonlySet<string> = new Set(SETTING_KEYS);

/** Proxies are what a network problem may be about; only their users and passwords are secret. */
const PROXY = /^(?:https?_proxy|no_proxy|all_proxy)$/i;

/** Words in a name that say that its value is secret. */
const SECRET_NAME = String.raw`[\w.-]*(?:secret|token|passw(?:or)?d|passphrase|credential|private[_-]?key|api[_-]?key|authorization)[\w.-]*`;

const RULES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  // User and password of a URL.
  [/(\w:\/\/)[^/?#\s"'@]+@/g, `$1${HIDDEN}@`],
  // `"SecretAccessKey": "…"` and `'token': '…'`
  [new RegExp(String.raw`((["'])${SECRET_NAME}\2\s*:\s*)"(?:[^"\\\n]|\\.)*"`, 'gi'), `$1"${HIDDEN}"`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  // `AWS_SESSION_TOKEN=…`, `--token …`, `password: …`
  [new RegExp(String.raw`(\b${SECRET_NAME}\s*(?:=|:\s)\s*)(?!["'(]|\s|$)[^\s,;&]+`, 'gim'), `$1${HIDDEN}`],
  [
    new RegExp(String.raw`(\b${SECRET_NAME}\s*(?:=|:\s)\s*)(["'])(?!\(hidden\))(?:(?!\2)[^\n])*\2`, 'gi'),
    `$1${HIDDEN}`,
  ],
  [new RegExp(String.raw`(--${SECRET_NAME})\s+(?!-)\S+`, 'gi'), `$1 ${HIDDEN}`],
  // Access keys and signed tokens, wherever they stand.
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, HIDDEN],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+/g, HIDDEN],
];

/** Hides what looks like a secret, whatever the text is. */
export function redactText(text: string): string {
  return RULES.reduce((now, [pattern, by]) => now.replace(pattern, by), text);
}

function redactValue(name: string, value: string): string {
  if (known.has(name)) return redact(name, value);
  return value === '' || PROXY.test(name) ? value : HIDDEN;
}

function redactEnvironment(text: string): string {
  return text.replace(
    /^(\s*(?:export\s+)?)([A-Za-z_]\w*)=(.*)$/gm,
    (_line, before: string, name: string, value: string) => {
      const [, quote = '', bare = value] = /^(["'])(.*)\1$/.exec(value) ?? [];
      return `${before}${name}=${quote}${redactValue(name, bare)}${quote}`;
    },
  );
}

/** `A=b "C=d e"`: systemd quotes whole assignments. */
function redactAssignments(words: string): string {
  return words.replace(
    /"([A-Za-z_]\w*)=((?:[^"\\]|\\.)*)"|([A-Za-z_]\w*)=(\S*)/g,
    (
      _word,
      quoted: string | undefined,
      inside: string | undefined,
      name: string | undefined,
      value: string | undefined,
    ) =>
      quoted === undefined
        ? `${name}=${redactValue(name ?? '', value ?? '')}`
        : `"${quoted}=${redactValue(quoted, inside ?? '')}"`,
  );
}

function redactUnit(text: string): string {
  return text.replace(
    /^(\s*Environment=)(.*)$/gm,
    (_line, key: string, words: string) => key + redactAssignments(words),
  );
}

/** The text as it may leave the host. */
export function redactAs(kind: TextKind, text: string): string {
  switch (kind) {
    case 'text':
      return redactText(text);
    case 'settings':
      return redactDocument(text, redactText);
    case 'environment':
      return redactText(redactEnvironment(text));
    case 'unit':
      return redactText(redactUnit(text));
    default:
      return kind satisfies never;
  }
}
