import type { Severity } from './entry.ts';
import type { Finding } from './finding.ts';

const ANSI: Readonly<Record<Severity, number>> = { fault: 31, warning: 33, note: 36 };

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** A node with 700 pods may have a thousand findings of one kind: the screen stays one. */
const MOST_OF_A_KIND = 5;

/** The first few of each code, the last of them with how many more there are. */
function shown(findings: readonly Finding[]): readonly Finding[] {
  return [...Map.groupBy(findings, ({ code }) => code).values()].flatMap((all) => {
    const last = all[MOST_OF_A_KIND - 1];
    if (last === undefined || all.length === MOST_OF_A_KIND) return all;
    const evidence = `${last.evidence} (and ${all.length - MOST_OF_A_KIND} more; --json has all)`;
    return [...all.slice(0, MOST_OF_A_KIND - 1), { ...last, evidence }];
  });
}

/** The findings for people, worst first, and how many there are. */
export function renderFindings(findings: readonly Finding[], options: { readonly colour: boolean }): string {
  const paint = (severity: Severity): string =>
    options.colour ? `\x1b[${ANSI[severity]}m${severity}\x1b[0m` : severity;
  const of = (severity: Severity): readonly Finding[] => findings.filter((one) => one.severity === severity);
  const lines = shown([...of('fault'), ...of('warning'), ...of('note')]).map(
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
