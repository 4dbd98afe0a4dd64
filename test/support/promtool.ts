import { type ExecResult, systemExec } from '../../src/sys/index.ts';
import { debianPackage } from './debian-package.ts';

/** Runs Debian's promtool, whatever it says. Its package would start a server: only the program is taken out of it. */
export async function promtool(
  args: readonly string[],
  more: { readonly input?: string; readonly cwd?: string } = {},
): Promise<ExecResult> {
  const program = `${await debianPackage('prometheus')}/usr/bin/promtool`;
  return await systemExec.run({ argv: [program, ...args], accept: [0, 1, 2, 3], timeoutMs: 60_000, ...more });
}
