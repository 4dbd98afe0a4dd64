import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInGuest } from '../support/guest/boot.ts';

const DEADLINE_MS = 180_000;

/** The test's program as one file, for a guest that has Bun and nothing of this project. */
async function bundle(folder: string): Promise<string> {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, '../support/guest/branch-packets.ts')],
    target: 'bun',
    outdir: folder,
  });
  const [file] = built.outputs;
  if (file === undefined) throw new Error(built.logs.join('\n'));
  return file.path;
}

test(
  'branch ENIs that are tagged on the wire are reached by the rules of their own groups, through their own trunk',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-bundle-'));
    try {
      const printed = await runInGuest({
        modules: [
          'crc32c_generic',
          '8021q',
          'veth',
          'nft_ct',
          'nft_objref',
          'nft_fib_inet',
          'nft_reject_inet',
          'overlay',
        ],
        programs: ['ip', 'nft', 'nsenter', 'unshare', 'mount', 'umount', 'mknod', 'tee', 'mkdir'],
        files: { '/usr/bin/bun': process.execPath, '/test.js': await bundle(folder) },
        script: '/usr/bin/bun /test.js',
        deadlineMs: DEADLINE_MS,
      });
      expect(printed).toBe(`vlan protocol 802.1Q id 7
from > to  a2       b1      branch  branch2  web      web:7001  internet
a1         open     open    -       open     open     open      open
a1 branch  ingress  open    -       ingress  ingress  open      unmapped
a2         -        open    open    -        open     open      open
b1         open     -       open    open     open     ingress   open
web        egress   egress  egress  egress   -        -         egress
from > to  a2       b1      branch  branch2  web      web:7001  internet
a1         open     open    -       open     open     open      open
a1 branch  ingress  open    -       ingress  ingress  open      open
a2         -        open    open    -        open     open      open
b1         open     -       open    open     open     ingress   open
web        egress   egress  egress  egress   -        -         egress
`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  DEADLINE_MS,
);
