import { expect, test } from 'bun:test';
import { createNodeNames } from '../../../src/sim/daemon/node-names.ts';
import { vpcNames } from '../../../src/sim/fabric/index.ts';
import type { SimInstance } from '../../../src/sim/model/index.ts';
import { smallVpc, subnetId } from '../model/support.ts';

function world() {
  const vpc = smallVpc();
  const names = createNodeNames(vpcNames('v'), vpc);
  const run = (name: string): SimInstance => {
    const instance = vpc.runInstance({ name, instanceType: 't3.small', subnetId: subnetId(vpc) });
    names.of(instance);
    return instance;
  };
  return { vpc, names, run };
}

const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return 'none';
  } catch (error) {
    return Object(error).code;
  }
};

test("an instance is called by its name where that can be a node's and nobody has it, else by its id", () => {
  const { names, run, vpc } = world();
  const [first, second, odd] = [run('web'), run('web'), run('Not A Name')];
  expect([first, second, odd].map(names.of)).toEqual(['web', second.id, odd.id]);
  // A name that is free again renames nobody.
  vpc.terminateInstance(first.id);
  expect([names.of(second), names.of(run('web'))]).toEqual([second.id, 'web']);
});

test('a name leads to who lives, else to the last who did; an id leads to its instance', () => {
  const { names, run, vpc } = world();
  const first = run('web');
  vpc.terminateInstance(first.id);
  const second = run('web');
  expect([names.need('web').id, names.need(first.id).id]).toEqual([second.id, first.id]);
  vpc.terminateInstance(second.id);
  expect(names.need('web').id).toBe(second.id);
  vpc.forgetInstance(second.id);
  names.forget(second.id);
  expect([names.need('web').id, names.find('nobody')]).toEqual([first.id, undefined]);
  expect(codeOf(() => names.need('nobody'))).toBe('SIM_NODE_MISSING');
});

test('a name may be claimed unless somebody who lives has it, or it is none', () => {
  const { names, run, vpc } = world();
  const { id } = run('web');
  const claims = (): readonly unknown[] => ['web', 'other', 'router'].map((name) => codeOf(() => names.claim(name)));
  const before = claims();
  vpc.terminateInstance(id);
  expect([before, claims()]).toEqual([
    ['SIM_NODE_EXISTS', 'none', 'USAGE'],
    ['none', 'none', 'USAGE'],
  ]);
});

test('names of instances the model has forgotten are forgotten', () => {
  const { names, run, vpc } = world();
  const first = run('web');
  const end = ({ id }: SimInstance): void => {
    vpc.terminateInstance(id);
    vpc.forgetInstance(id);
  };
  end(first);
  for (let count = 0; count < 1000; count += 1) end(run(`n${count}`));
  // Asked again it would still be `web`, were it remembered: somebody else is now.
  run('web');
  expect(names.of(first)).toBe(first.id);
});
