import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages } from '../../scripts/docs.ts';

describe('generated pages', () => {
  for (const [path, text] of Object.entries(pages())) {
    test(`${path} is what "bun scripts/docs.ts" writes`, () => {
      expect(readFileSync(join(import.meta.dir, '../..', path), 'utf8')).toBe(text);
    });
  }
});
