import { Command } from 'commander';
import {
  type CheckedSettings,
  checkSettings,
  defaultText,
  type Finding,
  formatFinding,
  invalidConfiguration,
  redact,
  SETTING_KEYS,
  SETTINGS_SCHEMA,
  settingsFromUserData,
  supportOf,
  USER_DATA,
  type UserData,
} from '../config/index.ts';
import { HostError } from '../errors/index.ts';
import { readBytes, readSettingFiles, readTextFile } from '../sys/index.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { collect, parseOptions, parseRoot, settingFlags } from './options.ts';
import { EXIT, reportFailure } from './report.ts';

interface Options {
  readonly root: string;
  readonly userData?: string;
  readonly set?: readonly string[];
  readonly json?: true;
}

const ACTIONS = ['show', 'check', 'schema'] as const;
type Action = (typeof ACTIONS)[number];

function createCommand(): Command {
  return new Command('vpc-cni config')
    .usage('show|check|schema [options] [files...]')
    .description(
      `show    every setting, its value and where that comes from; secrets are hidden
check   all that is wrong with the settings, at once; exit code 2 when it is
schema  every setting as JSON Schema: type, default, what it may hold`,
    )
    .argument('[action]', 'show, check or schema')
    .argument('[files...]', 'settings files to read instead of those of the host, later over earlier')
    .option('--root <dir>', 'read the settings files of the image at <dir>', parseRoot, '/')
    .option('--user-data <file>', 'take <file> for the EC2 user data, packed or not')
    .option('--set <name=value>', 'a setting that counts before all others; may be repeated', collect)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  vpc-cni config show                                 what is in force on this node, and why
  WARM_IP_TARGET=5 vpc-cni config check               with a setting of the environment
  vpc-cni config check --root /mnt/ami                an image that is being built
  vpc-cni config check --user-data ./user-data.mime   what a node would be started with
  vpc-cni config check ./vpc-cni.env                  a file before it is put in place
  vpc-cni config schema > settings.schema.json        for any JSON Schema validator`,
    );
}

/** What was read, for people who wonder whether theirs was. */
interface Sources {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly userData: string | UserData | undefined;
  /** Remarks on the sources themselves. */
  readonly notes: readonly Finding[];
}

function userDataOf(path: string): Pick<Sources, 'userData' | 'notes'> {
  const origin = `${USER_DATA} ${path}`;
  const userData = settingsFromUserData(readBytes(path), origin);
  if (userData.parts.some(({ ours }) => ours)) return { userData, notes: [] };
  const types = userData.parts.map(({ type }) => type).join(', ') || 'none';
  const reason = `holds no settings (parts: ${types}); ours begins with #vpc-cni or has the type application/vnd.vpc-cni.env`;
  return { userData, notes: [{ origin, reason }] };
}

function readSources(options: Options, files: readonly string[]): Sources {
  // Files that were named may be for another machine; what this one has kept of its start is not theirs.
  const found =
    files.length > 0
      ? { files: files.map((path) => ({ path, text: readTextFile(path) })), userData: undefined }
      : readSettingFiles(options.root);
  return options.userData === undefined ? { ...found, notes: [] } : { ...found, ...userDataOf(options.userData) };
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return `${rows.map((row) => line(row).trimEnd()).join('\n')}\n`;
}

function show(context: CommandContext, { resolved, faults }: CheckedSettings, json: boolean): void {
  if (resolved === undefined) throw invalidConfiguration(faults);
  const { texts, origins } = resolved;
  if (json) {
    const settings = SETTING_KEYS.map((key) => ({
      key,
      value: redact(key, texts[key]),
      origin: origins[key],
      default: defaultText(key),
      support: supportOf(key),
    }));
    context.stdout(`${JSON.stringify({ ok: true, settings })}\n`);
    return;
  }
  const rows = SETTING_KEYS.map((key) => [key, redact(key, texts[key]) || '""', origins[key]]);
  context.stdout(table([['NAME', 'VALUE', 'ORIGIN'], ...rows]));
}

function check(context: CommandContext, checked: CheckedSettings, sources: Sources, json: boolean): number {
  const { faults } = checked;
  const notes = [...sources.notes, ...checked.notes];
  const ok = faults.length === 0;
  const files = [...sources.files.map(({ path }) => path), ...(sources.userData === undefined ? [] : [USER_DATA])];
  if (json) {
    const findings = [
      ...faults.map((finding) => ({ severity: 'fault', ...finding })),
      ...notes.map((finding) => ({ severity: 'note', ...finding })),
    ];
    const parts = typeof sources.userData === 'object' ? { userData: { parts: sources.userData.parts } } : {};
    const error = ok ? {} : { error: invalidConfiguration(faults) };
    context.stdout(`${JSON.stringify({ ok, ...error, files, ...parts, findings })}\n`);
    return ok ? EXIT.done : EXIT.usage;
  }
  for (const note of notes) context.stderr(`note: ${formatFinding(note)}\n`);
  if (!ok) throw invalidConfiguration(faults);
  context.stdout(`the settings are valid (${files.join(', ') || 'no file'})\n`);
  return EXIT.done;
}

function actionOf(word: string | undefined): Action {
  const action = ACTIONS.find((one) => one === word);
  if (action !== undefined) return action;
  const found = word === undefined ? '' : `, not "${word}"`;
  throw new HostError('USAGE', { reason: `"config" needs one of ${ACTIONS.join(', ')}${found}` });
}

/** `vpc-cni config show|check|schema`. */
export const run: RunCommand = async (context) => {
  const json = context.argv.includes('--json');
  try {
    const command = createCommand();
    const parsed = parseOptions<Options>(command, context);
    if (parsed.kind === 'help') return EXIT.done;
    const { options } = parsed;
    const [word, ...files] = command.args;
    const action = actionOf(word);
    if (action === 'schema') {
      if (files.length > 0)
        throw new HostError('USAGE', { reason: `"config schema" takes no more words: ${files.join(' ')}` });
      context.stdout(`${JSON.stringify(SETTINGS_SCHEMA, undefined, 2)}\n`);
      return EXIT.done;
    }
    const sources = readSources(options, files);
    const checked = checkSettings({ ...sources, env: context.env, flags: settingFlags(options.set) });
    if (action === 'check') return check(context, checked, sources, json);
    show(context, checked, json);
    return EXIT.done;
  } catch (error) {
    return reportFailure(context, error, { json });
  }
};
