import type { DaemonState } from './observed.ts';
import { PATHS, UNIT_NAME } from './paths.ts';
import type { Keeper, Step } from './step.ts';

/** Steps, and what a reader should know although nothing is done about it. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
}

/** Whether what people changed by hand, and stock plugins of somebody else, are replaced. */
export type Foreign = 'keep' | 'replace';

/** Changes after which a running daemon is not the installed one any more. */
function needsRestart(step: Step): boolean {
  return (
    (step.kind === 'copy-program' && step.path.endsWith('/vpc-cni')) ||
    (step.kind === 'make-link' && step.path === PATHS.current) ||
    (step.kind === 'write-file' && step.path === PATHS.unit)
  );
}

/** The steps that make the daemon run what was installed, and the proof that it serves. */
export function diffDaemon(input: {
  readonly image: readonly Step[];
  readonly daemon: DaemonState;
  readonly conflist: 'absent' | 'present';
  readonly keeper: Keeper;
}): Plan {
  const { image, daemon, keeper } = input;
  const unit = UNIT_NAME;
  const units = image.some((step) => 'path' in step && (step.path === PATHS.unit || step.path === PATHS.unitEnabled));
  const reload: readonly Step[] = units && keeper === 'systemd' ? [{ kind: 'reload-units', unit }] : [];
  const restart = daemon !== 'absent' && image.some(needsRestart);
  const start: readonly Step[] = restart
    ? [{ kind: 'restart-daemon', unit, keeper, reason: 'what it runs has changed' }]
    : daemon === 'absent'
      ? [{ kind: 'start-daemon', unit, keeper }]
      : [];
  const serving = daemon === 'ready' && start.length === 0;
  const after = start.length > 0 ? 'start' : 'nothing';
  return {
    steps: [
      ...reload,
      ...start,
      ...(serving ? [] : [{ kind: 'await-ready', socket: PATHS.socket, after } as const]),
      ...(serving && input.conflist === 'present' ? [] : [{ kind: 'await-conflist', path: PATHS.conflist } as const]),
    ],
    notes: [],
  };
}
