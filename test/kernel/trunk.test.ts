import { expect } from 'bun:test';
import { until } from '../support/e2e.ts';
import { kernelTest, lines } from '../support/netns.ts';
import { onNode, type World } from '../support/outside-world.ts';

const WANTED = { ENABLE_POD_ENI: 'true', POD_SECURITY_GROUP_ENFORCING_MODE: 'standard' };
const ADDRESS = /inet (\S+) scope global noprefixroute eth1/;

/** The controller attaches a trunk as device 1: its link comes a moment later. */
function attachTrunk({ ec2, space }: World): string {
  const { vpc, subnet, instance } = ec2;
  const trunk = vpc.createEni({ subnetId: subnet.id, interfaceType: 'trunk' });
  vpc.completeAttach(vpc.beginAttach({ eniId: trunk.id, instanceId: instance.id, deviceIndex: 1 }).id);
  space.ip(`link add eth1 address ${trunk.mac} type veth peer name up1`);
  return trunk.addresses[0] ?? '';
}

kernelTest('a trunk is found when its link comes, and gets an address and a table, but no rule and no pods', () =>
  onNode(
    async (world) => {
      const { space, engine } = world;
      await world.pass(1_000);
      expect(world.codes()).toEqual(['TRUNK_MISSING']);
      expect(space.ip('addr show')).not.toMatch(ADDRESS);
      const address = attachTrunk(world);
      await until(
        'the trunk',
        async () => {
          await world.pass(1_000);
          return world.codes().length === 0 || undefined;
        },
        { withinMs: 8_000, last: () => world.codes() },
      );
      expect(ADDRESS.exec(space.ip('addr show'))?.[1]).toBe(`${address}/24`);
      expect(lines(space.ip('route show table 2'))).toEqual([
        expect.stringMatching(/^default via 10\.0\.0\.1 dev eth1 proto 90/),
        expect.stringMatching(/^10\.0\.0\.1 dev eth1 proto 90 scope link/),
      ]);
      expect(space.ip('rule')).not.toContain(address);
      expect(engine.pool.foreign.map(({ why }) => why)).toEqual(['trunk']);
      expect([...engine.pool.enis.values()].map(({ device }) => device)).toEqual([0]);
      // What is known is not asked about again.
      const asked = world.asked();
      await world.pass(600_000);
      expect(world.asked()).toBe(asked);
    },
    WANTED,
    'm5.large',
  ),
);

kernelTest('a node that waits for a trunk in vain asks EC2 for it more and more rarely', () =>
  onNode(
    async (world) => {
      await world.pass(3_600_000);
      expect(world.asked()).toBeGreaterThan(0);
      expect(world.asked()).toBeLessThanOrEqual(12);
    },
    WANTED,
    'm5.large',
  ),
);

kernelTest('where the settings want no such pods, or the type takes no trunk, EC2 is asked for none', async () => {
  for (const [settings, type, codes] of [
    [{}, 'm5.large', []],
    [WANTED, 't3.small', ['TRUNK_MISSING']],
  ] as const)
    await onNode(
      async (world) => {
        await world.pass(600_000);
        expect(world.codes()).toEqual([...codes]);
        expect(world.asked()).toBe(0);
      },
      settings,
      type,
    );
});
