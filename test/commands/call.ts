import type { RunCommand } from '../../src/commands/command.ts';

/** What a command left behind. */
export interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of ours in this process, as the entry does. */
export async function callCommand(
  run: RunCommand,
  call: {
    readonly argv: readonly string[];
    readonly env?: Readonly<Record<string, string | undefined>>;
    readonly executable?: string;
  },
): Promise<Called> {
  const out = { stdout: '', stderr: '' };
  const code = await run({
    argv: call.argv,
    env: call.env ?? {},
    executable: call.executable ?? '/nowhere/vpc-cni',
    stdout: (text) => {
      out.stdout += text;
    },
    stderr: (text) => {
      out.stderr += text;
    },
    isTty: false,
  });
  return { code, ...out };
}
