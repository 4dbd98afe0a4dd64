import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableAfter } from './tables.ts';

const read = (path: string): string => readFileSync(join(import.meta.dir, '../..', path), 'utf8');
const PAGE = read('docs/host.md');

/** The paths between backquotes of the first cells; a name alone is in the folder of the path before it. */
function pathsIn(rows: readonly (readonly string[])[]): readonly string[] {
  return rows.flatMap(([cell = '']) => {
    let folder = '';
    return [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, name = '']) => {
      if (name.startsWith('/')) folder = name.slice(0, name.lastIndexOf('/'));
      return name.startsWith('/') || folder !== '' ? [name.startsWith('/') ? name : `${folder}/${name}`] : [];
    });
  });
}

test('docs/host.md names every file and link that an installation leaves', () => {
  const named = [...tableAfter(PAGE, 'What is on a host'), ...tableAfter(PAGE, 'Files for network programs')];
  const patterns = pathsIn(named).map((path) => path.replace('VERSION', '[^/]+').replace(/\/$/, '(?:/.*)?'));
  const all = new RegExp(`^(?:${patterns.join('|')})$`);
  const left = read('test/e2e/cases/uninstall/expected/tree.txt')
    .split('\n')
    .flatMap((line) => (/ directory /.test(line) || !line.startsWith('+') ? [] : [line.split(' ')[1] ?? '']));
  expect(left.length).toBeGreaterThan(20);
  expect(left.filter((path) => !all.test(path))).toEqual([]);
});
