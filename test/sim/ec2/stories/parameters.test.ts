import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { STORIES } from './index.ts';
import { faultOf } from './parse-answer.ts';
import { requestParameters } from './parse-service-model.ts';
import { type Exchange, type StoryStage, storyStage } from './stage.ts';

const UNSUPPORTED = readFileSync(join(import.meta.dir, '../../../../src/sim/ec2/unsupported.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .flatMap((line) => {
    const [action = '', ...names] = line.split(' ');
    return names.map((name) => ({ action, name }));
  });

const withoutNumbers = (parameter: string): string => parameter.replace(/\.1(?=\.|$)/g, '');

function isUnsupported(action: string, parameter: string): boolean {
  const plain = withoutNumbers(parameter);
  return UNSUPPORTED.some((one) => one.action === action && (plain === one.name || plain.startsWith(`${one.name}.`)));
}

/** Sends a form as it was sent before, with more in it. */
async function resend(stage: StoryStage, { form, headers }: Exchange, more: Readonly<Record<string, string>>) {
  const body = new URLSearchParams(form);
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  const kept = ['authorization', 'content-type', 'x-amz-date'].map((name) => [name, headers.get(name) ?? '']);
  const init = { method: 'POST', headers: Object.fromEntries(kept), body: body.toString() };
  return faultOf(await (await fetch(stage.url, init)).text());
}

for (const story of STORIES) {
  test(`the actions of ${story.name} know every parameter that EC2 has, and refuse every other by its name`, async () => {
    await using stage = storyStage();
    await using mirror = storyStage();
    for (const step of story.steps) {
      await mirror.send(step.action, step.input(mirror));
      const exchange = mirror.last();
      const sent = new URLSearchParams(exchange.form);
      for (const parameter of requestParameters(step.action).filter((name) => !sent.has(name) && name !== 'DryRun')) {
        const known = await resend(stage, exchange, { DryRun: 'true', [parameter]: 'x' });
        const name = { [`${step.action} ${parameter}`]: known.code };
        if (isUnsupported(step.action, parameter)) {
          expect(name).toEqual({ [`${step.action} ${parameter}`]: 'UnsupportedOperation' });
          expect(known.message).toContain(parameter);
        } else {
          expect([name, ['UnknownParameter', 'InternalError'].includes(known.code)]).toEqual([name, false]);
        }
        const misspelt = `${parameter}ed`;
        const refused = await resend(stage, exchange, { DryRun: 'true', [misspelt]: 'x' });
        expect([misspelt, refused.code === 'DryRunOperation']).toEqual([misspelt, false]);
      }
      const stranger = await resend(stage, exchange, { DryRun: 'true', 'Colour.1.Shade': 'x' });
      expect(stranger).toEqual({ code: 'UnknownParameter', message: 'The parameter Colour.1.Shade is not recognized' });
      await stage.send(step.action, step.input(stage));
      for (const one of [stage, mirror]) await one.clock.advance(step.passing ?? 0);
    }
  });
}

test('every parameter that is listed as unsupported is one of EC2', () => {
  const strange = UNSUPPORTED.filter(({ action, name }) => {
    const known = requestParameters(action).map(withoutNumbers);
    return !known.some((one) => one === name || one.startsWith(`${name}.`));
  });
  expect(strange).toEqual([]);
});
