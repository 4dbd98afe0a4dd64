import { expect } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURES = join(import.meta.dir, '../../fixtures/golden');

/** Compares with the file of that name; `UPDATE_GOLDEN=1` writes it. */
export function expectGolden(name: string, found: string): void {
  const path = join(FIXTURES, `${name}.txt`);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, found);
  expect(existsSync(path)).toBe(true);
  expect(found).toBe(readFileSync(path, 'utf8'));
}
