import { expect, test } from 'bun:test';
import { runAny } from '../support/e2e.ts';
import { deviations } from './run-blocks.ts';

const shell = (script: string) => runAny(['bash', '-u'], { input: script });
const rows = [
  { name: 'what it says', text: 'A=one\necho "$A two"\n# → one two\necho $A\n# → one', found: [] },
  { name: 'another output', text: 'echo one\n# → two', found: [['echo one', ['two'], 0]] },
  { name: 'a failure it tells', text: 'ls /nowhere\n# → No such file', found: [] },
  { name: 'a failure it does not tell', text: 'true\nfalse', found: [['true\nfalse', [], 1]] },
  { name: 'an output too late', text: 'true\n# → later\necho later', found: [['true', ['later'], 0]] },
] as const;

for (const { name, text, found } of rows)
  test(`a page is held to its blocks: ${name}`, async () => {
    const all = await deviations([{ info: 'sh', heading: '', text }], { shell, before: '' });
    expect(all.map(({ commands, missing, exitCode }) => [commands, missing, exitCode])).toEqual(
      found.map(([commands, missing, code]) => [commands, [...missing], code]),
    );
  });
