import { toHostError } from '../errors/index.ts';

/**
 * How a step is taken back. `settle` forgets what was kept for it. What an uninstall needs as long as anything of the run
 * is left is only taken back `after` all else was.
 */
export type Undo =
  | {
      readonly kind: 'undo';
      readonly run: () => void | Promise<void>;
      readonly settle?: () => void;
      readonly after?: 'all-else';
    }
  | { readonly kind: 'nothing' };

/**
 * What a run has done so far, to be taken back or settled as a whole. It may outlive the steps it was filled by: an
 * upgrade keeps it until the new daemon serves.
 */
export interface UndoStack {
  readonly push: (undo: Undo) => void;
  /** Takes everything back, last first; returns what stays. */
  readonly takeBack: () => Promise<readonly string[]>;
  /** The run is over: drops what was kept to take it back; returns what could not be dropped. */
  readonly settle: () => readonly string[];
}

/** What is not dropped now is a leftover, which the next run removes: no failure of this one. */
function settle(undo: Undo): readonly string[] {
  try {
    if (undo.kind === 'undo') undo.settle?.();
    return [];
  } catch (error) {
    return [toHostError(error).message];
  }
}

/** An empty one. */
export function createUndoStack(): UndoStack {
  const undos: Undo[] = [];
  const attempt = async (undo: Undo, remains: readonly string[]): Promise<readonly string[]> => {
    if (undo.kind === 'nothing' || (undo.after === 'all-else' && remains.length > 0)) return [];
    try {
      await undo.run();
      return [];
    } catch (error) {
      return [`(${toHostError(error).message})`];
    }
  };
  return {
    push: (undo) => undos.push(undo),
    takeBack: async () => {
      const remains: string[] = [];
      for (const undo of undos.splice(0).toReversed()) remains.push(...(await attempt(undo, remains)));
      return remains;
    },
    settle: () => undos.splice(0).toReversed().flatMap(settle),
  };
}
