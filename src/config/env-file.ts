import type { Finding } from './finding.ts';
import { HIDDEN, isShowable, redact, settingMeant } from './redact.ts';
import { isSettingKey } from './schema.ts';

/** What a settings file says. */
export interface EnvFile {
  readonly values: Readonly<Record<string, string>>;
  /** Line of each key. */
  readonly lines: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

interface Value {
  readonly text: string;
  /** Index just behind the value's last line. */
  readonly end: number;
  readonly unclosed?: string;
}

/**
 * Reads a value as systemd's EnvironmentFile= does (systemd.exec(5)): quotes may stand anywhere, single ones are
 * literal, in double ones a backslash escapes `" \ $` and the backtick, outside it escapes anything; quotes and a
 * backslash at the end of a line continue on the next one; blanks around the value go.
 */
function readValue(source: string, start: number): Value {
  let quote = '';
  let text = '';
  let solid = 0;
  let at = start;
  for (; at < source.length; at += 1) {
    const char = source.charAt(at);
    const next = source.charAt(at + 1);
    if (char === '\n' && quote === '') break;
    if (char === '\\' && quote !== "'" && next === '\n') {
      at += 1;
    } else if (char === '\\' && (quote === '' || (quote === '"' && '"\\$`'.includes(next))) && next !== '') {
      text += next;
      solid = text.length;
      at += 1;
    } else if (char === quote || (quote === '' && (char === '"' || char === "'"))) {
      quote = quote === '' ? char : '';
      solid = text.length;
    } else if (quote !== '' || !/\s/.test(char)) {
      text += char;
      solid = text.length;
    } else if (text !== '') {
      text += char;
    }
  }
  return { text: text.slice(0, solid), end: at + 1, ...(quote === '' ? {} : { unclosed: quote }) };
}

/** The start of a bad line, when it is sure to be a name: anything else may be a piece of a secret. */
function cited(text: string): string {
  const names = /^(?:export\s+)?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+/.exec(text)?.[0];
  return names === undefined ? '' : `: "${names}…"`;
}

/** A line with its continuation: a remark (a comment, an empty line), an assignment, or what is neither. */
type Statement = { readonly at: number; readonly end: number; readonly line: number } & (
  | { readonly kind: 'remark' }
  | { readonly kind: 'assignment'; readonly key: string; readonly value: Value }
  | { readonly kind: 'fault'; readonly reason: string }
);

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function* statements(source: string, firstLine: number): Generator<Statement> {
  let line = firstLine;
  for (let at = 0; at < source.length; ) {
    const newline = source.indexOf('\n', at);
    const lineEnd = newline === -1 ? source.length : newline;
    const head = source.slice(at, lineEnd).trim();
    const equals = source.indexOf('=', at);
    const key = source.slice(at, equals).trim();
    const here = { at, end: lineEnd + 1, line };
    let statement: Statement;
    if (head === '' || head.startsWith('#') || head.startsWith(';')) statement = { ...here, kind: 'remark' };
    else if (equals === -1 || equals > lineEnd)
      statement = { ...here, kind: 'fault', reason: `is not KEY=VALUE${cited(head)}` };
    else if (!NAME.test(key))
      statement = { ...here, kind: 'fault', reason: `has no valid name before "="${cited(key)}` };
    else {
      const value = readValue(source, equals + 1);
      statement = { ...here, kind: 'assignment', key, value, end: value.end };
    }
    yield statement;
    line += source.slice(at, statement.end).split('\n').length - 1;
    at = statement.end;
  }
}

/**
 * Parses KEY=VALUE lines; lines that start with `#` or `;` and empty ones say nothing. Never throws: see `findings`.
 * `firstLine` is the number of the first one.
 */
export function parseEnvFile(source: string, path: string, firstLine = 1): EnvFile {
  // Maps, because a file may name a key `constructor`.
  const values = new Map<string, string>();
  const lines = new Map<string, number>();
  const findings: Finding[] = [];
  for (const statement of statements(source, firstLine)) {
    const { kind, line } = statement;
    const origin = `${path}:${line}`;
    if (kind === 'fault') findings.push({ origin, reason: statement.reason });
    if (kind !== 'assignment') continue;
    const { key, value } = statement;
    const named = isShowable(key) ? { key } : {};
    if (lines.has(key))
      findings.push({ origin, ...named, reason: `is set a second time in this file, first in line ${lines.get(key)}` });
    // Such a value holds the rest of the file, with secrets that are none of its own.
    if (value.unclosed !== undefined)
      findings.push({ origin, ...named, reason: `opens a quote ${value.unclosed} and never closes it` });
    else {
      values.set(key, value.text);
      lines.set(key, line);
    }
  }
  return { values: Object.fromEntries(values), lines: Object.fromEntries(lines), findings };
}

/** A value that `parseEnvFile` reads back as it is. */
export function quoteValue(text: string): string {
  return `"${text.replace(/["\\$`]/g, '\\$&')}"`;
}

/**
 * The document with its secrets hidden, for support: what cannot be read is left out, it may hold some. Remarks, which
 * may as well, are shown as `remark` makes them.
 */
export function redactDocument(source: string, remark: (text: string) => string): string {
  const parts = [...statements(source, 1)].map((statement) => {
    switch (statement.kind) {
      case 'remark':
        return remark(source.slice(statement.at, statement.end));
      case 'fault':
        return '# (a line that is no setting)\n';
      case 'assignment': {
        const { key, value } = statement;
        if (!isShowable(key)) return '# (a name that is no setting)\n';
        const setting = settingMeant(key);
        return value.unclosed === undefined
          ? `${key}=${quoteValue(isSettingKey(setting) ? redact(setting, value.text) : HIDDEN)}\n`
          : `# (${key}, not closed)\n`;
      }
      default:
        return statement satisfies never;
    }
  });
  return parts.join('');
}
