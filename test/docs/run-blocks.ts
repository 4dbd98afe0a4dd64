import type { ExecResult } from '../../src/sys/index.ts';
import { type Block, missingIn, passagesOf } from './blocks.ts';

/** A passage whose output is not what the page says. */
export interface Deviation {
  readonly commands: string;
  readonly missing: readonly string[];
  readonly output: string;
}

/** Runs shell text and returns what it printed, whatever its exit code. */
export type RunShell = (script: string) => Promise<ExecResult>;

/** Runs blocks as one script, so that variables live from one to the next, and returns what deviates from the page. */
export async function deviations(
  blocks: readonly Block[],
  options: { readonly shell: RunShell; readonly before: string },
): Promise<readonly Deviation[]> {
  const passages = blocks.flatMap(({ text }) => passagesOf(text));
  const mark = (index: number): string => `@@@ end of passage ${index} @@@`;
  const script = passages.map(({ commands }, index) => `${commands}\necho '${mark(index)}'`).join('\n');
  const { stdout } = await options.shell(`exec 2>&1\n${options.before}\n${script}\n`);
  let rest = stdout;
  return passages.flatMap(({ commands, expected }, index) => {
    const [output = '', ...later] = rest.split(mark(index));
    rest = later.join(mark(index));
    const missing = missingIn(output, expected);
    return missing.length > 0 || output.includes('USAGE:') ? [{ commands, missing, output }] : [];
  });
}
