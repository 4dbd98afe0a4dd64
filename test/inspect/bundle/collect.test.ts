import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOUNDS, type Bounds, bundleName, collect, packBundle, type Source } from '../../../src/inspect/index.ts';
import { createFiles, systemClock, systemExec } from '../../../src/sys/index.ts';

let folder = '';
const hanging = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Promise<Response>(() => undefined) });
const broken = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('no', { status: 500 }) });
const endless = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: () =>
    new Response(
      new ReadableStream({
        type: 'direct',
        pull: async (sink) => {
          for (;;) {
            sink.write('x'.repeat(65_536));
            await sink.flush();
            await Bun.sleep(1);
          }
        },
      }),
    ),
});
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  Bun.spawnSync(['mkfifo', join(folder, 'pipe')]);
});
afterAll(async () => {
  await Promise.all([hanging.stop(true), broken.stop(true), endless.stop(true)]);
  rmSync(folder, { recursive: true });
});

async function from(sources: readonly Source[], bounds: Partial<Bounds> = {}) {
  const host = { files: createFiles('/'), exec: systemExec, clock: systemClock, socket: join(folder, 'cni.sock') };
  const { entries, missing } = await collect(host, [{ folder: 'x', sources }], { ...BOUNDS, ...bounds });
  return {
    entries: entries.map(({ name, text, truncated }) => ({ name, text, truncated })),
    missing: missing.map(({ reason }) => reason.replaceAll(folder, 'FOLDER')),
  };
}

const command = (...argv: readonly [string, ...string[]]): Source => ({ kind: 'command', argv, as: 'said' });

describe('collect()', () => {
  test('takes what a program says, also one that fails', async () => {
    expect(await from([command('sh', '-c', 'echo fine; echo wrong >&2; exit 3')])).toEqual({
      entries: [{ name: 'x/said', text: 'fine\n\n[exit code 3\nwrong]\n', truncated: false }],
      missing: [],
    });
  });

  const absences: readonly (readonly [string, () => Source, RegExp])[] = [
    [
      'a program that is not installed',
      () => command('no-such-program'),
      /^the program no-such-program is not installed$/,
    ],
    ['a program that only fails', () => command('sh', '-c', 'echo no bus >&2; exit 1'), /exit code 1\nno bus$/],
    ['a program that hangs', () => command('sleep', '60'), /^sleep 60 did not end in time$/],
    [
      'a file that is not there',
      () => ({ kind: 'file', path: join(folder, 'none') }),
      /no such file or directory \(ENOENT\)$/,
    ],
    [
      'a pipe',
      () => ({ kind: 'file', path: join(folder, 'pipe') }),
      /^FOLDER\/pipe is something else, not a regular file/,
    ],
    ['a daemon that is dead', () => ({ kind: 'socket', path: '/status' }), /^ipamd does not answer on .*: ENOENT$/],
    [
      'a port nobody listens on',
      () => ({ kind: 'http', port: 9, path: '/metrics' }),
      /127.0.0.1:9\/metrics: ECONNREFUSED$/,
    ],
    ['a daemon that hangs', () => ({ kind: 'http', port: hanging.port ?? 0, path: '/' }), /: TimeoutError$/],
    ['a daemon that fails', () => ({ kind: 'http', port: broken.port ?? 0, path: '/' }), /HTTP 500$/],
  ];
  for (const [name, source, reason] of absences)
    test(`says why there is nothing of ${name}`, async () => {
      expect(await from([source()], { commandMs: 200 })).toEqual({
        entries: [],
        missing: [expect.stringMatching(reason)],
      });
    });

  test('takes the beginning of an answer without end', async () => {
    const source: Source = { kind: 'http', port: endless.port ?? 0, path: '/metrics' };
    const { entries, missing } = await from([source], { entryBytes: 100_000 });
    expect([entries.map(({ text, truncated }) => [text.length, truncated]), missing]).toEqual([[[100_000, true]], []]);
  });

  test('takes the end of a large file, from a whole line on, and the beginning of a long output', async () => {
    const path = join(folder, 'large.log');
    writeFileSync(path, Array.from({ length: 1000 }, (_, line) => `TOKEN=line-${line}\n`).join(''));
    const { entries } = await from([{ kind: 'file', path }, command('seq', '100000')], { entryBytes: 100 });
    const [file, output] = entries;
    expect([file?.truncated, file?.text.startsWith('TOKEN=(hidden)\n'), file?.text.includes('line')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([output?.truncated, output?.text.startsWith('1\n2\n'), (output?.text.length ?? 999) <= 100]).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('reads files of the kernel, which say that they are empty', async () => {
    const { entries } = await from([{ kind: 'file', path: '/proc/self/status' }]);
    expect(entries[0]?.text).toContain('Pid:');
  });

  test('takes the files of a directory that match, no more than so many', async () => {
    const path = join(folder, 'many');
    mkdirSync(join(path, 'inner.env'), { recursive: true });
    for (const name of ['b.env', 'a.env', 'c.env', 'd.txt'])
      writeFileSync(join(path, name), `X_${name[0]?.toUpperCase()}=1\n`);
    const source: Source = { kind: 'directory', path, names: /\.env$/, text: 'settings' };
    const { entries } = await from([source], { files: 2 });
    expect(entries.map(({ name, text }) => `${name.split('_').at(-1)} ${text}`)).toEqual([
      'a.env X_A="(hidden)"\n',
      'b.env X_B="(hidden)"\n',
    ]);
  });

  test('ends with what it has when its time or its room is over', async () => {
    const late = await from([command('echo', '1'), command('sleep', '60'), command('echo', '3')], { allMs: 300 });
    expect([late.entries.length, late.missing]).toEqual([2, ['not within 300 ms of the whole']]);
    const full = await from([command('echo', '12345'), command('echo', '67890')], { allBytes: 8 });
    expect([full.entries.length, full.missing]).toEqual([1, ['the bundle already holds 8 bytes']]);
  });

  test.skipIf(process.getuid?.() !== 0)('says that a file needs root to one who is not', async () => {
    const path = join(folder, 'private');
    writeFileSync(path, 'x');
    chmodSync(path, 0o600);
    process.seteuid?.(65_534);
    try {
      expect((await from([{ kind: 'file', path }])).missing).toEqual([expect.stringContaining('FOLDER/private')]);
    } finally {
      process.seteuid?.(0);
    }
  });
});

describe('packBundle()', () => {
  const manifest = {
    format: 'vpc-cni-support/1',
    version: '1.2.3',
    build: 'abc',
    instance: 'i-0123456789abcdef0',
    uid: 0,
    createdAt: '2026-11-30T01:02:03.456Z',
  } as const;
  const entry = (name: string, text: string) => ({ name, from: name, text, truncated: false, ms: 1 });

  test('is what the real tar unpacks, with a list of itself', () => {
    const long = `network/${'x'.repeat(92)}`;
    const missing = [{ name: 'daemon/metrics', from: 'http://…', reason: 'nobody answers' }];
    const entries = [entry(long, 'ü'), entry('system/empty', ''), entry('state/block', 'y'.repeat(512))];
    const file = join(folder, 'bundle.tar.gz');
    writeFileSync(file, packBundle(manifest, { entries, missing }));
    const top = 'vpc-cni-support-i-0123456789abcdef0-20261130T010203Z';
    expect(bundleName(manifest.instance, manifest.createdAt)).toBe(top);
    const listed = Bun.spawnSync(['tar', '--utc', '-tvzf', file], { stderr: 'pipe' });
    expect([listed.exitCode, listed.stderr.toString()]).toEqual([0, '']);
    expect(
      listed.stdout
        .toString()
        .trim()
        .split('\n')
        .map((line) => line.replace(/\s+/g, ' ')),
    ).toEqual([
      expect.stringMatching(new RegExp(`^-rw------- root/root \\d+ 2026-11-30 01:02 ${top}/MANIFEST.json$`)),
      `-rw------- root/root 2 2026-11-30 01:02 ${top}/${long}`,
      `-rw------- root/root 0 2026-11-30 01:02 ${top}/system/empty`,
      `-rw------- root/root 512 2026-11-30 01:02 ${top}/state/block`,
    ]);
    const read = (name: string): string => Bun.spawnSync(['tar', '-xzOf', file, `${top}/${name}`]).stdout.toString();
    expect([read(long), read('state/block')]).toEqual(['ü', 'y'.repeat(512)]);
    expect(JSON.parse(read('MANIFEST.json'))).toMatchObject({
      ...manifest,
      files: [{ name: long, bytes: 2 }, { name: 'system/empty' }, { name: 'state/block', bytes: 512 }],
      missing,
    });
  });
});
