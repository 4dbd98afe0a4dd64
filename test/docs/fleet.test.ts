import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/commands/fleet.ts';
import { callCommand } from '../commands/call.ts';

const DOCS = join(import.meta.dir, '../../docs');
const page = readFileSync(join(DOCS, 'fleet.md'), 'utf8');

/** Each command of the page with what stands below it. */
const shown = [...page.matchAll(/^```\n\$ vpc-cni fleet ((?:.*\\\n)*.*)\n([\s\S]*?)^```/gm)].map(
  ([, words = '', output = '']) => ({ words: words.replaceAll(/\\\n\s*/g, ''), output }),
);

const argvOf = (words: string): readonly string[] =>
  [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');

describe('docs/fleet.md', () => {
  test('shows plans and simulations', () => expect(shown.length).toBeGreaterThanOrEqual(3));

  for (const { words, output } of shown)
    test(`fleet ${words}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
      try {
        const picture = /--svg docs\/(\S+)/.exec(words)?.[1];
        const drawn = join(folder, 'fleet.svg');
        const { stdout } = await callCommand(run, {
          argv: argvOf(words).map((word) => (word === `docs/${picture}` ? drawn : word)),
        });
        expect(stdout).toBe(output);
        if (picture !== undefined) expect(readFileSync(join(DOCS, picture), 'utf8')).toBe(readFileSync(drawn, 'utf8'));
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
});
