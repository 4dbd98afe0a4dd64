import { HostError } from '../errors/index.ts';

/** One thing wrong with the settings. */
export interface Finding {
  /** Where it stands: `/etc/vpc-cni/vpc-cni.env:3`, `environment`, `flag`. */
  readonly origin: string;
  /** The name of the setting; absent when the line has none. */
  readonly key?: string;
  /** The text found. */
  readonly value?: string;
  /** What is wrong and what would be right. */
  readonly reason: string;
}

/** `KEY="value" (origin) is out of range; allowed: …`. */
function formatFinding(finding: Finding): string {
  const { key, value, origin, reason } = finding;
  const subject = key === undefined ? '' : `${key}${value === undefined ? '' : `=${JSON.stringify(value)}`} `;
  return `${subject}(${origin}) ${reason}`;
}

/** One `CONFIG_INVALID` that names every finding, one a line when there are several. */
export function invalidConfiguration(findings: readonly Finding[]): HostError {
  const lines = findings.map(formatFinding);
  const text = lines.length === 1 ? lines.join('') : `${lines.length} findings\n  ${lines.join('\n  ')}`;
  return new HostError('CONFIG_INVALID', { findings: text });
}
