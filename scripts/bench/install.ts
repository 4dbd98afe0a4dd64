import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitStatus, readyAfter } from './daemon.ts';

const RUN = '/run/vpc-cni';
const CONFLIST = '/etc/cni/net.d/10-aws.conflist';
const POLL_MS = 2;
const PATIENCE_MS = 30_000;

/** Milliseconds of one `install` with these words, as a process from its start to its end. */
export function timeInstall(product: string, ...words: readonly string[]): number {
  const started = performance.now();
  const { success, stderr } = Bun.spawnSync([product, 'install', ...words], { stdout: 'pipe', stderr: 'pipe' });
  if (!success) throw new Error(`install ${words.join(' ')} failed: ${stderr}`);
  return performance.now() - started;
}

/** The image stage into an empty root on disk, as an image build runs it. */
export function timeImageStage(product: string): number {
  const root = mkdtempSync(join(tmpdir(), 'vpc-cni-bench-'));
  try {
    return timeInstall(product, '--stage', 'image', '--root', root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(POLL_MS);
  }
}

const isGone = (pid: number): boolean => !existsSync(`/proc/${pid}`);

/** Ends the supervisor and its daemon: what a reboot does, as far as the installation goes. */
export async function stopSupervised(): Promise<void> {
  const { supervisor }: { supervisor: { pid: number } } = JSON.parse(readFileSync(`${RUN}/supervisor.json`, 'utf8'));
  process.kill(supervisor.pid, 'SIGTERM');
  await until('the end of the supervisor', () => isGone(supervisor.pid));
}

/** What one boot took: the boot stage, from its start until the daemon published the conflist, the daemon until READY. */
export interface BootTimes {
  readonly stage: number;
  readonly conflist: number;
  readonly ready: number;
}

/**
 * A boot of a node whose ENIs hold addresses: nothing of the last boot under /run, its conflist still there. Then what the
 * unit runs: the boot stage, then the daemon.
 */
export async function timeBoot(product: string): Promise<BootTimes> {
  rmSync(RUN, { recursive: true, force: true });
  const started = performance.now();
  const stage = timeInstall(product, '--stage', 'boot');
  if (existsSync(CONFLIST)) throw new Error('the boot stage left the conflist of the last boot');
  const daemon = Bun.spawn([product, 'ipamd'], { stdio: ['ignore', 'ignore', 'ignore'] });
  try {
    await until('the conflist', () => existsSync(CONFLIST));
    const conflist = performance.now() - started;
    return { stage, conflist, ready: readyAfter(await awaitStatus('a ready daemon', ({ ready }) => ready)) };
  } finally {
    daemon.kill('SIGTERM');
    await daemon.exited;
  }
}
