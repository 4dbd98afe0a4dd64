import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../../scripts/build.ts';

const ROOT = join(import.meta.dir, '../..');
/** All that a build reads; the rest of the checkout does not count. */
const SOURCES = ['src', 'templates', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json'];

/** A place in the source and what stands there in the other version. */
export interface SourceChange {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A version whose daemon ends right after its start, as one with a defect does; its last words are those of the defect. */
export const ENDS_AT_START: SourceChange = {
  file: 'src/ipamd/run.ts',
  from: '  async run(): Promise<void> {\n',
  to: "  async run(): Promise<void> {\n    throw new Error('the pool of this version does not load');\n",
};

/** A version whose daemon serves its socket and never becomes ready. */
export const NEVER_READY: SourceChange = {
  file: 'src/ipamd/run.ts',
  from: '  async #start(): Promise<Engine> {\n',
  to: '  async #start(): Promise<Engine> {\n    await Bun.sleep(3_600_000);\n',
};

/** A version that has another unit. */
export const OTHER_UNIT: SourceChange = {
  file: 'templates/vpc-cni-ipamd.service',
  from: 'RestartSec=100ms\n',
  to: 'RestartSec=150ms\n',
};

/**
 * A real executable of another version: built from a copy of this source tree in which `changes` were made. Built once per
 * content; `name` keeps versions with the same number apart.
 */
export function buildVersion(
  version: string,
  options: { readonly name?: string; readonly changes?: readonly SourceChange[] } = {},
): string {
  const out = join(ROOT, `dist/versions/${options.name ?? version}/vpc-cni`);
  const tree = mkdtempSync(join(tmpdir(), 'vpc-cni-version-'));
  try {
    for (const name of SOURCES) cpSync(join(ROOT, name), join(tree, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    for (const { file, from, to } of options.changes ?? []) {
      const text = readFileSync(join(tree, file), 'utf8');
      if (text.split(from).length !== 2) throw new Error(`${file} does not hold exactly once: ${from}`);
      writeFileSync(
        join(tree, file),
        text.replace(from, () => to),
      );
    }
    return build({ tree, version, out });
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
