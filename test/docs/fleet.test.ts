import { describe, expect, test } from 'bun:test';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/commands/fleet.ts';
import { callCommand } from '../commands/call.ts';

const DOCS = join(import.meta.dir, '../../docs');
const PAGE = join(DOCS, 'fleet.md');
const SHOWN = /^```\n\$ vpc-cni fleet ((?:.*\\\n)*.*)\n([\s\S]*?)^```/gm;

/** Each command of the page with what stands below it. */
const shown = [...readFileSync(PAGE, 'utf8').matchAll(SHOWN)].map(([, words = '', output = '']) => ({
  words: words.replaceAll(/\\\n\s*/g, ''),
  output,
}));

const argvOf = (words: string): readonly string[] =>
  [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');

/** Runs a command of the page; the picture it draws goes elsewhere first. */
async function outputOf(words: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
  try {
    const name = /--svg docs\/(\S+)/.exec(words)?.[1];
    const drawn = join(folder, 'fleet.svg');
    const argv = argvOf(words).map((word) => (word === `docs/${name}` ? drawn : word));
    const { stdout } = await callCommand(run, { argv });
    if (name === undefined) return stdout;
    // A change of the decisions moves every figure: UPDATE_GOLDEN=1 writes the page anew, to be looked at.
    if (process.env['UPDATE_GOLDEN'] === '1') copyFileSync(drawn, join(DOCS, name));
    expect(readFileSync(join(DOCS, name), 'utf8')).toBe(readFileSync(drawn, 'utf8'));
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('docs/fleet.md', () => {
  test('shows plans, simulations and a picture', () => {
    expect(shown.length).toBeGreaterThanOrEqual(5);
    expect(shown.filter(({ words }) => words.includes('--svg'))).toHaveLength(1);
  });

  for (const { words, output } of shown)
    test(`fleet ${words}`, async () => {
      const stdout = await outputOf(words);
      if (process.env['UPDATE_GOLDEN'] === '1')
        writeFileSync(
          PAGE,
          readFileSync(PAGE, 'utf8').replace(output, () => stdout),
        );
      else expect(stdout).toBe(output);
    });
});
