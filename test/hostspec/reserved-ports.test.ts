import { expect, test } from 'bun:test';
import { portsWithoutOurs, withPorts } from '../../src/hostspec/index.ts';

const OURS = [61678, 61679];
const rows = [
  { name: 'nothing reserved', before: '', list: '61678-61679' },
  {
    name: 'another program has reserved some',
    before: '2703,9808-9809,10249',
    list: '2703,9808-9809,10249,61678-61679',
  },
  { name: 'ours are there already', before: '61678-61679', list: '61678-61679' },
  { name: 'one of ours is there, beside a neighbour', before: '61677-61678', list: '61677-61679' },
  { name: 'in the middle of a range of theirs', before: '60000-62000', list: '60000-62000' },
] as const;
for (const { name, before, list } of rows)
  test(`withPorts() ${name}; a second time changes nothing, and without ours it is as before`, () => {
    expect(withPorts(before, OURS)).toBe(list);
    expect(withPorts(list, OURS)).toBe(list);
    expect(portsWithoutOurs({ now: list, before })).toBe(before);
  });

test('what others have added since stays when ours go', () => {
  expect(portsWithoutOurs({ now: '2703,8162-8163,61678-61679', before: '2703' })).toBe('2703,8162-8163');
});
