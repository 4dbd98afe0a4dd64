import { defaultText, writeText } from './parse-value.ts';
import { CHAPTERS, FOLLOWS, isSettingKey, SETTINGS_SCHEMA, type SettingKey } from './schema.ts';
import { allowedOf, limitOf, shapeOf } from './shape.ts';

/** How far this version goes: every allowed value, some of them, or none that changes anything. */
export type Support = 'full' | 'limited' | 'none';

/** What this version makes of a setting. */
export function supportOf(key: SettingKey): Support {
  if (shapeOf(key).deprecated === true) return 'none';
  return limitOf(key) === undefined ? 'full' : 'limited';
}

const HEAD = `<!-- Written by "bun scripts/docs.ts" from src/config; a test keeps it equal. -->
# Settings

Names are those EKS users know from the \`aws-node\` DaemonSet. A value is taken from, later over earlier: the default,
\`/etc/vpc-cni/vpc-cni.env\`, \`/etc/vpc-cni/conf.d/*.env\` by name, EC2 user data, the environment of the process, a flag
(\`vpc-cni ipamd --set NAME=VALUE\`). \`vpc-cni config show\` prints every value with its origin, \`vpc-cni config check\` every
mistake at once, \`vpc-cni config schema\` this page as JSON Schema.

Files hold \`NAME=value\` lines with quotes and comments as in systemd's \`EnvironmentFile=\`. An unknown name in them and a bad
value anywhere are errors: nothing is guessed and nothing is ignored. A setting marked **not yet** belongs to a feature
this version lacks; only the values listed there are accepted, because they ask for nothing we do not do. What is accepted
and changes nothing is noted by \`vpc-cni config check\` and in the log of the daemon. Secrets are never printed.
`;

const USER_DATA = `
## In EC2 user data

A part of a MIME multipart document of the type \`application/vnd.vpc-cni.env\` or with the file name \`vpc-cni.env\`, or a whole
document whose first line is \`#vpc-cni\`, holds the same lines. It may be packed with gzip and written as base64, whole or
part by part. Parts of others (cloud-config, shell, \`application/node.eks.aws\`) are left alone.
\`vpc-cni config check --user-data FILE\` checks a document before a node is started with it.

\`\`\`
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="//"

--//
Content-Type: application/vnd.vpc-cni.env

WARM_IP_TARGET=5
MINIMUM_IP_TARGET=20
--//
Content-Type: text/x-shellscript

#!/bin/sh
echo other parts stay what they are
--//--
\`\`\`
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => (text === '' ? 'nothing' : `\`${text}\``);

function row(key: SettingKey): string {
  const shape = shapeOf(key);
  const follows = FOLLOWS[key];
  const byDefault = follows === undefined ? code(defaultText(key)) : follows.map(code).join(', ');
  const limit = limitOf(key);
  const accepted = limit?.enum?.map((value) => code(writeText(key, value))).join(', ');
  const allowed = limit === undefined ? allowedOf(shape) : `**not yet**: only ${accepted}; ${limit.description}`;
  return `| \`${key}\` | ${byDefault} | ${cell(shape.description)} | ${cell(allowed)} |`;
}

function section(title: string, head: readonly string[], rows: readonly string[]): string {
  const rule = `|${'---|'.repeat(head.length)}`;
  return `\n## ${title}\n\n${[`| ${head.join(' | ')} |`, rule, ...rows].join('\n')}\n`;
}

/** The text of docs/configuration.md. */
export function renderConfigurationPage(): string {
  const chapters = Object.entries(CHAPTERS).map(([title, settings]) =>
    section(title, ['name', 'default', 'what it does', 'allowed'], Object.keys(settings).filter(isSettingKey).map(row)),
  );
  const rules = SETTINGS_SCHEMA.allOf.flatMap((rule) => ('description' in rule ? [`- ${rule.description}`] : []));
  const others = Object.entries(SETTINGS_SCHEMA.definitions.elsewhere.properties).map(
    ([name, { description }]) => `| \`${name}\` | ${cell(description)} |`,
  );
  return [
    HEAD,
    USER_DATA,
    ...chapters,
    `\n## Rules between settings\n\n${rules.join('\n')}\n`,
    section('Names that are no settings here', ['name', 'instead'], others),
  ].join('');
}
