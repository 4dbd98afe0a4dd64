import { HostError } from '../errors/index.ts';
import { redact } from './redact.ts';

/** One thing wrong with the settings, or worth knowing about them. Holds nothing secret. */
export interface Finding {
  /** Where it stands: `/etc/vpc-cni/vpc-cni.env:3`, `EC2 user data:2`, `environment`, `flag`. */
  readonly origin: string;
  /** The name of the setting; absent when the line has none. */
  readonly key?: string;
  /** The text found, as it may be shown. */
  readonly value?: string;
  /** What is wrong and what would be right. */
  readonly reason: string;
}

const LONGEST = 120;

/** A text as findings show it: no secret, and of several lines only the first, for the others may be somebody else's. */
export function shown(key: string, text: string): string {
  const [line = ''] = text.split('\n', 1);
  const safe = redact(key, line);
  return safe.length > LONGEST ? `${safe.slice(0, LONGEST)}…` : safe;
}

/** `KEY="value" (origin) is out of range; allowed: …`. */
export function formatFinding(finding: Finding): string {
  const { key, value, origin, reason } = finding;
  const subject = key === undefined ? '' : `${key}${value === undefined ? '' : `=${JSON.stringify(value)}`} `;
  return `${subject}(${origin}) ${reason}`;
}

/** More than a person reads at once; a file that is none of settings has as many as lines. */
const MOST_NAMED = 50;

/** One `CONFIG_INVALID` that names the findings, one a line when there are several. */
export function invalidConfiguration(findings: readonly Finding[]): HostError {
  const named = findings.slice(0, MOST_NAMED).map(formatFinding);
  const more = findings.length - named.length;
  const lines = more === 0 ? named : [...named, `… and ${more} more`];
  const text = findings.length === 1 ? lines.join('') : `${findings.length} findings\n  ${lines.join('\n  ')}`;
  return new HostError('CONFIG_INVALID', { findings: text });
}
