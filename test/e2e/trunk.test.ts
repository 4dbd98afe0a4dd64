import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executable } from '../support/e2e.ts';
import { runInGuest } from '../support/guest/boot.ts';

const DEADLINE_MS = 600_000;
const PLUGINS = '/usr/lib/cni';

/** The tests as one file, for a guest that has Bun and nothing of this project. */
async function bundle(folder: string): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, '../support/guest/trunk-life.ts')],
    naming: '[name].test.[ext]',
    target: 'bun',
    outdir: folder,
  });
  const [file] = built.outputs;
  if (file === undefined) throw new Error(built.logs.join('\n'));
  return file.path;
}

test(
  'the installed daemon serves pods with branch ENIs on the kernel of Debian, to its end, and takes those of aws-node over',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-bundle-'));
    try {
      const plugins = ['loopback', 'portmap', 'bandwidth', 'host-local', 'tuning'].map((name) => `${PLUGINS}/${name}`);
      const printed = await runInGuest({
        modules: [
          ...['crc32c_generic', '8021q', 'veth', 'bridge', 'overlay', 'nft_chain_nat', 'nft_ct', 'nft_nat', 'nft_masq'],
          ...['nft_objref', 'nft_fib_inet', 'nft_fib_ipv4', 'nft_reject_inet'],
        ],
        programs: [
          ...['ip', 'nft', 'ping', 'sysctl', 'nsenter', 'unshare', 'mount', 'umount', 'mknod', 'tee', 'mkdir'],
        ],
        files: {
          '/usr/bin/bun': process.execPath,
          '/usr/bin/vpc-cni-tested': executable(),
          '/t/trunk-life.test.js': await bundle(folder),
          ...Object.fromEntries(plugins.map((path) => [path, path])),
        },
        script: `export VPC_CNI_EXECUTABLE=/usr/bin/vpc-cni-tested NO_COLOR=1
cd /t && /usr/bin/bun test 2>&1`,
        deadlineMs: DEADLINE_MS,
      });
      if (process.env['SHOW_GUEST'] === '1') process.stdout.write(printed);
      expect(printed).toMatch(/^ *0 fail$/m);
      expect(printed).toMatch(/^ *3 pass$/m);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  DEADLINE_MS,
);
