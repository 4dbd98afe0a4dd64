import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';

const DIRECTORY = '/run/netns';
const GONE_WITHIN_MS = 10_000;

function run(argv: readonly string[]): void {
  const { success, stderr } = Bun.spawnSync([...argv], { stdout: 'ignore', stderr: 'pipe' });
  if (!success) throw new Error(`${argv.join(' ')} failed: ${stderr.toString().trim()}`);
}

/** Makes a pod's network namespace as a runtime does before it calls a plugin, and returns its path. */
export function makeSandbox(name: string): string {
  mkdirSync(DIRECTORY, { recursive: true });
  const path = `${DIRECTORY}/${name}`;
  closeSync(openSync(path, 'wx', 0o444));
  run(['unshare', `--net=${path}`, '--', 'true']);
  return path;
}

/** Removes the namespaces; with them die links that a DEL left in there. */
export function removeSandboxes(paths: readonly string[]): void {
  run(['umount', '--lazy', ...paths]);
  for (const path of paths) rmSync(path);
}

/** The links of this network namespace. */
export function linkCount(): number {
  return readdirSync('/sys/class/net').length;
}

const STEADY_MS = 200;

/** Their number once it has not changed for a while. */
export async function steadyLinks(): Promise<number> {
  for (let before = linkCount(); ; ) {
    await Bun.sleep(STEADY_MS);
    const now = linkCount();
    if (now === before) return now;
    before = now;
  }
}

/** Waits until no more links than that are left: the kernel ends a namespace behind our back, and holds its lock. */
export async function settle(links: number): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  while (linkCount() > links) {
    if (performance.now() > deadline) throw new Error(`${linkCount()} links, and ${links} were expected to be left`);
    await Bun.sleep(1);
  }
}
