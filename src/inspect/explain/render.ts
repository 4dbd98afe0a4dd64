import type { PathHop, PodPath } from '../../dataplane/index.ts';
import { field, type Paint, paintOn, type Screen } from '../screen.ts';
import type { AddressExplanation } from './address.ts';
import type { NodeExplanation } from './node.ts';
import type { SettingExplanation } from './setting.ts';

const join = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

const MARKS: Readonly<Record<PathHop['state'], string>> = { there: 'ok', missing: 'MISSING', unseen: '-' };

function hopLines({ state, title, detail, lack }: PathHop, screen: Screen, paint: Paint): readonly string[] {
  const mark = MARKS[state].padEnd(7);
  const painted = state === 'missing' ? paint('red', mark) : state === 'there' ? paint('green', mark) : mark;
  const line = field('', `${painted}  ${title}: ${detail}`, screen);
  return [line, ...(lack === undefined ? [] : [field('', `→ ${lack}`, screen)])];
}

/** The paths of a pod's interfaces for people. */
export function renderPaths(
  paths: readonly (PodPath & {
    readonly containerId: string;
    readonly since: string | null;
    readonly policy: string;
  })[],
  screen: Screen,
): string {
  const paint = paintOn(screen);
  return join(
    paths.flatMap(({ pod, address, eni, legs, containerId, since, policy }, index) => [
      ...(index === 0 ? [] : ['']),
      field('pod', paint('bold', pod), screen),
      field('address', `${address}${since === null ? '' : `, since ${since}`}`, screen),
      field('sandbox', containerId, screen),
      field('ENI', eni ?? 'none of this node', screen),
      field('policy', policy, screen),
      ...legs.flatMap(({ name, hops }) => [
        '',
        paint('bold', name),
        ...hops.flatMap((hop) => hopLines(hop, screen, paint)),
      ]),
    ]),
  );
}

/** Who has an address, for people. */
export function renderAddress(explained: AddressExplanation, screen: Screen): string {
  const { address, answer, pod, containerId, eni, kernel, history } = explained;
  const paint = paintOn(screen);
  return join([
    field('address', paint('bold', address), screen),
    field('answer', answer, screen),
    ...(pod === null ? [] : [field('pod', pod, screen)]),
    ...(containerId === null ? [] : [field('sandbox', containerId, screen)]),
    field('ENI', eni === null ? 'none of this node' : `${eni.id}, device ${eni.device}, table ${eni.table}`, screen),
    ...(kernel.length === 0
      ? [field('kernel', 'nothing', screen)]
      : kernel.map((each, at) => field(at === 0 ? 'kernel' : '', each, screen))),
    ...(history.length === 0
      ? [field('history', 'the log says nothing of it in this boot', screen)]
      : history.map(({ at, what, pod: of, containerId: id }, position) =>
          field(position === 0 ? 'history' : '', `${at} ${what}${(of ?? id) ? `: ${of ?? id}` : ''}`, screen),
        )),
  ]);
}

/** Why the pool has this size, for people. */
export function renderNode({ size, now, next }: NodeExplanation, screen: Screen): string {
  const paint = paintOn(screen);
  const chapter = (title: string, lines: readonly string[]): readonly string[] => [
    paint('bold', title),
    ...lines.map((line) => field('', line, screen).slice(8)),
  ];
  return join([
    ...chapter('Why the pool has this size', size),
    '',
    ...chapter('What the daemon does now', now),
    '',
    ...chapter('What the next pod would cause', next),
  ]);
}

/** A setting for people. */
export function renderSetting(explained: SettingExplanation, screen: Screen): string {
  const { key, meaning, value, origin, effect, support } = explained;
  const paint = paintOn(screen);
  return join([
    paint('bold', key),
    field('meaning', meaning, screen),
    field('value', `${value || '""'} (${origin})`, screen),
    field('default', explained.default || '""', screen),
    ...(support === 'full'
      ? []
      : [
          field(
            'support',
            support === 'none' ? 'has no effect in this version' : 'not every value works in this version',
            screen,
          ),
        ]),
    ...(effect === null ? [] : [field('here', effect, screen)]),
  ]);
}
