import type { RunCommand } from '../commands/command.ts';

interface Command {
  readonly summary: string;
  readonly load: () => Promise<{ readonly run: RunCommand }>;
  /** Not shown to people. */
  readonly hidden?: true;
  /** Its end is the end of the process, whatever was asked of others and not answered yet. */
  readonly endsProcess?: true;
}

/** Every command word. Only the one that is called is loaded. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['install', { summary: 'put everything in place on this host', load: () => import('../commands/install.ts') }],
  ['rollback', { summary: 'go back to the version before', load: () => import('../commands/rollback.ts') }],
  ['uninstall', { summary: 'remove everything install made', load: () => import('../commands/uninstall.ts') }],
  ['adopt', { summary: 'take this node over from aws-node', load: () => import('../commands/adopt.ts') }],
  ['handback', { summary: 'give this node back to aws-node', load: () => import('../commands/handback.ts') }],
  ['supervise', { summary: 'keep ipamd running', load: () => import('../commands/supervise.ts'), hidden: true }],
  [
    'ipamd',
    { summary: 'run the daemon (what the unit runs)', load: () => import('../commands/ipamd.ts'), endsProcess: true },
  ],
  ['status', { summary: 'show the pool and whether pods can be served', load: () => import('../commands/status.ts') }],
  [
    'explain',
    { summary: 'say why: of a pod, an address, a setting, the pool', load: () => import('../commands/explain.ts') },
  ],
  ['config', { summary: 'show, check or describe the settings', load: () => import('../commands/config.ts') }],
  ['doctor', { summary: 'say what is wrong with this host or image', load: () => import('../commands/doctor.ts') }],
  ['max-pods', { summary: 'say how many pods the kubelet may take', load: () => import('../commands/max-pods.ts') }],
  ['fleet', { summary: 'plan and simulate many nodes', load: () => import('../commands/fleet.ts') }],
  [
    'support-bundle',
    { summary: 'collect what a bug report needs', load: () => import('../commands/support-bundle.ts') },
  ],
  ['sim', { summary: 'run a simulated VPC', load: () => import('../commands/sim.ts') }],
]);

const shown = [...COMMANDS].filter(([, command]) => command.hidden === undefined);

/** What `--help` prints. */
export const USAGE = `Usage: vpc-cni COMMAND [OPTION…]

Amazon VPC CNI for this host, without a DaemonSet.

Commands:
${shown.map(([word, { summary }]) => `  ${word.padEnd(15)}${summary}`).join('\n')}

Options:
  --help     this text; "vpc-cni COMMAND --help" tells about one command
  --version  the version and the build

Examples:
  vpc-cni install --dry-run      what install would change, without changing anything
  vpc-cni install                change it
  vpc-cni status                 is this node ready to give pods addresses?
  vpc-cni config check           are the settings in /etc/vpc-cni valid?

Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 changes or faults found
`;

/** The visible command words. */
export const WORDS: readonly string[] = shown.map(([word]) => word);
