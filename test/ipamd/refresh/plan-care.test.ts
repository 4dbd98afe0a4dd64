import { describe, expect, test } from 'bun:test';
import { afterStep, planCare, type SeenEni, type WantedCare } from '../../../src/ipamd/refresh/plan-care.ts';

const WANTED: WantedCare = { tags: { cluster: 'c' }, ownTags: { instance: 'i-1' }, securityGroups: ['sg-1', 'sg-2'] };
const made: SeenEni = {
  id: 'eni-1',
  primary: false,
  tags: { cluster: 'c', instance: 'i-1', other: 'x' },
  securityGroups: ['sg-2', 'sg-1'],
  attachmentId: 'attach-1',
  deleteOnTermination: true,
};

describe('planCare()', () => {
  const rows: readonly (readonly [string, Partial<SeenEni>, Partial<WantedCare>, string])[] = [
    ['nothing for one that is as it should be', {}, {}, ''],
    ['missing and wrong tags in one request', { tags: { cluster: 'other' } }, {}, 'tag cluster=c,instance=i-1'],
    ['the primary ENI gets no tag of the instance', { primary: true, tags: {} }, {}, 'tag cluster=c'],
    ['a primary ENI of a node without names costs nothing', { primary: true, tags: {} }, { tags: {} }, ''],
    ['other groups', { securityGroups: ['sg-1'] }, {}, 'groups sg-1,sg-2'],
    ['the groups of the primary ENI are the model', { primary: true, securityGroups: ['sg-9'] }, {}, ''],
    ['custom networking has groups of its own', { securityGroups: ['sg-9'] }, { securityGroups: undefined }, ''],
    ['one of ours must end with the instance', { deleteOnTermination: false }, {}, 'delete-on-termination attach-1'],
    [
      'one that somebody else made stays what it is',
      { deleteOnTermination: false, tags: { cluster: 'c' } },
      {},
      'tag instance=i-1',
    ],
  ];
  for (const [name, eni, wanted, steps] of rows)
    test(name, () => {
      const plan = planCare({ ...WANTED, ...wanted }, [{ ...made, ...eni }]);
      const shown = plan.map((step) => {
        switch (step.kind) {
          case 'tag':
            return `tag ${Object.entries(step.tags)
              .map(([key, value]) => `${key}=${value}`)
              .join(',')}`;
          case 'groups':
            return `groups ${step.securityGroups.join(',')}`;
          default:
            return `${step.kind} ${step.attachmentId}`;
        }
      });
      expect(shown.join('; ')).toBe(steps);
    });

  test('the second plan is empty, but for what came to light by the first', () => {
    const bare: SeenEni = { ...made, tags: {}, securityGroups: [], deleteOnTermination: false };
    let eni = bare;
    for (let pass = 0; pass < 2; pass += 1) eni = planCare(WANTED, [eni]).reduce(afterStep, eni);
    expect(planCare(WANTED, [eni])).toEqual([]);
  });
});
