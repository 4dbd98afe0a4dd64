import { expect, setDefaultTimeout, test } from 'bun:test';
import { WANTED_MODULES } from '../../src/hostspec/index.ts';
import { executable } from '../support/e2e.ts';
import { runInGuest } from '../support/guest/boot.ts';

const DEADLINE_MS = 240_000;
setDefaultTimeout(DEADLINE_MS);

const MODULES = WANTED_MODULES.map(({ module }) => module);
/** In the kernel's list, and yet not on the disk. */
const LOST = 'ifb';
const FOUND = MODULES.filter((name) => name !== LOST);

/** A boot stage on a kernel that has none of the modules in it and asks nobody for them, while they wait on the disk. */
const SCRIPT = `
vpc-cni sim up --api-only --nodes 1 --json > /tmp/sim 2>/dev/null
export AWS_EC2_METADATA_SERVICE_ENDPOINT=$(sed 's/.*"nodes":.*"imds":"\\([^"]*\\)".*/\\1/' /tmp/sim)
ip link add eth0 address "$(vpc-cni sim status --json | sed 's/.*"mac":"\\([^"]*\\)".*/\\1/')" type dummy
look() { for name in ${MODULES.join(' ')}; do [ ! -e "/sys/module/$name" ] || echo "$name"; done; echo ---; }
run() { vpc-cni install --stage boot "$@" 2>/dev/null; echo "exit code $?"; echo ---; }
look
run --dry-run
look
run --json
look
run --json
`;

test('the boot stage loads the modules that are missing, and tells of one that is not to be had', async () => {
  const printed = await runInGuest({
    // modprobe of the guest does not know what goes before a module by a line of its settings.
    modules: ['dummy', 'crc32c_generic'],
    loadable: FOUND,
    programs: ['ip', 'nft'],
    files: { '/usr/bin/vpc-cni': executable() },
    script: SCRIPT,
    deadlineMs: DEADLINE_MS,
  });
  const [before = '', dry = '', unchanged, first = '', after = '', second = ''] = printed.split('---\n');
  expect([before, unchanged]).toEqual(['', '']);
  expect(dry).toEndWith('exit code 3\n');
  for (const name of MODULES) expect(dry).toContain(`load the kernel module ${name}\n`);

  const report = JSON.parse(first.replace('exit code 0\n', ''));
  const loads = report.changes.filter(({ kind }: { readonly kind: string }) => kind === 'load-module');
  expect(loads).toEqual(MODULES.map((target) => ({ kind: 'load-module', target })));
  expect(report.notes).toContainEqual(
    expect.stringMatching(/^the kernel module ifb could not be loaded: modprobe ifb failed /),
  );
  expect(after.trim().split('\n')).toEqual(FOUND);
  // It is tried again, because it may have come meanwhile.
  const { changes } = JSON.parse(second.replace('exit code 0\n', ''));
  expect(changes).toEqual([{ kind: 'load-module', target: LOST }]);
});
