import { Command, InvalidArgumentError } from 'commander';
import { HostError } from '../errors/index.ts';
import { isKubeletTarget, type KubeletTarget, kubeletPath } from '../hostspec/index.ts';
import { findPodRoom, openHost, type PodRoomQuestion, readSettings, tellKubelet } from '../installer/index.ts';
import {
  ADDRESS_MODES,
  type AddressMode,
  explainPodRoom,
  instanceTypes,
  POD_ROOM_SCHEMA,
  type PodRoom,
} from '../vpc/index.ts';
import { requireRoot } from './changes.ts';
import type { CommandContext } from './command.ts';
import { parseOptions, parseRoot } from './options.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly instanceType?: string;
  readonly all?: true;
  readonly mode?: AddressMode;
  readonly customNetworking?: true;
  readonly maxEni?: number;
  readonly reservedEnis?: number;
  readonly allCards?: true;
  readonly trunk?: true;
  readonly showMaxAllowed?: true;
  readonly write?: KubeletTarget;
  readonly root: string;
  readonly json?: true;
  readonly schema?: true;
}

/** The instance answers within milliseconds; away from one, a person should not wait for nobody. */
const IMDS_MS = 2_000;

function parseMode(text: string): AddressMode {
  const mode = ADDRESS_MODES.find((known) => known === text);
  if (mode !== undefined) return mode;
  throw new InvalidArgumentError(`It is one of ${ADDRESS_MODES.join(', ')}.`);
}

function parseTarget(text: string): KubeletTarget {
  if (isKubeletTarget(text)) return text;
  throw new InvalidArgumentError('It is one of kubelet, nodeadm, env.');
}

/** A type newer than this version is EC2's to know; what can be none is not asked for. */
function parseType(text: string): string {
  if (/^[a-z0-9-]{1,32}\.[a-z0-9-]{1,32}$/.test(text)) return text;
  throw new InvalidArgumentError('It is a type such as m5.large.');
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a number of ENIs from 1 to 9999.');
}

function parseReserved(text: string): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a number of ENIs from 0 to 99.');
}

function createCommand(): Command {
  return new Command('vpc-cni max-pods')
    .description(
      'Says how many pods the kubelet of an instance may take: the number on stdout, the sum behind it on stderr.',
    )
    .option(
      '--instance-type <type>',
      "such as m5.large; this instance's own, asked of its metadata, unless given",
      parseType,
    )
    .option('--all', 'every instance type that is built in')
    .option(
      '--mode <mode>',
      'secondary, prefix or ipv6: how pods get addresses; as the settings say unless given',
      parseMode,
    )
    .option('--custom-networking', 'pods get no address of the primary ENI')
    .option('--max-eni <count>', 'use no more ENIs than that, of each card (MAX_ENI)', parseCount)
    .option('--reserved-enis <count>', 'so many ENIs are not for pods', parseReserved)
    .option('--all-cards', 'count the ENIs of every network card, not of the default one only')
    .option('--trunk', 'one ENI is the trunk of pods with security groups of their own (ENABLE_POD_ENI)')
    .option('--show-max-allowed', 'all that the limits of EC2 leave room for, also above the ceiling')
    .option(
      '--write <target>',
      'write it for kubelet, nodeadm or env; the boot stage does by KUBELET_MAX_PODS',
      parseTarget,
    )
    .option('--root <dir>', 'read settings and write below this root', parseRoot, '/')
    .option('--json', 'print one JSON document')
    .option('--schema', 'print the JSON Schema of what --json prints of a type')
    .addHelpText(
      'after',
      `
The number is ENIs × (IPv4 addresses per ENI − 1) + 2: the primary address of an ENI is the host's, and two pods of every EKS node
use the network of the host. A /28 prefix takes the place of one address and holds 16. Above it pods would find no address.
The ceiling is 110 up to 30 vCPUs and 250 above: what Kubernetes supports on an ordinary node, and what Amazon has tested on large
ones; more pods mean more probes, volumes and watches than the kubelet and the runtime are known to keep up with.
A second --write of the same number changes nothing.

Examples:
  vpc-cni max-pods                                   on an instance
  vpc-cni max-pods --instance-type m5.large --mode prefix
  vpc-cni max-pods --all --json                      every type, as a list
  kubelet --max-pods="$(vpc-cni max-pods)"           the number alone is on stdout
  vpc-cni max-pods --write nodeadm                   /etc/eks/nodeadm.d/50-vpc-cni.yaml`,
    );
}

async function listAll(context: CommandContext, question: PodRoomQuestion, options: Options): Promise<number> {
  const rooms: PodRoom[] = [];
  for (const instanceType of instanceTypes()) rooms.push(await findPodRoom({ ...question, instanceType }));
  if (options.json === true) context.stdout(`${JSON.stringify(rooms)}\n`);
  else context.stdout(rooms.map(({ instanceType, maxPods }) => `${instanceType} ${maxPods}\n`).join(''));
  return EXIT.done;
}

async function answerOne(context: CommandContext, question: PodRoomQuestion, options: Options): Promise<number> {
  const room = await findPodRoom(question);
  const { write, json, root } = options;
  const written =
    write === undefined
      ? undefined
      : { path: kubeletPath(write), change: await tellKubelet(openHost(root, context.env), write, room.maxPods) };
  if (json === true) {
    context.stdout(`${JSON.stringify({ ok: true, ...room, ...(written === undefined ? {} : { written }) })}\n`);
    return EXIT.done;
  }
  context.stdout(`${room.maxPods}\n`);
  context.stderr(`${explainPodRoom(room)}\n`);
  if (written !== undefined) context.stderr(`${written.path} ${written.change}\n`);
  return EXIT.done;
}

/** `vpc-cni max-pods`. */
export async function run(context: CommandContext): Promise<number> {
  const json = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    if (options.schema === true) {
      context.stdout(`${JSON.stringify(POD_ROOM_SCHEMA, undefined, 2)}\n`);
      return EXIT.done;
    }
    if (options.all === true && (options.instanceType !== undefined || options.write !== undefined))
      throw new HostError('USAGE', { reason: '--all goes neither with --instance-type nor with --write' });
    if (options.mode === 'ipv6' && options.customNetworking === true)
      throw new HostError('USAGE', { reason: 'custom networking is for IPv4: it does not go with --mode ipv6' });
    if (options.write !== undefined && options.showMaxAllowed === true)
      throw new HostError('USAGE', {
        reason: '--show-max-allowed is a number to look at: it does not go with --write',
      });
    if (options.write !== undefined) requireRoot(`writing ${kubeletPath(options.write)}`);
    const question: PodRoomQuestion = {
      settings: readSettings(openHost(options.root, context.env)),
      env: context.env,
      instanceType: options.instanceType,
      mode: options.mode,
      customNetworking: options.customNetworking,
      mostEnis: options.maxEni,
      reservedEnis: options.reservedEnis,
      allCards: options.allCards,
      trunk: options.trunk,
      noCeiling: options.showMaxAllowed,
      imdsMs: IMDS_MS,
    };
    return options.all === true
      ? await listAll(context, question, options)
      : await answerOne(context, question, options);
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}
