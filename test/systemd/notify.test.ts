import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { type Notice, notify } from '../../src/systemd/index.ts';

// Neither Bun nor Node can receive unix datagrams; perl is part of every Debian.
const RECEIVER = `
use Socket; socket(S, AF_UNIX, SOCK_DGRAM, 0) or die; bind(S, sockaddr_un($ARGV[0])) or die;
$| = 1; print "bound\\n"; recv(S, $m, 4096, 0); print $m;`;

const rows: readonly { readonly name: string; readonly notices: readonly Notice[]; readonly text: string }[] = [
  {
    name: 'ready with a status',
    notices: [{ kind: 'ready' }, { kind: 'status', text: '12 free' }],
    text: 'READY=1\nSTATUS=12 free',
  },
  { name: 'a status stays one line', notices: [{ kind: 'status', text: 'a\nREADY=1' }], text: 'STATUS=a READY=1' },
  {
    name: 'stopping with a status',
    notices: [{ kind: 'stopping' }, { kind: 'status', text: 'bye' }],
    text: 'STOPPING=1\nSTATUS=bye',
  },
  { name: 'a sign of life', notices: [{ kind: 'watchdog' }], text: 'WATCHDOG=1' },
  { name: 'a longer start', notices: [{ kind: 'extend-timeout', ms: 1500 }], text: 'EXTEND_TIMEOUT_USEC=1500000' },
];

for (const row of rows) {
  test(`notify() ${row.name}`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'notify-'));
    try {
      const socket = join(directory, 'notify');
      const receiver = Bun.spawn(['perl', '-e', RECEIVER, socket], { stdout: 'pipe' });
      const reader = receiver.stdout.getReader();
      const decoder = new TextDecoder();
      expect(decoder.decode((await reader.read()).value)).toBe('bound\n');
      notify(socket, row.notices);
      expect(decoder.decode((await reader.read()).value)).toBe(row.text);
      await receiver.exited;
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

test('notify() without a socket says nothing, and names one that nobody listens on', () => {
  notify(undefined, [{ kind: 'ready' }]);
  const attempt = (): unknown => {
    try {
      return notify('/nowhere/notify', [{ kind: 'ready' }]);
    } catch (error) {
      return error instanceof HostError && error.message;
    }
  };
  expect(attempt()).toBe('could not send to /nowhere/notify: ENOENT');
});
