import { type ErrorCode, toHostError } from '../errors/index.ts';
import type { CommandContext } from './command.ts';

/** Exit codes of design §3. */
export const EXIT = { done: 0, failed: 1, usage: 2, found: 3 } as const;

const OF_THE_CALLER: ReadonlySet<ErrorCode> = new Set([
  'USAGE',
  'CONFIG_INVALID',
  'SIM_ORDER_INVALID',
  'SIM_SCENARIO_INVALID',
  'SIM_SCENARIO_MISSING',
]);

/**
 * Prints a failure and returns its exit code. People get `CODE: message` and `→ remedy` on stderr; with `json` one
 * document `{"ok":false,"error":{…}}` goes to stdout, so that whoever parses stdout always finds JSON there.
 */
export function reportFailure(
  context: Pick<CommandContext, 'stdout' | 'stderr'>,
  error: unknown,
  options: { readonly json?: boolean } = {},
): number {
  const failure = toHostError(error);
  const tell = (): void => context.stderr(`${failure.code}: ${failure.message}\n→ ${failure.remedy}\n`);
  if (options.json === true) {
    try {
      context.stdout(`${JSON.stringify({ ok: false, error: failure })}\n`);
    } catch {
      // What failed may have been this very write.
      tell();
    }
  } else tell();
  return OF_THE_CALLER.has(failure.code) ? EXIT.usage : EXIT.failed;
}
