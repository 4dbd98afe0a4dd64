import { type Command, CommanderError, InvalidArgumentError } from 'commander';
import { HostError } from '../errors/index.ts';
import type { CommandContext } from './command.ts';

/** The options of a command, or the word that its help was printed. */
export type ParsedOptions<O> = { readonly kind: 'options'; readonly options: O } | { readonly kind: 'help' };

/** Reads the words of a command. Throws `USAGE` with commander's reason. */
export function parseOptions<O extends object>(command: Command, context: CommandContext): ParsedOptions<O> {
  command.exitOverride().configureOutput({ writeOut: context.stdout, writeErr: () => undefined });
  try {
    command.allowExcessArguments(false).parse([...context.argv], { from: 'user' });
    return { kind: 'options', options: command.opts<O>() };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'help' };
    throw new HostError('USAGE', { reason: error.message.replace(/^error: /, '') }, error);
  }
}

const LONGEST_SECONDS = 3_600;

/** A time limit as a word: whole seconds, at most an hour. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= LONGEST_SECONDS) return seconds;
  throw new InvalidArgumentError(`It is a whole number of seconds from 1 to ${LONGEST_SECONDS}.`);
}
