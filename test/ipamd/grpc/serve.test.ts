import { expect, test } from 'bun:test';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { GrpcBackend, type GrpcDaemon } from '../../../src/ipamd/grpc/backend.ts';
import { serveGrpc } from '../../../src/ipamd/grpc/serve.ts';
import { systemClock, withTemporaryDirectory } from '../../../src/sys/index.ts';
import { until } from '../../support/e2e.ts';
import { addRequest, delRequest, GrpcClient } from '../../support/grpc.ts';
import { poolDaemon } from './sample.ts';

const ADD = '/rpc.CNIBackend/AddNetwork';
const DEL = '/rpc.CNIBackend/DelNetwork';
const CHECK = '/grpc.health.v1.Health/Check';

/** Serves a daemon on a socket of its own, and ends it. */
async function served(
  daemon: GrpcDaemon,
  body: (client: GrpcClient, path: string) => Promise<void>,
  prepare: (path: string) => void = () => undefined,
): Promise<void> {
  await withTemporaryDirectory(async (root) => {
    const path = `${root}/aws-node/ipamd.sock`;
    prepare(path);
    const stop = new AbortController();
    await serveGrpc(path, new GrpcBackend(daemon), { logger: daemon.logger, clock: systemClock, signal: stop.signal });
    using client = new GrpcClient(path);
    try {
      await body(client, path);
    } finally {
      stop.abort();
    }
  });
}

test('a pod as the plugin serves it: added twice, deleted twice', () =>
  served(poolDaemon().daemon, async (client) => {
    const first = await client.call(ADD, addRequest('web'));
    expect(first).toMatchObject({
      reply: { Success: true, IPAllocationMetadata: [{ IPv4Addr: '10.0.0.1', RouteTableId: 3 }] },
    });
    expect(await client.call(ADD, addRequest('web'))).toEqual(first);
    expect(await client.call(DEL, delRequest('web'))).toMatchObject({
      reply: { Success: true, IPAllocationMetadata: [{ IPv4Addr: '10.0.0.1', DeviceNumber: 2, RouteTableId: 3 }] },
    });
    const code = 2;
    expect(await client.call(DEL, delRequest('web'))).toEqual({
      kind: 'status',
      code,
      text: '1 error occurred:\n\t* datastore: unknown pod\n\n',
    });
  }));

test('another version is refused with FAILED_PRECONDITION', () =>
  served(poolDaemon({ settings: 'VPC_CNI_VERSION=b' }).daemon, async (client) => {
    const answer = await client.call(ADD, addRequest('web', { ClientVersion: 'a' }));
    expect(answer).toEqual({ kind: 'status', code: 9, text: 'wrong client version "a" (!= "b")' });
  }));

test('a probe finds it healthy, as a whole and by its name', () =>
  served(poolDaemon().daemon, async (client) => {
    for (const service of ['', 'grpc.health.v1.aws-node']) {
      expect(await client.call(CHECK, { service })).toEqual({ kind: 'reply', reply: { status: 1 } });
      expect(await client.first('/grpc.health.v1.Health/Watch', { service })).toEqual({ status: 1 });
    }
    expect(await client.call(CHECK, { service: 'else' })).toEqual({ kind: 'status', code: 5, text: 'unknown service' });
  }));

test('the agent gets its configuration', () =>
  served(poolDaemon({ settings: 'NETWORK_POLICY_ENFORCING_MODE=standard' }).daemon, async (client) => {
    const answer = await client.call('/rpc.ConfigServerBackend/GetNetworkPolicyConfigs', {});
    expect(answer).toMatchObject({
      reply: { NetworkPolicyMode: 'standard', NodeIPv4: '10.0.0.9', Region: 'eu-central-1' },
    });
  }));

test('a client that goes away ends the wait, and keeps no address', async () => {
  const { daemon, pool } = poolDaemon();
  const waiting = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const slow: GrpcDaemon = {
    ...daemon,
    // Growth that ends only after the client has gone, as EC2 can have it.
    allocate: async (owner, options) => {
      await new Promise<void>((resolve) => {
        options.gone.addEventListener('abort', () => resolve());
        waiting.resolve();
      });
      await daemon.allocate(owner, options);
    },
    count: () => ended.resolve(),
  };
  await served(slow, async (client) => {
    let cancel = (): void => undefined;
    const call = client.call(ADD, addRequest('web'), (how) => {
      cancel = how;
    });
    await waiting.promise;
    cancel();
    expect(await call).toMatchObject({ kind: 'status', code: 1 });
    await ended.promise;
    expect(pool.allocations()).toEqual([]);
  });
});

test('bytes that are no message are an error, and the server goes on', () =>
  served(poolDaemon().daemon, async (client) => {
    // A text of its first field that is longer than what follows.
    const answer = await client.raw(ADD, Buffer.from('0aff01', 'hex'));
    expect(answer).toMatchObject({ kind: 'status', code: 13 });
    expect(await client.call(ADD, addRequest('web'))).toMatchObject({ reply: { Success: true } });
  }));

test('socket and folder have the rights upstream gives them, whatever the umask', async () => {
  const before = process.umask(0o077);
  try {
    await served(poolDaemon().daemon, async (_client, path) => {
      expect(statSync(path).mode & 0o777).toBe(0o660);
      expect(statSync(dirname(path)).mode & 0o777).toBe(0o755);
    });
  } finally {
    process.umask(before);
  }
});

test('what a dead daemon left there is replaced', () =>
  served(
    poolDaemon().daemon,
    async (client) => expect(await client.call(CHECK, {})).toMatchObject({ kind: 'reply' }),
    (path) => {
      mkdirSync(dirname(path));
      // Killed while it listens: the socket stays in the file system.
      const dies =
        'socket(S, AF_UNIX, SOCK_STREAM, 0) or die; bind(S, sockaddr_un($ARGV[0])) or die; listen(S, 1) or die; kill 9, $$';
      Bun.spawnSync(['perl', '-MSocket', '-e', dies, path]);
      expect(statSync(path).isSocket()).toBe(true);
    },
  ));

test('a socket that somebody serves is left alone until he is gone', () =>
  withTemporaryDirectory(async (root) => {
    const path = `${root}/ipamd.sock`;
    const other = Bun.serve({ unix: path, fetch: () => new Response('other') });
    const stop = new AbortController();
    const { daemon } = poolDaemon();
    const logger = { ...daemon.logger, warn: () => undefined };
    let asked = 0;
    const clock = {
      sleep: async () => {
        const answer = await fetch('http://localhost/', { unix: path });
        expect(await answer.text()).toBe('other');
        asked += 1;
        if (asked === 2) await other.stop(true);
      },
    };
    const serving = serveGrpc(path, new GrpcBackend(daemon), { logger, clock, signal: stop.signal });
    await serving;
    using client = new GrpcClient(path);
    expect(await client.call(CHECK, {})).toMatchObject({ kind: 'reply' });
    stop.abort();
    await until('the socket to be closed', async () =>
      (await client.call(CHECK, {})).kind === 'status' ? true : undefined,
    );
  }));
