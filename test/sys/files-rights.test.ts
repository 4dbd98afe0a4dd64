import { dlopen, ptr } from 'bun:ffi';
import { afterAll, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFiles } from '../../src/sys/index.ts';

const base = mkdtempSync(join(tmpdir(), 'rights-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
if (!isRoot) process.stderr.write('tests of owners skip: only root may give files away\n');

test('a directory gets the mode it is given whatever the umask is, one that is there keeps its own', () => {
  const files = createFiles(base);
  const umask = process.umask(0o077);
  try {
    files.ensureDirectory('/made', 0o755);
    expect(files.fact('/made')).toMatchObject({ kind: 'directory', mode: 0o755 });
    chmodSync(join(base, 'made'), 0o711);
    files.ensureDirectory('/made', 0o755);
    expect(files.fact('/made')).toMatchObject({ mode: 0o711 });
  } finally {
    process.umask(umask);
  }
});

test.skipIf(!isRoot)('what is written belongs to root, also in a directory that gives files its own group', () => {
  const files = createFiles(base);
  const shared = join(base, 'shared');
  mkdirSync(shared);
  chownSync(shared, 0, 50);
  chmodSync(shared, 0o2775);
  writeFileSync(join(base, 'source'), 'x');
  files.replace({ path: '/shared/text', text: 'x', mode: 0o644 });
  files.copy({ path: '/shared/program', from: join(base, 'source'), mode: 0o755 });
  for (const path of ['/shared/text', '/shared/program'])
    expect(files.fact(path)).toMatchObject({ owner: { uid: 0, gid: 0 } });
});

test.skipIf(!isRoot)('setMode() sets owner and mode, set-user-id bits too', () => {
  const files = createFiles(base);
  files.replace({ path: '/program', text: 'x', mode: 0o644 });
  files.setMode({ path: '/program', mode: 0o4755, owner: { uid: 12, gid: 34 } });
  expect(files.fact('/program')).toMatchObject({ mode: 0o4755, owner: { uid: 12, gid: 34 } });
});

test('keep() and move() bring the very object back over its replacement', () => {
  const files = createFiles(base);
  files.replace({ path: '/old', text: 'before', mode: 0o640 });
  utimesSync(join(base, 'old'), 1000, 2000);
  symlinkSync('nowhere', join(base, 'link'));
  const facts = () => ['/old', '/link'].map((path) => files.fact(path));
  const before = facts();
  for (const path of ['/old', '/link']) files.keep(path, `${path}.kept`);
  files.replace({ path: '/old', text: 'after', mode: 0o600 });
  files.link({ path: '/link', target: 'elsewhere' });
  for (const path of ['/old', '/link']) files.move(`${path}.kept`, path);
  expect(facts()).toEqual(before);
  expect(lstatSync(join(base, 'old.kept'), { throwIfNoEntry: false })).toBeUndefined();
  // And over itself, when nothing was replaced in between.
  files.keep('/old', '/old.kept');
  files.move('/old.kept', '/old');
  expect(facts()).toEqual(before);
  expect(lstatSync(join(base, 'old.kept'), { throwIfNoEntry: false })).toBeUndefined();
});

// Another file system than that of temporary files, as /opt may be one of its own.
const SHM = '/dev/shm';
const isOther = lstatSync(SHM, { throwIfNoEntry: false })?.dev !== lstatSync(tmpdir()).dev && isRoot;
if (!isOther) process.stderr.write('the test of two file systems skips: it needs root, and /dev/shm apart from /tmp\n');

// A capability is an extended attribute of its file; this is the kernel's form of cap_net_raw+ep.
const { symbols: libc } = dlopen('libc.so.6', {
  setxattr: { args: ['ptr', 'ptr', 'ptr', 'u64', 'i32'], returns: 'i32' },
  getxattr: { args: ['ptr', 'ptr', 'ptr', 'u64'], returns: 'i64' },
});
const cString = (text: string) => ptr(Buffer.from(`${text}\0`));
const CAPABILITY = Buffer.from('security.capability\0');
const CAP_NET_RAW = Uint8Array.from(Buffer.from('0100000200200000000000000000000000000000', 'hex'));
function capabilityOf(path: string): Uint8Array {
  const value = new Uint8Array(CAP_NET_RAW.length);
  libc.getxattr(cString(path), ptr(CAPABILITY), ptr(value), value.length);
  return value;
}

const KEEP = `import { createFiles } from ${JSON.stringify(join(import.meta.dir, '../../src/sys/index.ts'))};
createFiles('/').keep(process.argv[2], process.argv[3]);`;

test.skipIf(!isOther)(
  'keep() and move() between file systems keep all rights, and never show half a file',
  async () => {
    const there = mkdtempSync(join(SHM, 'rights-'));
    try {
      const files = createFiles('/');
      const [old, kept] = [join(base, 'foreign'), join(there, 'kept')];
      writeFileSync(old, 'before');
      chownSync(old, 12, 34);
      chmodSync(old, 0o4750);
      utimesSync(old, 1000, 2000);
      libc.setxattr(cString(old), ptr(CAPABILITY), ptr(CAP_NET_RAW), CAP_NET_RAW.length, 0);
      expect(capabilityOf(old)).toEqual(CAP_NET_RAW);
      const { inode: _, ...fact } = { inode: 0, ...files.fact(old) };
      files.keep(old, kept);
      expect(files.fact(kept)).toMatchObject(fact);
      files.replace({ path: old, text: 'after', mode: 0o600 });
      files.move(kept, old);
      expect([files.fact(old), files.read(old), files.fact(kept).kind]).toMatchObject([fact, 'before', 'absent']);
      expect(capabilityOf(old)).toEqual(CAP_NET_RAW);

      // A process killed while it copies leaves nothing half under the name from which the whole would be given back.
      const size = 200_000_000;
      writeFileSync(old, Buffer.alloc(size, 1));
      const copying = Bun.spawn([process.execPath, '-e', KEEP, 'x', old, kept], {
        stdout: 'ignore',
        stderr: 'inherit',
      });
      while (files.list(there).length === 0) await Bun.sleep(1);
      copying.kill('SIGKILL');
      await copying.exited;
      const left = files.fact(kept);
      expect(left.kind === 'file' ? left.size : left.kind).toBe(left.kind === 'file' ? size : 'absent');
    } finally {
      rmSync(there, { recursive: true, force: true });
    }
  },
);
