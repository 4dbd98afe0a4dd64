import { cpus } from 'node:os';
import type { Exec, ExecRequest } from '../../sys/index.ts';

const REFUSED = 1;

/**
 * Makes a mount namespace and keeps it at `path`. Throws `EXEC_FAILED`.
 *
 * The kernel lets one be kept only inside of a namespace with a lower number, so that no two keep each other. Linux 6.18
 * gives out numbers in blocks, one for each processor: inside of a node, which is not the first namespace, it depends on
 * the processor whether the new number is the higher one. On the processor that numbered the node it is.
 */
export async function keepMountNamespace(exec: Exec, path: string): Promise<void> {
  const argv: ExecRequest['argv'] = ['unshare', `--mount=${path}`, '--propagation', 'private', '--', 'true'];
  const attempts: readonly ExecRequest['argv'][] = [
    argv,
    ...cpus().map((_, index): ExecRequest['argv'] => ['taskset', '--cpu-list', `${index}`, ...argv]),
  ];
  for (const attempt of attempts) if ((await exec.run({ argv: attempt, accept: [0, REFUSED] })).exitCode === 0) return;
  // Once more, for what it says.
  await exec.run({ argv });
}
