import type { CommandContext } from './command.ts';

/** Tells people about steps as they go; JSON readers get their document at the end. */
export interface StepProgress {
  readonly started: (text: string) => void;
  readonly finished: (text: string, ms: number) => void;
  readonly waiting: (reason: string) => void;
  readonly end: () => void;
}

const FIRST_WORD_MS = 1_000;

/** One line a finished step on stdout; on stderr, each second, what takes longer than one. */
export function createProgress(context: CommandContext, options: { readonly json?: true }): StepProgress {
  let current = '';
  let reason = '';
  let since = 0;
  const timer = setInterval(() => {
    if (current === '') return;
    const seconds = Math.round((performance.now() - since) / 1000);
    context.stderr(`… ${current} (${seconds} s${reason === '' ? '' : `: ${reason}`})\n`);
  }, FIRST_WORD_MS);
  const firstLine = (text: string): string => text.split('\n')[0] ?? '';
  return {
    started: (text) => {
      current = firstLine(text);
      reason = '';
      since = performance.now();
    },
    finished: (text, ms) => {
      current = '';
      if (options.json !== true) context.stdout(`✓ ${firstLine(text)} (${ms} ms)\n`);
    },
    waiting: (text) => {
      reason = text;
    },
    end: () => clearInterval(timer),
  };
}
