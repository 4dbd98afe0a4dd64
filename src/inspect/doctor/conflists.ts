import { PATHS, type Rival } from '../../hostspec/index.ts';
import { type Finding, finding } from './finding.ts';

/** What container runtimes may take for a network configuration. */
export interface ConflistFacts {
  /** Configurations that runtimes meet before ours. */
  readonly earlier: readonly Rival[];
  /** Why ours is none; absent when it is one, or is not there. */
  readonly invalid?: string | undefined;
}

const OURS = PATHS.conflist.slice(PATHS.conflistDirectory.length + 1);

/** Whether the runtime takes our conflist: the first by name counts, unless it calls ours itself, as Multus does. */
export function diagnoseConflists({ earlier, invalid }: ConflistFacts): readonly Finding[] {
  const rivals = earlier.filter(({ role }) => role === 'takes-over');
  return [
    ...rivals.map(({ path }) => finding('CONFLIST_RIVAL', `${path} sorts before ${OURS}`)),
    ...(invalid === undefined ? [] : [finding('CONFLIST_INVALID', invalid)]),
  ];
}
