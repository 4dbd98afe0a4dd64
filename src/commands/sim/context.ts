import { basename } from 'node:path';
import { HostError } from '../../errors/index.ts';
import { type NodePaths, needDaemon, nodePaths, type VpcNames, vpcNames } from '../../sim/index.ts';
import type { CommandContext } from '../command.ts';

/** What every `sim` command is given: the caller's context, and where its exit code goes. */
export interface SimContext extends CommandContext {
  readonly exit: (code: number) => void;
}

/** Options every `sim` command has. */
export interface CommonOptions {
  readonly name: string;
  readonly json?: boolean;
}

/** Name of the VPC when none is given. */
export const DEFAULT_VPC = 'vpcsim';

/** Words that start this program again: the executable alone, or Bun with our entry when run from source. */
export function selfArgv(context: CommandContext): readonly [string, ...string[]] {
  return basename(context.executable).startsWith('bun') ? [context.executable, Bun.main] : [context.executable];
}

/** The names of a VPC that runs. Throws `SIM_NOT_RUNNING`. */
export function runningVpc(options: CommonOptions): VpcNames {
  needRoot();
  const names = vpcNames(options.name);
  needDaemon(names);
  return names;
}

/** The paths of a node that exists. Throws `SIM_NODE_MISSING`. */
export function existingNode(names: VpcNames, node: string, known: readonly string[]): NodePaths {
  if (!known.includes(node)) throw new HostError('SIM_NODE_MISSING', { node, vpc: names.vpc });
  return nodePaths(names, node);
}

/** Namespaces and mounts need root. */
export function needRoot(): void {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) throw new HostError('NOT_ROOT', { what: 'vpc-cni sim', uid });
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
  options: CommonOptions,
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

/** The command after `NODE --`; the separator itself reaches us because options are passed through. */
export function afterSeparator(words: readonly string[]): readonly string[] {
  return words[0] === '--' ? words.slice(1) : words;
}
