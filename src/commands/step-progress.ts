import type { CommandContext } from './command.ts';

/** Tells people about steps as they go; JSON readers get their document at the end. */
export interface StepProgress {
  readonly started: (text: string) => void;
  readonly finished: (text: string, ms: number) => void;
  readonly waiting: (reason: string) => void;
  readonly end: () => void;
}

const LOOK_MS = 1_000;

const firstLine = (text: string): string => text.split('\n')[0] ?? '';

/**
 * One line a finished step on stdout; on stderr what takes longer than a second, with its reason: then ever more rarely.
 * `before` is what goes on before the first step.
 */
export function createProgress(
  context: CommandContext,
  options: { readonly json?: true; readonly before?: string },
): StepProgress {
  let current = options.before ?? '';
  let reason = '';
  let said = '';
  let since = performance.now();
  let next = LOOK_MS;
  const timer = setInterval(() => {
    const elapsed = performance.now() - since;
    const line = `${current}${reason === '' ? '' : `: ${reason}`}`;
    if (current === '' || (line === said && elapsed < next)) return;
    said = line;
    next = elapsed * 2;
    context.stderr(`… ${line} (${Math.round(elapsed / 1000)} s)\n`);
  }, LOOK_MS);
  return {
    started: (text) => {
      current = firstLine(text);
      reason = '';
      said = '';
      since = performance.now();
      next = LOOK_MS;
    },
    finished: (text, ms) => {
      current = '';
      if (options.json !== true) context.stdout(`✓ ${firstLine(text)} (${ms} ms)\n`);
    },
    waiting: (text) => {
      reason = firstLine(text);
    },
    end: () => clearInterval(timer),
  };
}
