import { HostError } from '../errors/index.ts';
import type { Exec, ExecResult } from '../sys/index.ts';

/** How nft(8) and iptables-nft say that the kernel has no nf_tables, with the netlink of packet filters and without. */
const NO_NFTABLES =
  /Protocol not supported|(?:cache initialization failed|rule set generation id): (?:Invalid argument|Operation not supported)/;

/** Reports whether a program failed because the kernel has no nf_tables, rather than for a reason that may pass. */
export function lacksNftables({ exitCode, stderr }: ExecResult): boolean {
  return exitCode !== 0 && NO_NFTABLES.test(stderr);
}

/** A failure of a program whose exit code may be an answer, and was none. */
export function programFailed(argv: readonly string[], { exitCode, stderr }: ExecResult): HostError {
  const outcome = `failed with exit code ${exitCode}`;
  return new HostError('EXEC_FAILED', { argv: argv.join(' '), outcome, stderr: stderr.trim() });
}

/**
 * What nft(8) lists; empty for what is not there. `undefined` where it is not installed or the kernel has no nf_tables.
 */
export async function listByNft(exec: Exec, ...words: readonly string[]): Promise<string | undefined> {
  const argv = ['nft', ...words] as const;
  try {
    // 1: anything it was refused. 3: it has no socket to ask through.
    const answer = await exec.run({ argv, accept: [0, 1, 3] });
    if (lacksNftables(answer)) return undefined;
    if (answer.exitCode !== 0 && !answer.stderr.includes('No such file or directory'))
      throw programFailed(argv, answer);
    return answer.stdout;
  } catch (error) {
    if (error instanceof HostError && error.code === 'PROGRAM_MISSING') return undefined;
    throw error;
  }
}
