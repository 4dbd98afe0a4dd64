import {
  defaultText,
  loadSettings,
  type ResolvedSettings,
  redact,
  SETTING_KEYS,
  SETTINGS_SCHEMA,
  supportOf,
} from '../config/index.ts';
import { HostError } from '../errors/index.ts';
import { readSettingFiles } from '../sys/index.ts';
import type { CommandContext, RunCommand } from './command.ts';
import { EXIT, reportFailure } from './report.ts';

const HELP = `Usage: vpc-cni config show|check|schema [--root DIR] [--json]

  show    every setting with its value and where the value comes from
  check   says what is wrong with the settings; exit code 2 when something is
  schema  every setting as JSON Schema: type, default, what it may hold and what it does

  --root DIR  read DIR/etc/vpc-cni instead of /etc/vpc-cni
  --json      one JSON document

Examples:
  vpc-cni config show
  WARM_IP_TARGET=5 vpc-cni config check
`;

interface Words {
  readonly action: 'show' | 'check' | 'schema' | 'help';
  readonly root: string;
  readonly json: boolean;
}

function parseWords(argv: readonly string[]): Words {
  const usage = (reason: string): HostError => new HostError('USAGE', { reason });
  const words: string[] = [];
  let root = '/';
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--help' || word === '-h') return { action: 'help', root, json: false };
    if (word === '--json') continue;
    if (word === '--root') {
      index += 1;
      const folder = argv[index];
      if (folder === undefined) throw usage('--root needs a folder');
      root = folder;
    } else if (word.startsWith('-')) throw usage(`"config" has no option ${word}`);
    else words.push(word);
  }
  const [action, ...rest] = words;
  if (rest.length > 0) throw usage(`"config ${action}" takes no more words: ${rest.join(' ')}`);
  if (action !== 'show' && action !== 'check' && action !== 'schema')
    throw usage(`"config" needs one of show, check, schema${action === undefined ? '' : `, not "${action}"`}`);
  return { action, root, json: argv.includes('--json') };
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return `${rows.map((row) => line(row).trimEnd()).join('\n')}\n`;
}

function show(context: CommandContext, resolved: ResolvedSettings, json: boolean): void {
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

/** `vpc-cni config show|check|schema`. */
export const run: RunCommand = async (context) => {
  const json = context.argv.includes('--json');
  try {
    const words = parseWords(context.argv);
    if (words.action === 'help') context.stdout(HELP);
    else if (words.action === 'schema') context.stdout(`${JSON.stringify(SETTINGS_SCHEMA, undefined, 2)}\n`);
    else {
      const { files, userData } = readSettingFiles(words.root);
      const resolved = loadSettings({ files, userData, env: context.env });
      if (words.action === 'show') show(context, resolved, json);
      else if (json) context.stdout(`${JSON.stringify({ ok: true, files: files.map(({ path }) => path) })}\n`);
      else context.stdout(`the settings are valid (${files.map(({ path }) => path).join(', ') || 'no file'})\n`);
    }
    return EXIT.done;
  } catch (error) {
    return reportFailure(context, error, { json });
  }
};
