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
