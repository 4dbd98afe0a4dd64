import type { FilterFamily } from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import type { Exec } from '../sys/index.ts';
import { lacksNftables, programFailed } from './nft.ts';

/** A kind of iptables; a host may have rules in both, and plain `iptables` is one of them or, rarely, the only name. */
type Kind = '-nft' | '-legacy' | '';
export type IptablesProgram = `${'iptables' | 'ip6tables'}${Kind}`;
const PROGRAM = { ip: 'iptables', ip6: 'ip6tables' } as const;

// Others hold the lock of the legacy kind for as long as they rewrite thousands of rules.
const LOCK_WAIT_S = 10;
const RESTORE_MS = 30_000;

/** What one kind of iptables has. */
export interface IptablesSave {
  readonly program: IptablesProgram;
  /** Its output of `iptables-save`; empty when it has no table, or when the kernel does not know this kind. */
  readonly save: string;
  /** The kernel knows this kind. */
  readonly usable: boolean;
}

async function savedBy(exec: Exec, program: IptablesProgram): Promise<IptablesSave | undefined> {
  try {
    // Without a table named it lists only those that exist: nothing is made by looking.
    const argv = [`${program}-save`] as const;
    const result = await exec.run({ argv, accept: [0, 1, 4] });
    // 4 is any trouble with the kernel; the one that will not pass is told by words alone.
    if (result.exitCode === 4 && !lacksNftables(result)) throw programFailed(argv, result);
    return { program, save: result.stdout, usable: result.exitCode === 0 };
  } catch (error) {
    if (error instanceof HostError && error.code === 'PROGRAM_MISSING') return undefined;
    throw error;
  }
}

/** Every kind of iptables that is installed, each once, with its rules. */
export async function iptablesSaves(exec: Exec, family: FilterFamily = 'ip'): Promise<readonly IptablesSave[]> {
  const saved = async (kinds: readonly Kind[]): Promise<readonly IptablesSave[]> =>
    (await Promise.all(kinds.map((kind) => savedBy(exec, `${PROGRAM[family]}${kind}`)))).flatMap((save) => save ?? []);
  const both = await saved(['-nft', '-legacy']);
  return both.length > 0 ? both : await saved(['']);
}

/** Carries out a script, one transaction for each table in it; what it does not name stays. */
export async function restoreIptables(exec: Exec, program: IptablesProgram, input: string): Promise<void> {
  await exec.run({
    argv: [`${program}-restore`, '--noflush', '--wait', String(LOCK_WAIT_S)],
    input,
    timeoutMs: RESTORE_MS,
  });
}
