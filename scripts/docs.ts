/** Writes the pages that follow from the source: configuration, errors and findings. A test keeps them equal. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cniNumber } from '../src/cniproto/index.ts';
import { renderConfigurationPage } from '../src/config/index.ts';
import { CATALOGUE, type Details, type Entry, isErrorCode } from '../src/errors/index.ts';
import { FINDINGS } from '../src/inspect/index.ts';

const ROOT = join(import.meta.dir, '..');

const RETRY: Readonly<Record<Entry['retry'], string>> = {
  never: 'no',
  backoff: 'yes, with a growing delay',
  'after-cooldown': 'once the cooldown is over',
};

const ERRORS_HEAD = `<!-- Written by "bun scripts/docs.ts" from src/errors and src/cniproto; a test keeps it equal. -->
# Errors

Every failure has a stable code. Commands print \`CODE: sentence\` and the way out; with \`--json\` they print
\`{"ok":false,"error":{"code","message","remedy","details"}}\`. A container runtime gets the CNI number, the sentence as \`msg\`,
and code and way out as \`details\`; in STATUS every number from 11 on becomes 50. Numbers from 100 on are our own.

| code | sentence | what to do | again? | CNI |
|---|---|---|---|---|
`;

/** An entry's sentence with its details shown as ‹name›. */
function sentenceOf(entry: Entry): string {
  const names: Details = new Proxy({}, { get: (_, name) => `‹${String(name)}›` });
  return entry.says(names);
}

function errorsPage(): string {
  const entries: readonly (readonly [string, Entry])[] = Object.entries(CATALOGUE);
  const rows = entries.map(([code, entry]) => {
    const number = isErrorCode(code) ? cniNumber(code, entry.retry) : '';
    return `| \`${code}\` | ${sentenceOf(entry)} | ${entry.remedy} | ${RETRY[entry.retry]} | ${number} |\n`;
  });
  return ERRORS_HEAD + rows.join('');
}

const FINDINGS_HEAD = `<!-- Written by "bun scripts/docs.ts" from src/inspect/doctor; a test keeps it equal. -->
# Findings of doctor

\`vpc-cni doctor\` prints \`SEVERITY CODE: evidence\` and what to do; with \`--json\` one document
\`{"ok","findings":[{"code","severity","evidence","remedy"}]}\`. Exit code 3 when one of them is a fault; warnings and notes are
for reading.

| code | severity | what it means | what to do |
|---|---|---|---|
`;

/** The cells of a row; a bar within one is no border. */
const cellsOf = (...cells: readonly string[]): string => cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ');

function findingsPage(): string {
  const rows = Object.entries(FINDINGS).map(
    ([code, { severity, means, remedy }]) => `| \`${code}\` | ${cellsOf(severity, means, remedy)} |\n`,
  );
  return FINDINGS_HEAD + rows.join('');
}

/** Where the generated part of a page that people write begins; it goes to the end of the page. */
const CODES_HEAD = `<!-- From here on written by "bun scripts/docs.ts" from src/errors and src/inspect/doctor; a test keeps it equal. -->
## Every code
Errors are told by commands, by CNI calls, in the journal and as conditions of \`vpc-cni status\`; findings by \`vpc-cni doctor\`.

| code | | cause | remedy |
|---|---|---|---|
`;

/** Every error and finding, by its code, with what is behind it and what to do. */
function codesPart(): string {
  const entries: readonly (readonly [string, Entry])[] = Object.entries(CATALOGUE);
  const errors = entries.map(([code, entry]) => [code, 'error', sentenceOf(entry), entry.remedy] as const);
  const findings = Object.entries(FINDINGS).map(
    ([code, { severity, means, remedy }]) => [code, severity, means, remedy] as const,
  );
  const rows = [...errors, ...findings].toSorted(([a, kindA], [b, kindB]) =>
    `${a} ${kindA}` < `${b} ${kindB}` ? -1 : 1,
  );
  return CODES_HEAD + rows.map(([code, ...cells]) => `| \`${code}\` | ${cellsOf(...cells)} |\n`).join('');
}

/** A page of ours with its generated end written anew. */
function withCodes(path: string): string {
  const [own = ''] = readFileSync(join(ROOT, path), 'utf8').split(CODES_HEAD.split('\n')[0] ?? '');
  return `${own.trimEnd()}\n\n${codesPart()}`;
}

/** The generated pages by path. */
export function pages(): Readonly<Record<string, string>> {
  return {
    'docs/configuration.md': renderConfigurationPage(),
    'docs/errors.md': errorsPage(),
    'docs/findings.md': findingsPage(),
    'docs/troubleshooting.md': withCodes('docs/troubleshooting.md'),
  };
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(pages())) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
    console.error(path);
  }
}
