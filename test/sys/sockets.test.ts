import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acceptsConnections, listListeners, listProcesses, socketHolders } from '../../src/sys/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sockets-'));
const path = join(folder, 'x.sock');
let servers: readonly Server[] = [];
let port = 0;

const listening = (...where: [string] | [number, string]): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((socket) => socket.end());
    server.listen(...(where as [number, string]), () => resolve(server));
  });

beforeAll(async () => {
  const tcp = await listening(0, '127.0.0.1');
  const address = tcp.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  servers = [tcp, await listening(port, '127.0.0.2'), await listening(path)];
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

test('listeners are found with where they listen and who holds them', () => {
  const found = listListeners().filter((each) => (each.kind === 'tcp' ? each.port === port : each.path === path));
  const holders = socketHolders(found.map(({ inode }) => inode));
  const told = found.map((each) => ({
    what: each.kind === 'tcp' ? each.on : 'unix',
    pids: holders.get(each.inode)?.map(({ pid }) => pid),
  }));
  const pids = [process.pid];
  expect(told.toSorted((a, b) => (a.what < b.what ? -1 : 1))).toEqual([
    { what: 'loopback', pids },
    { what: 'other', pids },
    { what: 'unix', pids },
  ]);
});

test('a socket that nobody serves any more takes no connection, nor does a file or nothing', async () => {
  const left = join(folder, 'left.sock');
  // A process that is killed leaves its socket behind.
  const child = Bun.spawn(
    [process.execPath, '-e', `require('net').createServer().listen('${left}', () => console.log('up'))`],
    {
      stdout: 'pipe',
    },
  );
  await child.stdout.getReader().read();
  expect(await acceptsConnections(left, 1_000)).toBe(true);
  child.kill('SIGKILL');
  await child.exited;
  await Bun.write(join(folder, 'file'), '');
  const answers = [left, join(folder, 'file'), join(folder, 'nothing')].map((each) => acceptsConnections(each, 1_000));
  expect(await Promise.all(answers)).toEqual([false, false, false]);
});

test('processes of our network namespace are listed with their names and programs', () => {
  const self = listProcesses().find(({ pid }) => pid === process.pid);
  expect(self?.executable).toBe(process.execPath);
  expect(self?.name).not.toBe('');
});
