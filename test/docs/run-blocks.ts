import type { ExecResult } from '../../src/sys/index.ts';
import { type Block, missingIn, passagesOf } from './blocks.ts';

/** A passage whose output is not what the page says, or one of which it says nothing and which failed. */
export interface Deviation {
  readonly commands: string;
  readonly missing: readonly string[];
  /** Of its last command. */
  readonly exitCode: number;
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
  const script = passages.map(({ commands }, index) => `${commands}\necho '${mark(index)}' $?`).join('\n');
  const { stdout } = await options.shell(`exec 2>&1\n${options.before}\n${script}\n`);
  let rest = stdout;
  return passages.flatMap(({ commands, expected }, index) => {
    const [output = '', ...later] = rest.split(mark(index));
    const [code = '', ...lines] = later.join(mark(index)).split('\n');
    rest = lines.join('\n');
    const exitCode = Number(code);
    const missing = missingIn(output, expected);
    // Where a line is expected the page tells how it ends, well or not.
    const failed = expected.length === 0 && exitCode !== 0;
    return missing.length > 0 || failed || output.includes('USAGE:') ? [{ commands, missing, exitCode, output }] : [];
  });
}
