import { type Command, CommanderError, Option } from 'commander';
import { loadSettings, nearest } from '../../config/index.ts';
import { HostError } from '../../errors/index.ts';
import { type FleetScenario, type Stage, type SubnetSpec, USUAL_WORLD } from '../../fleet/index.ts';
import { readTextFile } from '../../sys/index.ts';
import { type InstanceLimits, instanceTypes, limitsOf, supportsPrefixes } from '../../vpc/index.ts';
import { collect, settingFlags } from '../options.ts';
import { collectSubnets, needApart, parseSpan, parseStages, parseVariant, wholeIn } from './words.ts';

type Subnets = ReturnType<typeof collectSubnets>;

/** What both commands are told of a fleet; the later ones only of a simulated one. */
export interface FleetOptions {
  readonly nodes: number;
  readonly instanceType: string;
  readonly pods: readonly Stage[];
  readonly subnet?: Subnets;
  readonly podSubnet?: Subnets;
  readonly scattered?: true;
  readonly settings?: string;
  readonly set?: readonly string[];
  readonly launchAddresses: number;
  readonly launchPrefixes: number;
  readonly vs?: readonly string[];
  readonly json?: true;
  readonly schema?: true;
  readonly seed?: number;
  readonly over?: number;
  readonly callMs?: number;
  readonly attachMs?: number;
  readonly imdsLagMs?: number;
  readonly rate?: number;
  readonly for?: number;
  readonly svg?: string;
}

export const MOST_NODES = 20_000;
const HORIZON_MS = 4 * 3_600_000;

/** Adds the options of a fleet to a command. */
export function addFleetOptions(command: Command): Command {
  return command
    .option('--nodes <count>', 'how many nodes', wholeIn(1, MOST_NODES), 10)
    .option('--instance-type <type>', 'of which type', 'm5.large')
    .addOption(
      new Option(
        '--pods <count>',
        'pods with an address of their own: in all, spread evenly (200), or on each node (20/node)',
      )
        .argParser(parseStages)
        .default(parseStages('1/node'), '1/node'),
    )
    .option(
      '--subnet <cidr[=used]>',
      'a subnet of nodes, and how many of its addresses others hold; may be repeated, nodes take turns',
      collectSubnets,
    )
    .option('--pod-subnet <cidr[=used]>', 'with custom networking: a subnet of pods, in the same turn', collectSubnets)
    .option('--scattered', 'what others hold lies all over the subnets, so that few /28s are whole')
    .option('--settings <file>', 'the settings of the nodes, as in /etc/vpc-cni/vpc-cni.env; defaults without')
    .option('--set <name=value>', 'a setting that counts before those; may be repeated', collect)
    .option('--launch-addresses <count>', 'addresses the primary ENI has from the launch on', wholeIn(0, 63), 0)
    .option('--launch-prefixes <count>', 'prefixes the primary ENI has from the launch on', wholeIn(0, 63), 0)
    .option('--vs <words>', 'the same once more with these options, side by side; "NAME: OPTIONS" names it', collect)
    .option('--json', 'print one JSON document')
    .option('--schema', 'print the JSON Schema of what --json prints');
}

/** Adds the options of a simulation. */
export function addWorldOptions(command: Command): Command {
  const { callMs, attachMs, imdsLagMs } = USUAL_WORLD;
  const ms = wholeIn(0, 600_000);
  return command
    .option('--seed <number>', 'chance, as a number: the same one gives the same run', wholeIn(0, 999_999_999), 1)
    .addOption(
      new Option('--over <time>', 'launch the nodes evenly over this time, not all at once')
        .argParser(parseSpan)
        .default(0, '0s'),
    )
    .option('--call-ms <ms>', 'how long EC2 takes to answer, on average', ms, callMs)
    .option('--attach-ms <ms>', 'how long an ENI takes to attach or detach, on average', ms, attachMs)
    .option('--imds-lag-ms <ms>', 'how long the metadata of a new instance says nothing', ms, imdsLagMs)
    .option('--rate <factor>', 'size and rate of EC2’s token buckets, times this', parseFactor, 1)
    .addOption(
      new Option('--for <time>', 'stop after this time at the latest').argParser(parseSpan).default(HORIZON_MS, '4h'),
    );
}

function parseFactor(text: string): number {
  const value = Number(text);
  if (/^\d{1,4}(\.\d{1,3})?$/.test(text) && value >= 0.01) return value;
  throw new CommanderError(1, 'commander.invalidArgument', `--rate is a number from 0.01 to 9999, not ${text}`);
}

/** Every scenario that was asked for: the one as given, then each of `--vs`. Throws `USAGE` or `CONFIG_INVALID`. */
export function scenariosOf(
  options: FleetOptions,
  given: { readonly argv: readonly string[]; readonly create: () => Command },
): readonly FleetScenario[] {
  const variants = (options.vs ?? []).map((text) => {
    const { name, words } = variantOf(text);
    return scenarioOf(name, parseAgain(text, [...given.argv, ...words], given.create()));
  });
  return [scenarioOf(variants.length === 0 ? 'fleet' : 'as given', options), ...variants];
}

/** The words of the call with those of one `--vs`. Throws `USAGE`, which says of which. */
function parseAgain(text: string, words: readonly string[], command: Command): FleetOptions {
  try {
    return command
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
      .allowExcessArguments(false)
      .parse([...words], { from: 'user' })
      .opts<FleetOptions>();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new HostError('USAGE', { reason: `--vs "${text}": ${error.message.replace(/^error: /, '')}` }, error);
  }
}

function variantOf(text: string): ReturnType<typeof parseVariant> {
  const variant = parseVariant(text);
  if (variant.words.length === 0)
    throw new HostError('USAGE', { reason: `--vs "${text}" holds no options, such as "--set WARM_IP_TARGET=2"` });
  const outside = variant.words.find((word) => /^--(?:vs|json|svg)\b/.test(word));
  if (outside === undefined) return variant;
  throw new HostError('USAGE', { reason: `${outside} is for all and does not go into --vs` });
}

function scenarioOf(name: string, options: FleetOptions): FleetScenario {
  const limits = limitsFor(options.instanceType);
  const files =
    options.settings === undefined ? [] : [{ path: options.settings, text: readTextFile(options.settings) }];
  const { settings } = loadSettings({ files, flags: settingFlags(options.set) });
  const spec = (subnets: Subnets = []): readonly SubnetSpec[] =>
    subnets.map((subnet) => ({ ...subnet, scattered: options.scattered === true }));
  const [subnets, podSubnets] = [spec(options.subnet), spec(options.podSubnet)];
  needApart([...subnets, ...podSubnets]);
  const custom = settings.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG;
  if (podSubnets.length > 0 && !custom)
    throw usage('--pod-subnet needs custom networking: --set AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true');
  if (custom && subnets.length > 0 !== podSubnets.length > 0)
    throw usage('with custom networking there are subnets of both, nodes and pods: --subnet and --pod-subnet');
  const launch = { addresses: options.launchAddresses, prefixes: options.launchPrefixes };
  needLaunchable(limits, launch);
  const { over, callMs, attachMs, imdsLagMs, rate } = { ...options };
  return {
    name,
    nodes: options.nodes,
    limits,
    settings,
    stages: options.pods,
    subnets,
    podSubnets,
    launch,
    world: {
      overMs: over ?? USUAL_WORLD.overMs,
      callMs: callMs ?? USUAL_WORLD.callMs,
      attachMs: attachMs ?? USUAL_WORLD.attachMs,
      imdsLagMs: imdsLagMs ?? USUAL_WORLD.imdsLagMs,
      rate: rate ?? USUAL_WORLD.rate,
    },
    seed: options.seed ?? 1,
    horizonMs: options.for ?? HORIZON_MS,
  };
}

const usage = (reason: string): HostError => new HostError('USAGE', { reason });

/** Nobody is asked: a type that is not built in cannot be planned with. */
function limitsFor(type: string): InstanceLimits {
  const limits = limitsOf(type);
  if (limits !== undefined) return limits;
  const reason = 'a plan asks nobody';
  throw new HostError('INSTANCE_TYPE_UNKNOWN', { type, reason, meant: nearest(type, instanceTypes()) });
}

function needLaunchable(limits: InstanceLimits, launch: FleetScenario['launch']): void {
  const slots = limits.ipv4PerEni - 1;
  const { instanceType } = limits;
  if (launch.addresses + launch.prefixes > slots)
    throw usage(`an ENI of a ${instanceType} holds ${slots} addresses and prefixes beside its own, no more at launch`);
  if (launch.prefixes > 0 && !supportsPrefixes(limits))
    throw usage(`a ${instanceType} knows no prefixes: it is neither nitro nor bare metal`);
}
