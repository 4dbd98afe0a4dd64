import { PATHS } from '../../hostspec/index.ts';
import { type Finding, finding } from './finding.ts';

/** What container runtimes may take for a network configuration. */
export interface ConflistFacts {
  /** Names in the directory, sorted. */
  readonly names: readonly string[];
  /** Why ours is none; absent when it is one, or is not there. */
  readonly invalid?: string | undefined;
}

/** Runtimes read these (libcni, ConfFiles). */
const CONFIGURATION = /\.(?:conflist|conf|json)$/;

const OURS = PATHS.conflist.slice(PATHS.conflist.lastIndexOf('/') + 1);

/** Whether the runtime takes our conflist: the first by name counts. */
export function diagnoseConflists({ names, invalid }: ConflistFacts): readonly Finding[] {
  const rivals = names.filter((name) => CONFIGURATION.test(name) && name < OURS);
  return [
    ...rivals.map((name) => finding('CONFLIST_RIVAL', `${PATHS.conflistDirectory}/${name} sorts before ${OURS}`)),
    ...(invalid === undefined ? [] : [finding('CONFLIST_INVALID', invalid)]),
  ];
}
