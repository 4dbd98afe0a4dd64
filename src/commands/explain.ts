import { Command } from 'commander';
import { IP_FAMILIES, type IpAddress, parseIp, parseIpv4Cidr } from '../addr/index.ts';
import type { StatusDocument } from '../cniproto/index.ts';
import { loadSettings } from '../config/index.ts';
import { HostError } from '../errors/index.ts';
import { PATHS } from '../hostspec/index.ts';
import {
  explainAddress,
  explainNode,
  explainSetting,
  fetchOutlook,
  fetchStatus,
  findPod,
  lookInside,
  missingOn,
  pathOf,
  podInterfaces,
  readHistory,
  readNotes,
  renderAddress,
  renderNode,
  renderPaths,
  renderSetting,
  type Screen,
  screenOf,
  settingNamed,
  unreadIn,
  withDaemon,
  withInside,
} from '../inspect/index.ts';
import { observeNetwork, RouteSocket } from '../kernel/index.ts';
import { createFiles, readSettingFiles, systemClock, systemExec } from '../sys/index.ts';
import { requireRoot } from './changes.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { parseOptions } from './options.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly json?: true;
}

const SUBJECTS = ['pod', 'ip', 'config', 'node'] as const;
type Subject = (typeof SUBJECTS)[number];
const isSubject = (word: string): word is Subject => SUBJECTS.some((each) => each === word);

function createCommand(): Command {
  return new Command('vpc-cni explain')
    .usage('pod|ip|config|node [options] [name]')
    .description(
      `pod NAMESPACE/NAME  the way of the pod's packets over this host, hop by hop, and what is missing on it
ip ADDRESS          who has it, what happened to it, why it is not free
config NAME         what a setting means, its value and origin, what it does on this node
node                why the pool has this size, and what the next pod would cause`,
    )
    .argument('[subject]', 'pod, ip, config or node')
    .argument('[name]', 'which pod, address or setting')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
A pod may also be named by its name alone, or by the id of its sandbox. All but "node" work while the daemon is dead.

Exit codes: 0 explained, 1 not known here, 2 bad usage, 3 something on the pod's way is missing

Examples:
  vpc-cni explain pod default/web-0
  vpc-cni explain ip 10.0.3.17                why does nobody get this address?
  vpc-cni explain config WARM_ENI_TARGET
  vpc-cni explain node`,
    );
}

/** What all subjects are explained from. */
interface Place {
  readonly context: CommandContext;
  readonly run: string;
  readonly screen: Screen;
  readonly json: boolean;
}

const files = createFiles('/');
const settingsOf = ({ env }: CommandContext) => loadSettings({ ...readSettingFiles(), env, flags: {} });

/** The daemon's word, where it gives one. */
const askDaemon = ({ run }: Place): Promise<StatusDocument | undefined> =>
  fetchStatus(`${run}/cni.sock`).catch(() => undefined);

function print({ context, json, screen }: Place, document: unknown, render: (screen: Screen) => string): void {
  context.stdout(json ? `${JSON.stringify(document)}\n` : render(screen));
}

async function pod(place: Place, wanted: string): Promise<number> {
  requireRoot('explain pod');
  const { settings } = settingsOf(place.context);
  using socket = new RouteSocket();
  const written = readNotes(files, settings, place.run);
  const daemon = await askDaemon(place);
  const notes = withDaemon(written, daemon);
  const observed = observeNetwork(socket, IP_FAMILIES);
  const found = findPod(wanted, podInterfaces(notes, observed), unreadIn(notes));
  const vpcCidrs = (daemon?.vpcCidrs ?? []).map(parseIpv4Cidr);
  const paths = found.map((each) => {
    const path = pathOf(each, { notes, observed, settings, vpcCidrs });
    return {
      ...withInside(path, lookInside(files, each.pod)),
      containerId: each.pod.containerId,
      since: each.since === undefined ? null : new Date(Number(each.since / 1_000_000n)).toISOString(),
      policy: 'network policies are not enforced by this version',
    };
  });
  const missing = paths.flatMap(missingOn);
  print(place, { ok: missing.length === 0, interfaces: paths }, (screen) => renderPaths(paths, screen));
  return missing.length === 0 ? EXIT.done : EXIT.found;
}

function addressNamed(text: string): IpAddress {
  try {
    return parseIp(text);
  } catch (error) {
    throw new HostError('USAGE', { reason: `"${text}" is no address` }, error);
  }
}

async function ip(place: Place, text: string): Promise<number> {
  requireRoot('explain ip');
  const address = addressNamed(text);
  const { settings } = settingsOf(place.context);
  using socket = new RouteSocket();
  const explained = explainAddress(address, {
    notes: withDaemon(readNotes(files, settings, place.run), await askDaemon(place)),
    observed: observeNetwork(socket, IP_FAMILIES),
    history: await readHistory(address, { files, exec: systemExec }),
    nowMs: systemClock.monotonic(),
  });
  print(place, explained, (screen) => renderAddress(explained, screen));
  return explained.kind === 'elsewhere' ? EXIT.failed : EXIT.done;
}

async function config(place: Place, word: string): Promise<number> {
  const key = settingNamed(word);
  const explained = explainSetting(key, settingsOf(place.context), await askDaemon(place));
  print(place, explained, (screen) => renderSetting(explained, screen));
  return EXIT.done;
}

async function node(place: Place): Promise<number> {
  const socket = `${place.run}/cni.sock`;
  const daemon = await fetchStatus(socket);
  // Before it serves there is no pool to look ahead with.
  if (daemon.phase === 'starting') throw new HostError('ENGINE_STARTING', { phase: daemon.reason ?? daemon.phase });
  const explained = explainNode(daemon, await fetchOutlook(socket));
  print(place, explained, (screen) => renderNode(explained, screen));
  return EXIT.done;
}

async function explain(subject: string | undefined, name: string | undefined, place: Place): Promise<number> {
  const usage = (reason: string): HostError => new HostError('USAGE', { reason });
  if (subject === undefined || !isSubject(subject))
    throw usage(
      `${subject === undefined ? 'nothing to explain' : `"${subject}" cannot be explained`}; say pod, ip, config or node`,
    );
  if (subject === 'node') {
    if (name !== undefined) throw usage('"explain node" is about this node and takes no name');
    return await node(place);
  }
  if (name === undefined) throw usage(`"explain ${subject}" needs a name, such as in "vpc-cni explain --help"`);
  return await { pod, ip, config }[subject](place, name);
}

/** `vpc-cni explain`. */
export const run: RunCommand = async (context) => {
  const json = context.argv.includes('--json');
  try {
    const command = createCommand();
    const parsed = parseOptions<Options>(command, context);
    if (parsed.kind === 'help') return EXIT.done;
    const { env, isTty, size } = context;
    const screen = screenOf(env, { isTty, columns: size?.()?.columns });
    const place: Place = { context, run: env['VPC_CNI_RUNTIME_DIR'] ?? PATHS.run, screen, json };
    return await explain(command.args[0], command.args[1], place);
  } catch (error) {
    return reportFailure(context, error, { json });
  }
};
