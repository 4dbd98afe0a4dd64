import type { Finding, Severity } from './finding.ts';

const ANSI: Readonly<Record<Severity, number>> = { fault: 31, warning: 33, note: 36 };

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** The findings for people, worst first, and how many there are. */
export function renderFindings(findings: readonly Finding[], options: { readonly colour: boolean }): string {
  const paint = (severity: Severity): string =>
    options.colour ? `\x1b[${ANSI[severity]}m${severity}\x1b[0m` : severity;
  const of = (severity: Severity): readonly Finding[] => findings.filter((one) => one.severity === severity);
  const lines = [...of('fault'), ...of('warning'), ...of('note')].map(
    ({ code, severity, evidence, remedy }) => `${paint(severity)} ${code}: ${evidence}\n  → ${remedy}`,
  );
  const [faults, warnings, notes] = [of('fault').length, of('warning').length, of('note').length];
  const counted = [
    ...(warnings === 0 ? [] : [plural(warnings, 'warning')]),
    ...(notes === 0 ? [] : [plural(notes, 'note')]),
  ].join(', ');
  const head = faults === 0 ? 'No fault found' : `${plural(faults, 'fault')} found`;
  return `${[...lines, `${head}${counted === '' ? '' : `, ${counted}`}.`].join('\n')}\n`;
}
