import { expect, test } from 'bun:test';
import { createNetns, netnsPath, ownNetns, removeNetns } from '../../src/sim/fabric/index.ts';
import { vpcNames } from '../../src/sim/index.ts';
import { createMachine, createStateDir, hasRemains, removeRemains } from '../../src/sim/node/index.ts';
import { systemExec } from '../../src/sys/index.ts';
import { machineState } from '../support/machine-state.ts';
import { freshVpcName } from '../support/sim-world.ts';

/** A namespace as anybody makes one, with a process in it; both are gone when it goes out of scope. */
async function foreignNetns(name: string): Promise<AsyncDisposable & { readonly alive: () => boolean }> {
  await systemExec.run({ argv: ['ip', 'netns', 'add', name] });
  const child = Bun.spawn(['ip', 'netns', 'exec', name, 'sleep', '1000']);
  return {
    alive: () => child.exitCode === null && child.signalCode === null,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await child.exited;
      await systemExec.run({ argv: ['ip', 'netns', 'delete', name] });
    },
  };
}

test('a namespace of somebody else is neither taken over nor removed, whatever it is called', async () => {
  const names = vpcNames(freshVpcName());
  const before = await machineState();
  {
    await using foreign = await foreignNetns(`${names.vpc}-node-a`);
    await createStateDir(systemExec, names);
    await expect(createMachine(systemExec, names, 'node-a')).rejects.toMatchObject({ code: 'SIM_NETNS_TAKEN' });
    await createNetns(systemExec, names.routerNetns);
    expect(ownNetns(names)).toEqual([names.routerNetns]);
    await removeNetns(systemExec, `${names.vpc}-node-a`);
    await removeRemains(systemExec, names);
    const { stdout } = await systemExec.run({ argv: ['ip', 'netns', 'exec', `${names.vpc}-node-a`, 'echo', 'there'] });
    expect([stdout, foreign.alive(), hasRemains(names)]).toEqual(['there\n', true, false]);
  }
  expect(await machineState()).toBe(before);
});

test('what an interrupted creation left is removed: a name without a namespace, a state directory without a mount', async () => {
  const names = vpcNames(freshVpcName());
  const before = await machineState();
  await systemExec.run({ argv: ['mkdir', '-p', '-m', '0700', `${names.stateDir}/netns`] });
  await systemExec.run({ argv: ['touch', `${names.stateDir}/netns/router`] });
  await systemExec.run({ argv: ['ln', '-s', `${names.stateDir}/netns/router`, netnsPath(names.routerNetns)] });
  expect(hasRemains(names)).toBe(true);
  await removeRemains(systemExec, names);
  expect([hasRemains(names), await machineState()]).toEqual([false, before]);
});
