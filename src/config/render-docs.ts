import { SCHEMA, SETTING_KEYS, type SettingKey } from './schema.ts';
import type { Chapter, Setting } from './setting.ts';

const CHAPTERS: readonly Chapter[] = ['pool', 'eni', 'host network', 'pods', 'endpoints', 'logs and ports', 'cluster'];

const TITLES: Readonly<Record<Chapter, string>> = {
  pool: 'The pool of addresses',
  eni: 'ENIs',
  'host network': 'Network of the host',
  pods: 'Pods',
  endpoints: 'Endpoints',
  'logs and ports': 'Logs and ports',
  cluster: 'Cluster and host paths',
};

const HEAD = `<!-- Written by "bun scripts/docs.ts" from src/config; a test keeps it equal. -->
# Settings

Names are those EKS users know from the \`aws-node\` DaemonSet. A value is taken from, later over earlier: the default,
\`/etc/vpc-cni/vpc-cni.env\`, \`/etc/vpc-cni/conf.d/*.env\` by name, the environment of the process, a flag of the command.
\`vpc-cni config show\` prints every value with its origin, \`vpc-cni config check\` every mistake at once, \`vpc-cni config schema\`
this page for programs.

Files hold \`NAME=value\` lines with quotes and comments as in systemd's \`EnvironmentFile=\`. An unknown name in them and a bad
value anywhere are errors: nothing is guessed and nothing is ignored. A setting marked **not yet** belongs to a feature
this version lacks; only the values listed there are accepted, because they ask for nothing we do not do.
`;

function row(key: SettingKey): string {
  const entry: Setting<unknown> = SCHEMA[key];
  const code = (text: string): string => (text === '' ? 'nothing' : `\`${text}\``);
  const byDefault = entry.unsetAs === undefined ? code(entry.default) : `\`${entry.unsetAs}\``;
  const allowed = entry.only === undefined ? entry.allowed : `**not yet**: only ${entry.only.map(code).join(', ')}`;
  return `| \`${key}\` | ${byDefault} | ${entry.doc} | ${allowed} |`;
}

/** The text of docs/configuration.md. */
export function renderConfigurationPage(): string {
  const chapters = CHAPTERS.map((chapter) => {
    const keys = SETTING_KEYS.filter((key) => SCHEMA[key].chapter === chapter);
    const table = ['| name | default | what it does | allowed |', '|---|---|---|---|', ...keys.map(row)].join('\n');
    return `\n## ${TITLES[chapter]}\n\n${table}\n`;
  });
  return HEAD + chapters.join('');
}

/** The schema for programs: one object per setting. */
export function describeSettings(): readonly Readonly<Record<string, unknown>>[] {
  return SETTING_KEYS.map((key) => {
    const entry: Setting<unknown> = SCHEMA[key];
    const { chapter, default: text, doc, allowed, unsetAs, only } = entry;
    return {
      key,
      chapter,
      default: text,
      allowed,
      doc,
      support: only === undefined ? 'full' : 'default-only',
      ...(unsetAs === undefined ? {} : { unsetAs }),
      ...(only === undefined ? {} : { accepted: only }),
    };
  });
}
