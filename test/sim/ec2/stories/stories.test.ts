import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EC2_ACTIONS } from '../../../../src/sim/ec2/index.ts';
import { STORIES } from './index.ts';
import { elementPaths, pathDifferences } from './parse-answer.ts';
import { answerElements, modelElements } from './parse-service-model.ts';
import { storyStage } from './stage.ts';

const FIXTURES = join(import.meta.dir, '../../../fixtures/ec2');

/** EC2's documented example of an answer, where there is one. */
function exampleOf(action: string): string | undefined {
  const path = join(FIXTURES, `${action}.xml`);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

for (const story of STORIES) {
  test(`the SDK tells the story of ${story.name}: answers have the elements of EC2's examples and service model`, async () => {
    await using stage = storyStage();
    for (const step of story.steps) {
      await stage.send(step.action, step.input(stage));
      const ours = elementPaths(stage.last().answer);
      const known = answerElements(step.action);
      expect({ [step.action]: [...ours].filter((path) => !known.has(path)) }).toEqual({ [step.action]: [] });
      const example = exampleOf(step.action);
      // Without an example the service model stands in: whatever it has and we have not needs a reason as well.
      const found =
        example === undefined
          ? pathDifferences(new Set([...ours, 'nextToken']), modelElements(step.action)).filter((one) =>
              one.startsWith('-'),
            )
          : pathDifferences(ours, elementPaths(example));
      const expected = Object.values(step.differences ?? {}).flat();
      expect({ [step.action]: found }).toEqual({ [step.action]: expected.sort() });
      await stage.clock.advance(step.passing ?? 0);
    }
  });
}

test('every action is part of a story', () => {
  const told = new Set(STORIES.flatMap(({ steps }) => steps.map(({ action }) => action)));
  expect([...told].sort()).toEqual([...EC2_ACTIONS].sort());
});
