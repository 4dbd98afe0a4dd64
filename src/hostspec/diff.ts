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

/** What of a running daemon is not what is installed. */
export interface Staleness {
  /** systemd has not read the unit file as it is now. */
  readonly unit: 'known' | 'unread';
  /** Why the daemon must be started anew; `undefined` when it is as it should be. */
  readonly reason: string | undefined;
}

/** Nothing. */
export const FRESH: Staleness = { unit: 'known', reason: undefined };

/** Reports whether a running daemon is not the installed one any more after these steps. */
export function changesDaemon(steps: readonly Step[]): boolean {
  return steps.some(needsRestart);
}

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
  /** What of a running daemon is not what is installed; a run that was killed leaves it so. */
  readonly stale: Staleness;
  readonly conflist: 'absent' | 'present';
  readonly keeper: Keeper;
  /** How long it may take to become ready. */
  readonly timeoutMs: number;
}): Plan {
  const { image, daemon, stale, keeper, timeoutMs } = input;
  const unit = UNIT_NAME;
  const units = image.some((step) => 'path' in step && (step.path === PATHS.unit || step.path === PATHS.unitEnabled));
  const reload: readonly Step[] =
    (units || stale.unit === 'unread') && keeper === 'systemd' ? [{ kind: 'reload-units', unit }] : [];
  const reason = changesDaemon(image) ? 'what it runs has changed' : stale.reason;
  const start: readonly Step[] =
    daemon === 'absent'
      ? [{ kind: 'start-daemon', unit, keeper, timeoutMs }]
      : reason === undefined
        ? []
        : [{ kind: 'restart-daemon', unit, keeper, timeoutMs, reason }];
  const serving = daemon === 'ready' && start.length === 0;
  const after = start.length > 0 ? 'start' : 'nothing';
  return {
    steps: [
      ...reload,
      ...start,
      ...(serving ? [] : [{ kind: 'await-ready', socket: PATHS.socket, keeper, after, timeoutMs } as const]),
      ...(serving && input.conflist === 'present' ? [] : [{ kind: 'await-conflist', path: PATHS.conflist } as const]),
    ],
    notes: [],
  };
}
