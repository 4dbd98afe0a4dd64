import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { createImds } from '../aws/index.ts';
import { BUILD, loadSettings, redact, SETTING_KEYS, VERSION } from '../config/index.ts';
import { HostError, toHostError } from '../errors/index.ts';
import { PATHS, renderStep } from '../hostspec/index.ts';
import {
  BOUNDS,
  bundleName,
  collect,
  type Entry,
  hideAccounts,
  packBundle,
  renderFindings,
  SOURCES,
} from '../inspect/index.ts';
import { type Host, openHost, planInstall, readSettings } from '../installer/index.ts';
import { followedFact, readSettingFiles } from '../sys/index.ts';
import type { CommandContext } from './command.ts';
import { examine } from './examine.ts';
import { parseOptions } from './options.ts';
import { EXIT, reportFailure } from './report.ts';
import { createProgress, type StepProgress } from './step-progress.ts';

interface Options {
  readonly output?: string;
  readonly hideAccounts?: true;
  readonly json?: true;
}

/** A person waits: an instance answers within milliseconds, and elsewhere there is none. */
const IMDS_MS = 1_000;
const PRIVATE = 0o600;

function createCommand(): Command {
  return new Command('vpc-cni support-bundle')
    .description(
      'Collects what a bug report needs into one file: settings, installed files, unit and journal, state, links, routes, rules, packet filters, sysctls, what the daemon says, what doctor finds. Changes nothing else.',
    )
    .option(
      '-o, --output <file>',
      'where to write it, a file, a directory or - for stdout; /var/log unless told, or here without root',
    )
    .option('--hide-accounts', 'hide the numbers of AWS accounts as well')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Passwords, tokens, keys and values of unknown environment variables are hidden; names of pods and addresses are not. Works while
the daemon is dead, without systemd and, with less in it, without root. MANIFEST.json in it says what could not be had, and why.

Examples:
  vpc-cni support-bundle
  vpc-cni support-bundle -o /tmp/bundle.tar.gz --hide-accounts
  ssh NODE sudo vpc-cni support-bundle -o - > node.tar.gz
  tar -xzOf /tmp/bundle.tar.gz --wildcards '*/MANIFEST.json'`,
    );
}

/** The instance as its metadata names it, else the host. */
async function instanceName(host: Host): Promise<string> {
  try {
    const endpoint = readSettings(host).AWS_EC2_METADATA_SERVICE_ENDPOINT || undefined;
    const id = await createImds({ endpoint, timeoutMs: IMDS_MS }).get('/latest/meta-data/instance-id');
    if (id !== undefined && /^[\w-]{1,40}$/.test(id.trim())) return id.trim();
  } catch {
    // The name of the file is no reason to fail: the findings tell that nobody answers.
  }
  const name = host.files.read('/proc/sys/kernel/hostname')?.trim() ?? '';
  return name.replaceAll(/[^\w.-]/g, '_').slice(0, 40) || 'host';
}

/** A text that we make ourselves. */
async function entryOf(
  host: Host,
  entry: { readonly name: string; readonly from: string },
  make: () => Promise<string>,
): Promise<Entry> {
  const start = host.clock.monotonic();
  const text = await make().catch((error: unknown) => {
    const { code, message, remedy } = toHostError(error);
    return `${code}: ${message}\n→ ${remedy}\n`;
  });
  return { ...entry, text, truncated: false, ms: Math.round(host.clock.monotonic() - start) };
}

async function describeSettings(host: Host): Promise<string> {
  const { files, userData } = readSettingFiles(host.root);
  const { texts, origins } = loadSettings({ files, userData, env: host.env });
  return SETTING_KEYS.map((key) => `${key}=${redact(key, texts[key])}  # ${origins[key]}\n`).join('');
}

/** What an installation would change now: on a healthy host nothing. */
async function describePlan(host: Host, executable: string): Promise<string> {
  const about = { host, executable, version: VERSION, plugins: undefined } as const;
  const { image, boot, daemon, retired, problems } = await planInstall({ ...about, stage: 'all', foreign: 'keep' });
  const steps = [...image.steps, ...boot.steps, ...daemon.steps, ...retired].map(renderStep);
  const notes = [...image.notes, ...boot.notes];
  const lines = [...(steps.length === 0 ? ['nothing to do'] : steps), ...notes.map((note) => `note: ${note}`)];
  return `${[...lines, ...problems.map(({ code, message }) => `${code}: ${message}`)].join('\n')}\n`;
}

/** Everything of ours first, then what the host says. */
async function gather(context: CommandContext, host: Host, socket: string, progress: StepProgress) {
  const { executable } = context;
  progress.started('asking doctor');
  const findings = await entryOf(host, { name: 'doctor.txt', from: 'vpc-cni doctor' }, async () =>
    renderFindings(await examine({ host, scope: 'host', executable, socket }), { colour: false }),
  );
  const settings = await entryOf(host, { name: 'settings.txt', from: 'vpc-cni config show' }, () =>
    describeSettings(host),
  );
  const plan = await entryOf(host, { name: 'plan.txt', from: 'vpc-cni install --dry-run' }, () =>
    describePlan(host, executable),
  );
  progress.started('collecting');
  const { entries, missing } = await collect({ ...host, socket }, SOURCES, BOUNDS, (done, of) =>
    progress.waiting(`${done} of ${of}`),
  );
  return { entries: [settings, findings, plan, ...entries], missing };
}

/** `vpc-cni support-bundle`. */
export async function run(context: CommandContext): Promise<number> {
  const json = context.argv.includes('--json');
  try {
    const parsed = parseOptions<Options>(createCommand(), context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    const host = openHost('/', context.env);
    const toStdout = options.output === '-';
    if (toStdout && json) throw new HostError('USAGE', { reason: 'stdout is one of the bundle and of --json' });
    if (toStdout && context.isTty)
      throw new HostError('USAGE', { reason: 'a bundle is not for a terminal: put a file or a pipe behind "-o -"' });
    const runtime = context.env['VPC_CNI_RUNTIME_DIR'];
    const socket = runtime === undefined ? PATHS.socket : `${runtime}/cni.sock`;
    const createdAt = new Date(host.clock.now()).toISOString();
    const instance = await instanceName(host);
    const uid = process.getuid?.();
    const file = toStdout ? undefined : fileOf(host, options.output, bundleName(instance, createdAt));
    // Before the work: a wrong path is told at once.
    if (file !== undefined) host.files.replace({ path: file, text: '', mode: PRIVATE });
    const collected = await during(context, options, (progress) => gather(context, host, socket, progress));
    const manifest = { format: 'vpc-cni-support/1', version: VERSION, build: BUILD, instance, uid, createdAt } as const;
    const { entries, missing } = options.hideAccounts === true ? withoutAccounts(collected) : collected;
    const bytes = packBundle(manifest, { entries, missing });
    if (file === undefined) context.stdout(bytes);
    else host.files.replace({ path: file, text: bytes, mode: PRIVATE });
    if (options.json === true) {
      const document = { ok: true, file, bytes: bytes.length, files: entries.length + 1, missing };
      context.stdout(`${JSON.stringify(document)}\n`);
    } else {
      if (file !== undefined) context.stdout(`${file}\n`);
      context.stderr(
        `${entries.length + 1} files, ${Math.ceil(bytes.length / 1000)} kB; ${missing.length} things could not be had (MANIFEST.json says why).\nLook through it before you send it: names of pods and addresses are in it.\n`,
      );
    }
    return EXIT.done;
  } catch (error) {
    return reportFailure(context, error, { json });
  }
}

/** Where the bundle goes; a directory is given a file of its own name. */
function fileOf(host: Host, output: string | undefined, name: string): string {
  const given = resolve(output ?? (process.getuid?.() === 0 ? '/var/log' : '.'));
  const isDirectory = output === undefined || followedFact(host.files, given).kind === 'directory';
  return isDirectory ? join(given, `${name}.tar.gz`) : given;
}

type Collected = Awaited<ReturnType<typeof gather>>;

const withoutAccounts = ({ entries, missing }: Collected): Collected => ({
  entries: entries.map((entry) => ({ ...entry, text: hideAccounts(entry.text) })),
  missing: missing.map((each) => ({ ...each, reason: hideAccounts(each.reason) })),
});

async function during<T>(
  context: CommandContext,
  options: Pick<Options, 'json'>,
  work: (progress: StepProgress) => Promise<T>,
): Promise<T> {
  const progress = createProgress(context, options);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}
