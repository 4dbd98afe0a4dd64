import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { systemExec } from '../../src/sys/index.ts';

/** Outside the repository, so that a fresh clone on the same machine finds it too. */
const CACHE = '/var/cache/vpc-cni-host';
const SUITE = 'bookworm';
const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'iproute2',
  'iptables',
  'nftables',
  'procps',
  'iputils-ping',
  'containernetworking-plugins',
  'curl',
  // Off in every guest that does not ask for it.
  'cloud-init',
  // cloud-init needs it under a name that debootstrap does not find.
  'python3-cffi-backend',
] as const;

// Downloading and unpacking some 120 packages over a slow line.
const DEADLINE_MS = 600_000;

const debootstrap = (target: string): readonly string[] => [
  'debootstrap',
  '--variant=minbase',
  `--include=${PACKAGES.join(',')}`,
  SUITE,
  target,
];

/**
 * A Debian system with systemd as files, made once per machine and never written to again: about 40 s the first time.
 * Another list of packages is another tree.
 */
export async function debianTree(): Promise<string> {
  const recipe = `${SUITE} ${PACKAGES.join(',')}`;
  const tree = `${CACHE}/${SUITE}-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`;
  if (existsSync(tree)) return tree;
  const draft = `${tree}.${process.pid}`;
  mkdirSync(CACHE, { recursive: true });
  try {
    await systemExec.run({
      // In a mount namespace of its own: debootstrap mounts /proc in the tree, and an interrupted one must not leave it.
      argv: ['unshare', '--mount', '--propagation=private', '--', ...debootstrap(draft)],
      timeoutMs: DEADLINE_MS,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
    });
    rmSync(`${draft}/var/cache/apt/archives`, { recursive: true, force: true });
    if (!existsSync(tree)) renameSync(draft, tree);
    return tree;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
