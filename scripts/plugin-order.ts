/** Finds out which functions a plugin call uses, so that the build can lay their bytecode side by side. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CONFIG = { cniVersion: '1.0.0', name: 'aws-cni', type: 'aws-cni', vethPrefix: 'eni', mtu: '9001' };
const STARTED_WITHIN_MS = 10_000;

/** A daemon that gives the same answer to everything, in a process of its own: a build waits synchronously. */
export function startYes(socket: string, answer: unknown = {}): Bun.Subprocess {
  const code = `Bun.serve({ unix: ${JSON.stringify(socket)}, fetch: () => Response.json(${JSON.stringify(answer)}) })`;
  const child = Bun.spawn([process.execPath, '-e', code], { stdio: ['ignore', 'ignore', 'inherit'] });
  const deadline = performance.now() + STARTED_WITHIN_MS;
  while (!existsSync(socket)) {
    if (performance.now() > deadline) throw new Error(`nothing listens on ${socket}`);
    Bun.sleepSync(5);
  }
  return child;
}

/** Makes one ADD with the executable and writes the order in which its functions ran to `out`. */
export function recordPluginOrder(executable: string, out: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-order-'));
  let daemon: Bun.Subprocess | undefined;
  try {
    daemon = startYes(join(folder, 'cni.sock'));
    const { success, stdout } = Bun.spawnSync([executable], {
      cwd: '/',
      env: {
        BUN_BYTECODE_ORDER_OUT: out,
        VPC_CNI_RUNTIME_DIR: folder,
        CNI_COMMAND: 'ADD',
        CNI_CONTAINERID: 'recorded',
        CNI_NETNS: '/run/netns/recorded',
        CNI_IFNAME: 'eth0',
        CNI_PATH: '/opt/cni/bin',
        CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=recorded',
      },
      stdin: Buffer.from(JSON.stringify(CONFIG)),
      stdout: 'pipe',
      stderr: 'inherit',
    });
    if (!success || !existsSync(out)) throw new Error(`the plugin call to be recorded failed: ${stdout}`);
  } finally {
    daemon?.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
