import { resolve } from 'node:path';
import { type Command, CommanderError, InvalidArgumentError } from 'commander';
import { HostError } from '../errors/index.ts';
import { createFiles } from '../sys/index.ts';
import type { CommandContext } from './command.ts';

/** The options of a command, or the word that its help was printed. */
export type ParsedOptions<O> = { readonly kind: 'options'; readonly options: O } | { readonly kind: 'help' };

/** A word that is empty is nearly always a variable that is, such as `--root "$IMAGE"`: never taken for the default. */
function refuseEmpty(command: Command): void {
  const empty = command.options.find((option) => command.getOptionValue(option.attributeName()) === '');
  if (empty !== undefined) throw new HostError('USAGE', { reason: `${empty.long ?? empty.flags} is empty` });
  if (command.args.includes('')) throw new HostError('USAGE', { reason: 'one of the words is empty' });
}

/** Reads the words of a command. Throws `USAGE` with commander's reason. */
export function parseOptions<O extends object>(command: Command, context: CommandContext): ParsedOptions<O> {
  command.exitOverride().configureOutput({ writeOut: context.stdout, writeErr: () => undefined });
  try {
    command.allowExcessArguments(false).parse([...context.argv], { from: 'user' });
    refuseEmpty(command);
    return { kind: 'options', options: command.opts<O>() };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'help' };
    throw new HostError('USAGE', { reason: error.message.replace(/^error: /, '') }, error);
  }
}

/** `1 step`, `2 steps`. */
export const countSteps = (steps: number): string => `${steps} step${steps === 1 ? '' : 's'}`;

const LONGEST_SECONDS = 3_600;

/** A time limit as a word: whole seconds, at most an hour. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= LONGEST_SECONDS) return seconds;
  throw new InvalidArgumentError(`It is a whole number of seconds from 1 to ${LONGEST_SECONDS}.`);
}

/**
 * The root of an image as a word, made absolute: this host by another name, such as `//`, is this host. One that is not there
 * is a mount that was forgotten, or a slip of the pen.
 */
export function parseRoot(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  const root = resolve(text);
  const { kind } = createFiles(root).fact('/');
  if (kind === 'directory' || kind === 'link') return root;
  throw new InvalidArgumentError(kind === 'absent' ? 'It is not there.' : 'It is no directory.');
}

/** For commander: keeps every value of an option that may be repeated. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** The settings of `--set NAME=VALUE`, later over earlier. Throws `USAGE` without quoting the value, which may be a secret. */
export function settingFlags(words: readonly string[] = []): Readonly<Record<string, string>> {
  const entries = words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1) throw new HostError('USAGE', { reason: '--set needs NAME=VALUE' });
    return [word.slice(0, equals), word.slice(equals + 1)] as const;
  });
  return Object.fromEntries(entries);
}
