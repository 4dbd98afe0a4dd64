import { Command, CommanderError } from 'commander';
import { DEFAULT_PODS, type PodPlan, planPods } from './plan.ts';

/** What the demo was asked to do. */
export interface DemoOptions {
  readonly vpc: string;
  readonly pods: number;
  readonly plan: PodPlan;
  readonly json: boolean;
  readonly keep: boolean;
}

/** What the words on the command line amount to. */
export type Parsed =
  | { readonly kind: 'run'; readonly options: DemoOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'usage'; readonly reason: string };

const EXAMPLES = `
It needs root, because it makes network namespaces; it changes nothing else on this machine and sends
nothing out of it. It runs in about half a minute.

Examples:
  npm run demo                        the whole story, then everything is removed
  npm run demo -- --pods 18           as many as both nodes together can hold
  npm run demo -- --keep              stop while the pods run, and look around
  npm run -s demo -- --json | tail -1 for programs: the story on stderr, one document on stdout

Exit codes: 0 every ping arrived and nothing is left; 1 a step failed (it is named); 2 bad usage`;

/** Reads the words on the command line; `vpc` is the name of the VPC unless one is given. */
export function parseOptions(words: readonly string[], vpc: string): Parsed {
  let help = '';
  const command = new Command('npm run demo --')
    .description('Shows the whole product at work on a simulated VPC with two nodes.')
    .option('--pods <count>', 'pods on both nodes together', `${DEFAULT_PODS}`)
    .option('--keep', 'leave VPC and pods running at the end, or where it failed')
    .option('--json', 'end with one JSON document on stdout; the story goes to stderr')
    .option('--name <name>', 'name of the simulated VPC (default: its own for each run)')
    .addHelpText('after', EXAMPLES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        help += text;
      },
      writeErr: () => {},
    });
  try {
    command.parse(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'help', text: help };
    return { kind: 'usage', reason: error.message.replace(/^error: /, '') };
  }
  if (command.args.length > 0) return { kind: 'usage', reason: `unknown words: ${command.args.join(' ')}` };
  const { pods, keep, json, name } = command.opts<{ pods: string; keep?: true; json?: true; name?: string }>();
  if (!/^\d{1,6}$/.test(pods)) return { kind: 'usage', reason: `--pods needs a whole number, not "${pods}"` };
  const plan = planPods(Number(pods));
  if (typeof plan === 'string') return { kind: 'usage', reason: `--pods ${pods}: ${plan}` };
  if (name !== undefined && !/^[a-z][a-z0-9]{0,11}$/.test(name))
    return { kind: 'usage', reason: `--name ${name}: up to 12 lower-case letters and digits, a letter first` };
  return {
    kind: 'run',
    options: { vpc: name ?? vpc, pods: Number(pods), plan, json: json === true, keep: keep === true },
  };
}
