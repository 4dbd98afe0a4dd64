import { type InstalledFault, PATHS } from '../../hostspec/index.ts';
import { type Finding, finding } from './finding.ts';

/** What comparing the host with the list of what was installed came to. */
export type InstalledFacts =
  | { readonly kind: 'not-installed' }
  | { readonly kind: 'handed-back'; readonly at: string }
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: string }
  | { readonly kind: 'checked'; readonly version: string; readonly faults: readonly InstalledFault[] };

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
const short = (sha256: string): string => `${sha256.slice(0, 12)}…`;

function ofFault(fault: InstalledFault): Finding {
  const { path } = fault;
  if (path === PATHS.unitEnabled && fault.kind === 'missing') return finding('UNIT_NOT_ENABLED', `${path} is missing`);
  if (path === PATHS.unit && fault.kind === 'other-kind' && fault.found === 'link')
    return finding('UNIT_MASKED', `${path} is a link`);
  switch (fault.kind) {
    case 'missing':
      return finding('INSTALLED_MISSING', `the ${fault.what} ${path} is missing`);
    case 'other-kind':
      return finding('INSTALLED_KIND', `${path} is a ${fault.found}, not a ${fault.wanted}`);
    case 'content':
      return finding(
        'INSTALLED_CHANGED',
        `${path} has sha256 ${short(fault.found)}, it was installed with ${short(fault.wanted)}`,
      );
    case 'mode':
      return finding('INSTALLED_MODE', `${path} has mode ${octal(fault.found)}, not ${octal(fault.wanted)}`);
    case 'owner': {
      const { found, wanted } = fault;
      return finding(
        'INSTALLED_OWNER',
        `${path} belongs to ${found.uid}:${found.gid}, not ${wanted.uid}:${wanted.gid}`,
      );
    }
    case 'target':
      return finding('INSTALLED_TARGET', `${path} leads to ${fault.found}, not to ${fault.wanted}`);
    default:
      return fault satisfies never;
  }
}

/** Installed files, links, modes and owners against the manifest. */
export function diagnoseInstalled(facts: InstalledFacts): readonly Finding[] {
  switch (facts.kind) {
    case 'not-installed':
      return [finding('NOT_INSTALLED', `${PATHS.current} does not exist`)];
    case 'handed-back':
      return [finding('HANDED_BACK', `${PATHS.record} says that aws-node got this node at ${facts.at}`)];
    case 'unreadable':
      return facts.path === PATHS.record
        ? [finding('RECORD_UNREADABLE', facts.reason)]
        : [finding('MANIFEST_UNREADABLE', `${facts.path}: ${facts.reason}`)];
    case 'checked':
      return facts.faults.map(ofFault);
    default:
      return facts satisfies never;
  }
}
