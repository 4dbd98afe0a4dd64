import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runInGuest } from '../support/guest/boot.ts';

const DEADLINE_MS = 300_000;

/**
 * The tests of wiring that Debian's kernel runs, which has 802.1Q, where the machine's may not, and an older rtnetlink.
 * Emulation is slow: those that prove the same thing again by many more packets stay out.
 */
const SUITES = ['branch', 'branch-daemon', 'branch-takeover', 'pod-again', 'host-network'] as const;

/** What they start by itself. */
const PROGRAM = '../support/guest/branch-daemon.ts';

/** Each suite as one file, for a guest that has Bun and nothing of this project. */
async function bundles(folder: string): Promise<Record<string, string>> {
  const built = await Bun.build({
    entrypoints: [...SUITES.map((name) => `${name}.test.ts`), PROGRAM].map((path) => join(import.meta.dir, path)),
    naming: '[name].[ext]',
    target: 'bun',
    outdir: folder,
  });
  if (!built.success) throw new Error(built.logs.join('\n'));
  return Object.fromEntries(built.outputs.map(({ path }) => [`/t/${basename(path)}`, path]));
}

test(
  'the tests of wiring pass on the kernel of Debian',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-bundle-'));
    try {
      const printed = await runInGuest({
        modules: ['crc32c_generic', '8021q', 'veth', 'bridge', 'nft_ct', 'nft_nat', 'nft_fib_ipv4', 'nft_reject_inet'],
        programs: ['ip', 'nft', 'ping', 'sysctl'],
        files: { '/usr/bin/bun': process.execPath, ...(await bundles(folder)) },
        script: 'cd /t && NO_COLOR=1 /usr/bin/bun test --timeout 120000 2>&1',
        deadlineMs: DEADLINE_MS,
      });
      if (process.env['SHOW_GUEST'] === '1') process.stdout.write(printed);
      expect(printed).toMatch(/^ *0 fail$/m);
      // A suite that found nothing to run would have passed, too.
      expect(Number(/^ *(\d+) pass$/m.exec(printed)?.[1])).toBeGreaterThan(12);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  DEADLINE_MS,
);
