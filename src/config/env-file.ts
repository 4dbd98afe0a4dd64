import type { Finding } from './finding.ts';

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

/** Parses KEY=VALUE lines; lines that start with `#` or `;` and empty ones say nothing. Never throws: see `findings`. `firstLine` is the number of the first one. */
export function parseEnvFile(source: string, path: string, firstLine = 1): EnvFile {
  // Maps, because a file may name a key `constructor`.
  const values = new Map<string, string>();
  const lines = new Map<string, number>();
  const findings: Finding[] = [];
  let line = firstLine;
  let at = 0;
  while (at < source.length) {
    const newline = source.indexOf('\n', at);
    const lineEnd = newline === -1 ? source.length : newline;
    const head = source.slice(at, lineEnd).trim();
    let end = lineEnd + 1;
    const origin = `${path}:${line}`;
    if (head !== '' && !head.startsWith('#') && !head.startsWith(';')) {
      const equals = source.indexOf('=', at);
      const key = source.slice(at, equals).trim();
      if (equals === -1 || equals > lineEnd) {
        findings.push({ origin, reason: `is not KEY=VALUE${cited(head)}` });
      } else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
        findings.push({ origin, reason: `has no valid name before "="${cited(key)}` });
      } else {
        const value = readValue(source, equals + 1);
        end = value.end;
        if (lines.has(key))
          findings.push({ origin, key, reason: `is set a second time in this file, first in line ${lines.get(key)}` });
        // Such a value holds the rest of the file, with secrets that are none of its own.
        if (value.unclosed !== undefined)
          findings.push({ origin, key, reason: `opens a quote ${value.unclosed} and never closes it` });
        else {
          values.set(key, value.text);
          lines.set(key, line);
        }
      }
    }
    line += source.slice(at, end).split('\n').length - 1;
    at = end;
  }
  return { values: Object.fromEntries(values), lines: Object.fromEntries(lines), findings };
}
