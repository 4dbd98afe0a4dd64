import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { HostError } from '../../errors/index.ts';
import {
  createClient,
  type NodePaths,
  needDaemon,
  nodePaths,
  type SimClient,
  type VpcNames,
  vpcNamesOf,
} from '../../sim/index.ts';
import type { CommandContext } from '../command.ts';
import { createProgress } from '../step-progress.ts';

/** What every `sim` command is given: the caller's context, and where its exit code goes. */
export interface SimContext extends CommandContext {
  readonly exit: (code: number) => void;
}

/** Options every `sim` command has. */
export interface CommonOptions {
  readonly name: string;
  readonly json?: boolean;
}

/** Adds those options to a command; `json` says what `--json` does there, where it is not the usual. */
export type Common = (command: Command, json?: string) => Command;

/** What `--json` does where another program writes to stdout. */
export const EXEC_JSON = 'where the command could not be run, say why as one JSON document on stdout';

/** Name of the VPC when none is given. */
export const DEFAULT_VPC = 'vpcsim';

/** Words that start this program again: the executable alone, or Bun with our entry when run from source. */
export function selfArgv(context: CommandContext): readonly [string, ...string[]] {
  return basename(context.executable).startsWith('bun') ? [context.executable, Bun.main] : [context.executable];
}

/** The names of the caller's VPC, whether it runs or not. */
export function ownVpc(context: SimContext, options: CommonOptions): VpcNames {
  return vpcNamesOf({ uid: ownUid(), runtimeDir: context.env['XDG_RUNTIME_DIR'] }, options.name);
}

/** The client of a VPC that runs. Throws `SIM_NOT_RUNNING`. */
export function runningVpc(context: SimContext, options: CommonOptions): SimClient {
  const names = ownVpc(context, options);
  needDaemon(names);
  return createClient(names);
}

/** The paths of a node that is a machine. Throws `SIM_API_ONLY` or `SIM_NODE_MISSING`. */
export async function existingNode(
  context: SimContext,
  options: CommonOptions,
  which: { readonly node: string; readonly what: string },
): Promise<NodePaths> {
  const { node, what } = which;
  const { mode, nodes } = await runningVpc(context, options).status();
  const names = ownVpc(context, options);
  if (mode === 'api-only') throw new HostError('SIM_API_ONLY', { vpc: names.vpc, what });
  if (!nodes.some(({ name }) => name === node)) throw new HostError('SIM_NODE_MISSING', { node, vpc: names.vpc });
  return nodePaths(names, node);
}

/** The user who runs us. */
export function ownUid(): number {
  return process.getuid?.() ?? 0;
}

/** The whole number in an option. Throws `USAGE`. */
export function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,7}$/.test(text))
    throw new HostError('USAGE', { reason: `${option} needs a whole number, not "${text}"` });
  return Number(text);
}

/** Prints one JSON document, or the text for people. */
export function answer(
  context: SimContext,
  options: Pick<CommonOptions, 'json'>,
  shown: { readonly json: unknown; readonly text: string },
): void {
  context.stdout(options.json === true ? `${JSON.stringify(shown.json)}\n` : shown.text);
}

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/**
 * The command after `NODE --`; the separator itself reaches us because options are passed through. Without a command, a
 * shell whose prompt says where it is.
 */
export function commandOrShell(words: readonly string[], place: string): readonly string[] {
  const command = words[0] === '--' ? words.slice(1) : words;
  if (command.length > 0) return command;
  const prompt = `PS1=${place}# `;
  // Without its files, which would set a prompt of their own.
  return existsSync('/bin/bash') ? ['env', prompt, 'bash', '--norc', '--noprofile'] : ['env', prompt, 'sh'];
}

/** Says on stderr what takes longer than a second. */
export async function during<T>(context: SimContext, what: string, work: () => Promise<T>): Promise<T> {
  const progress = createProgress(context, { json: true });
  progress.started(what);
  try {
    return await work();
  } finally {
    progress.end();
  }
}
