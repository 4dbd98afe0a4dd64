import { dirname } from 'node:path';
import { type Settings, VERSION } from '../config/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { PATHS } from '../hostspec/index.ts';
import {
  type BootFacts,
  type DoctorFacts,
  diagnose,
  type Finding,
  isOfNode,
  observeConflists,
  observeDropIns,
  observeHotplug,
  observeImage,
  observePlugins,
  observeRivals,
  observeStatus,
  observeUnit,
  type SettingsFacts,
} from '../inspect/index.ts';
import { checkInstalled, type Host, planInstall, readSettings } from '../installer/index.ts';
import { type NodeFacts, observeAmazon, observeNode } from './examine-node.ts';

/** What is examined: a host that runs, or an image that nodes will be made of. */
export type Scope = 'host' | 'image';

type HostSettings =
  | { readonly kind: 'valid'; readonly settings: Settings }
  | Exclude<SettingsFacts, { readonly kind: 'valid' }>;

function observeSettings(host: Host): HostSettings {
  try {
    return { kind: 'valid', settings: readSettings(host) };
  } catch (error) {
    const { code, message } = toHostError(error);
    return code === 'CONFIG_INVALID' ? { kind: 'invalid', reason: message } : { kind: 'unknown', reason: message };
  }
}

/** The boot stage is asked what it would do: it knows every sysctl, policy and module of this host. */
async function observeBoot(host: Host, executable: string): Promise<BootFacts> {
  try {
    const { boot, problems } = await planInstall({
      host,
      stage: 'boot',
      version: VERSION,
      executable,
      plugins: undefined,
      foreign: 'keep',
    });
    return { kind: 'planned', steps: boot.steps, problems };
  } catch (error) {
    const { code, message } = toHostError(error);
    return { kind: 'unknown', reason: `${code}: ${message}` };
  }
}

async function isRunning(host: Host): Promise<boolean | undefined> {
  if (host.root !== '/') return undefined;
  const unit = await observeUnit(host).catch(() => undefined);
  return unit === undefined ? undefined : ['active', 'activating', 'reloading'].includes(unit.active);
}

/** A pod that comes or goes meanwhile looks broken for a moment: what is still so a moment later is. */
const LOOK_AGAIN_MS = 300;

/** The findings of the second look, those about the node only where the first had them as well. */
function stillSo(first: readonly Finding[], second: readonly Finding[]): readonly Finding[] {
  const key = ({ code, evidence }: Finding): string => `${code} ${evidence}`;
  const before = new Set(first.map(key));
  return second.filter((each) => !isOfNode(each.code) || before.has(key(each)));
}

/** Looks at everything and says what is wrong. Changes nothing, and works while the daemon is dead. */
export async function examine(input: {
  readonly host: Host;
  readonly scope: Scope;
  readonly executable: string;
  /** The daemon's socket on this machine. */
  readonly socket?: string | undefined;
}): Promise<readonly Finding[]> {
  const { host, scope, executable, socket = PATHS.socket } = input;
  const { files, exec } = host;
  const settings = observeSettings(host);
  const common = {
    installed: checkInstalled(host),
    settings,
    dropIns: observeDropIns(files),
    rivals: observeRivals(files),
    hotplug: observeHotplug(files),
    conflists: observeConflists(files),
    plugins: observePlugins(files),
  } satisfies DoctorFacts;
  if (scope === 'image') return diagnose({ ...common, image: observeImage(files, await isRunning(host)) });
  if (common.installed.kind === 'not-installed' || common.installed.kind === 'handed-back') return diagnose(common);
  const valid = settings.kind === 'valid' ? settings.settings : undefined;
  const place = valid && { host, settings: valid, run: dirname(socket) };
  const [boot, status, first, aws] = await Promise.all([
    // Without settings the boot stage stops before it looks at anything, and that is told already.
    valid === undefined ? undefined : observeBoot(host, executable),
    observeStatus({ files, exec, socket }),
    place && observeNode(place),
    place && observeAmazon(place),
  ]);
  const diagnoseWith = (node: NodeFacts | undefined): readonly Finding[] =>
    diagnose({ ...common, ...(boot === undefined ? {} : { boot }), status, ...node, ...aws });
  const findings = diagnoseWith(first);
  if (place === undefined || !findings.some(({ code }) => isOfNode(code))) return findings;
  await host.clock.sleep(LOOK_AGAIN_MS);
  return stillSo(findings, diagnoseWith(await observeNode(place)));
}

/** Throws `USAGE`: a root that is not this machine's has no kernel and no daemon of its own. */
export function needImage(root: string, scope: Scope): void {
  if (root !== '/' && scope !== 'image')
    throw new HostError('USAGE', { reason: '--root is for images and needs --image' });
}
