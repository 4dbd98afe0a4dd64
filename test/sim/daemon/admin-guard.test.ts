import { describe, expect, test } from 'bun:test';
import { type AdminCaller, MAX_ORDER_BYTES, refusal } from '../../../src/sim/daemon/admin-guard.ts';
import { ownerIn, peerUid } from '../../../src/sim/daemon/peer.ts';

describe('refusal()', () => {
  const own: AdminCaller = {
    method: 'POST',
    host: '127.0.0.1:4711',
    origin: null,
    contentLength: '20',
    uid: () => 1000,
  };
  // To find out, the kernel walks its whole table of connections: ten milliseconds.
  const noticed = (): number => {
    throw new Error('who only looks may be anybody');
  };
  const rows: readonly { name: string; change: Partial<AdminCaller>; status: number | undefined }[] = [
    { name: 'the same user', change: {}, status: undefined },
    { name: 'root', change: { uid: () => 0 }, status: undefined },
    { name: 'by the name localhost', change: { host: 'LOCALHOST:1' }, status: undefined },
    { name: 'another user', change: { uid: () => 1001 }, status: 403 },
    { name: 'nobody to be found', change: { uid: () => undefined }, status: 403 },
    { name: 'another user who only looks', change: { uid: noticed, method: 'GET' }, status: undefined },
    { name: 'a name that was made to resolve to loopback', change: { host: 'evil.example:4711' }, status: 403 },
    { name: 'a name that only begins well', change: { host: '127.0.0.1.evil.example' }, status: 403 },
    { name: 'no host, also for a look', change: { host: null, method: 'GET' }, status: 403 },
    { name: 'a web page, also for a look', change: { origin: 'http://127.0.0.1:80', method: 'GET' }, status: 403 },
    { name: 'too large', change: { contentLength: String(MAX_ORDER_BYTES + 1) }, status: 413 },
  ];
  for (const { name, change, status } of rows)
    test(name, () => expect(refusal({ ...own, ...change }, 1000)?.status).toBe(status as 403));
});

describe('the owner of a connection', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1',
    '   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 12 1',
    '   2: 0100007F:C351 0100007F:1F90 06 00000000:00000000 03:00000000 00000000     0        0 0 3',
    '   3: 0000000000000000FFFF00000100007F:C352 0000000000000000FFFF00000100007F:1F90 01 0:0 00:0 0  1002        0 13 1',
  ].join('\n');
  const rows = [
    { name: 'is the one whose end calls', peerPort: 50_000, uid: 1001 },
    { name: 'is nobody once the caller has gone, though the kernel writes 0', peerPort: 50_001, uid: undefined },
    { name: 'is found behind an IPv6 socket', peerPort: 50_002, uid: 1002 },
    { name: 'is nobody for a port without a connection', peerPort: 50_003, uid: undefined },
  ];
  for (const { name, peerPort, uid } of rows)
    test(name, () => expect(ownerIn(table, { peerAddress: '127.0.0.1', peerPort, port: 8080 })).toBe(uid));

  test('is read from the kernel', async () => {
    const uids: unknown[] = [];
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: (request, self) => {
        const { address = '', port = 0 } = self.requestIP(request) ?? {};
        uids.push(peerUid({ peerAddress: address, peerPort: port, port: self.port ?? 0 }));
        return new Response();
      },
    });
    await fetch(`http://127.0.0.1:${server.port}/`);
    await server.stop(true);
    expect(uids).toEqual([process.getuid?.()]);
  });
});
