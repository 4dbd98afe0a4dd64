import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { createFiles, type Files } from '../../src/sys/index.ts';

let root: string;
let files: Files;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'files-'));
  files = createFiles(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const failure = (work: () => void): string => {
  try {
    work();
    return 'no failure';
  } catch (error) {
    return error instanceof HostError ? `${error.code}: ${error.message.replaceAll(root, '')}` : String(error);
  }
};

describe('replace()', () => {
  test('writes text and mode, and leaves no temporary name', () => {
    files.ensureDirectory('/etc/cni', 0o755);
    files.replace({ path: '/etc/cni/a', text: 'one', mode: 0o600 });
    files.replace({ path: '/etc/cni/a', text: 'two', mode: 0o640 });
    expect(readdirSync(join(root, 'etc/cni'))).toEqual(['a']);
    expect(files.read('/etc/cni/a')).toBe('two');
    expect(files.fact('/etc/cni/a')).toMatchObject({ kind: 'file', mode: 0o640, size: 3 });
  });

  test('refuses a directory and a link, and replaces a link when told', () => {
    mkdirSync(join(root, 'd'));
    symlinkSync('/elsewhere', join(root, 'l'));
    expect(failure(() => files.replace({ path: '/d', text: '', mode: 0o644 }))).toBe(
      'FILE_NOT_REGULAR: /d is a directory, not a regular file, and will not be replaced',
    );
    expect(failure(() => files.replace({ path: '/l', text: '', mode: 0o644 }))).toBe(
      'FILE_NOT_REGULAR: /l is a symbolic link, not a regular file, and will not be replaced',
    );
    files.replace({ path: '/l', text: 'x', mode: 0o644, over: 'link' });
    expect(files.read('/l')).toBe('x');
  });

  test('names action, path and reason when the directory is missing', () => {
    expect(failure(() => files.replace({ path: '/no/a', text: '', mode: 0o644 }))).toBe(
      'FILE_FAILED: could not write /no/a: no such file or directory (ENOENT)',
    );
  });
});

describe('paths', () => {
  const rows = [
    { name: 'an absolute link stays below the root', link: '/real', path: '/l/f' },
    { name: 'a relative link stays below the root', link: 'real', path: '/l/f' },
    { name: 'dots beyond the root end at the root', link: '../../../../real', path: '/l/f' },
    { name: 'dots in the path itself', link: '/real', path: '/../l/../l/f' },
  ];
  for (const row of rows) {
    test(row.name, () => {
      mkdirSync(join(root, 'real'));
      symlinkSync(row.link, join(root, 'l'));
      files.replace({ path: row.path, text: row.name, mode: 0o644 });
      expect(readFileSync(join(root, 'real/f'), 'utf8')).toBe(row.name);
    });
  }

  test('a loop of links is a failure, not a hang', () => {
    symlinkSync('/b', join(root, 'a'));
    symlinkSync('/a', join(root, 'b'));
    expect(failure(() => files.read('/a'))).toBe('FILE_FAILED: could not follow /a: too many symbolic links');
  });
});

describe('link(), copy(), remove()', () => {
  test('a link is replaced in one step; a file only when told', () => {
    files.link({ path: '/current', target: '1' });
    files.link({ path: '/current', target: '2' });
    expect(files.fact('/current')).toEqual({ kind: 'link', target: '2' });
    writeFileSync(join(root, 'f'), 'theirs');
    expect(failure(() => files.link({ path: '/f', target: '2' }))).toBe(
      'FILE_FAILED: could not link /f: a regular file stands there',
    );
    files.link({ path: '/f', target: '2', over: 'file' });
    expect(files.fact('/f')).toEqual({ kind: 'link', target: '2' });
  });

  test('a copy has the content and the mode asked for, also over a running program', () => {
    const source = join(root, 'source');
    writeFileSync(source, 'x'.repeat(3_000_000));
    chmodSync(source, 0o600);
    files.copy({ from: source, path: '/copy', mode: 0o755 });
    expect(files.fact('/copy')).toMatchObject({ kind: 'file', mode: 0o755, size: 3_000_000 });
    expect(files.sha256('/copy')).toBe(files.sha256('/source'));
    files.copy({ from: '/bin/true', path: '/program', mode: 0o755 });
    execFileSync(join(root, 'program'));
    files.copy({ from: '/bin/false', path: '/program', mode: 0o755 });
    expect(() => execFileSync(join(root, 'program'), { stdio: 'ignore' })).toThrow();
  });

  test('removing twice is fine, and a directory in use stays', () => {
    files.ensureDirectory('/a/b', 0o755);
    files.remove('/a');
    files.remove('/a/b');
    files.remove('/a/b');
    files.remove('/a');
    expect(files.list('/')).toEqual([]);
  });
});
