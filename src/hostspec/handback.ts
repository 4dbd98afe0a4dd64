import { isOurLink } from './owned.ts';
import { PATHS, UNIT_NAME } from './paths.ts';
import { OWN_PLUGINS } from './plugins.ts';
import type { ObservedInstall } from './removal.ts';
import type { RemovalStep } from './removal-step.ts';
import { AWS_NODE } from './takeover.ts';

/**
 * The steps that give a node to aws-node and leave the wiring of its pods, and the packet rules they need, as they are.
 * The daemon goes first, for it would write the conflist again; then the conflist, so that the node is not ready until
 * aws-node serves, which writes its own at every start; then our plugins, so that no DEL is kept for us any more. Only
 * then is the checkpoint final. Our own goes last, when the other one is there and the record says whose node it is.
 */
export function diffHandback(
  observed: ObservedInstall,
  checkpoint: { readonly pods: number } | undefined,
): readonly RemovalStep[] {
  const { daemon, keeper, entries, record } = observed;
  const is = (path: string, kind: string): boolean => entries.get(path)?.kind === kind;
  const isOurs = (path: string): boolean => {
    const entry = entries.get(path);
    return entry?.kind === 'link' && isOurLink(entry.target);
  };
  const isOver = record.handedBack !== undefined;
  const forget: readonly RemovalStep[] = is(PATHS.run, 'directory') ? [{ kind: 'remove-tree', path: PATHS.run }] : [];
  const stop: readonly RemovalStep[] = daemon === 'running' ? [{ kind: 'stop-daemon', unit: UNIT_NAME, keeper }] : [];
  if (isOver) return [...stop, ...forget];
  if (!is(PATHS.home, 'directory')) return [];
  const plugins = OWN_PLUGINS.map((name) => `${PATHS.cniBin}/${name}`).flatMap((path): readonly RemovalStep[] => {
    const saved = record.saved.find((entry) => entry.path === path)?.to;
    const isFree = isOurs(path) || is(path, 'absent');
    if (saved !== undefined && entries.has(saved) && !is(saved, 'absent') && isFree)
      return [{ kind: 'restore-foreign', path, from: saved }];
    return isOurs(path) ? [{ kind: 'remove-file', path, what: 'the link' }] : [];
  });
  const enabled = isOurs(PATHS.unitEnabled);
  return [
    ...stop,
    ...(is(PATHS.conflist, 'absent')
      ? []
      : [{ kind: 'remove-file', path: PATHS.conflist, what: 'the conflist' } as const]),
    ...plugins,
    ...(checkpoint === undefined
      ? []
      : [{ kind: 'write-checkpoint', path: AWS_NODE.checkpoint, pods: checkpoint.pods } as const]),
    ...(enabled ? [{ kind: 'remove-file', path: PATHS.unitEnabled, what: 'the link' } as const] : []),
    ...(enabled && keeper === 'systemd' ? [{ kind: 'reload-units', unit: UNIT_NAME } as const] : []),
    { kind: 'note-handback', path: PATHS.record },
    ...forget,
  ];
}
