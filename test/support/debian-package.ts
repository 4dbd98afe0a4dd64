import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { systemExec } from '../../src/sys/index.ts';

/** Outside the repository, so that a fresh clone on the same machine finds it too. */
const CACHE = '/var/cache/vpc-cni-host';
// Some 70 MB over a slow line.
const DEADLINE_MS = 300_000;

/**
 * The folder with what a Debian package holds, unpacked and not installed: nothing of it is started or configured. `finish`
 * is given the folder before anybody else sees it.
 */
export async function debianPackage(name: string, finish?: (tree: string) => Promise<void>): Promise<string> {
  try {
    return await unpacked(name, finish);
  } catch {
    // Package lists may be missing or older than the archive.
    await systemExec.run({ argv: ['apt-get', 'update', '-q'], timeoutMs: DEADLINE_MS });
    return await unpacked(name, finish);
  }
}

async function unpacked(name: string, finish?: (tree: string) => Promise<void>): Promise<string> {
  const tree = `${CACHE}/${name}`;
  if (existsSync(tree)) return tree;
  mkdirSync(CACHE, { recursive: true });
  const draft = mkdtempSync(`${tree}.`);
  try {
    await systemExec.run({ argv: ['apt-get', 'download', '-q', name], cwd: draft, timeoutMs: DEADLINE_MS });
    const [archive = ''] = readdirSync(draft);
    await systemExec.run({ argv: ['dpkg-deb', '-x', archive, 'tree'], cwd: draft, timeoutMs: DEADLINE_MS });
    await finish?.(`${draft}/tree`);
    if (!existsSync(tree)) renameSync(`${draft}/tree`, tree);
    return tree;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
