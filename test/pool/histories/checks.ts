import { checkPool, decide, keysAround, type PodAddress, poolFigures } from '../../../src/pool/index.ts';
import type { World } from './world.ts';

/** What does not hold of the world, of the pool, or did not on the way. */
export function checkWorld(world: World): readonly string[] {
  const pods = [...world.kernel.values()];
  const seen = new Map<PodAddress, string>();
  for (const { address, owner } of pods) {
    const other = seen.get(address);
    if (other !== undefined) world.wrong.push(`${address} has two pods: ${other} and ${owner.containerId}`);
    seen.set(address, owner.containerId);
  }
  const pool = world.daemon?.pool;
  if (pool !== undefined)
    for (const { code, object, found } of checkPool(pool, pods)) world.wrong.push(`${code}: ${object}: ${found}`);
  return world.wrong;
}

/** Targets, leaks and differences that may not be left once all is quiet. */
export function checkQuiet(world: World): readonly string[] {
  const { daemon, ec2, kernel, settings } = world;
  if (daemon === undefined) return ['the daemon is dead'];
  const { pool } = daemon;
  const wrong: string[] = [];
  const differ = (what: string, here: readonly string[], there: readonly string[]): void => {
    if ([...here].sort().join() !== [...there].sort().join()) wrong.push(`${what}: ${here} and ${there}`);
  };
  differ(
    'EC2 and the pool',
    [...ec2.enis].flatMap(([id, eni]) => [id, ...eni.cidrs]),
    [...pool.enis.values()].flatMap((eni) => [eni.id, ...eni.cidrs.keys()]),
  );
  const name = ({ owner, address }: { owner: { containerId: string }; address: PodAddress }): string =>
    `${owner.containerId} ${address}`;
  differ('pods and holders', [...kernel.values()].map(name), pool.allocations().map(name));
  if (world.memory().intents.length > 0) wrong.push('intents are left');
  // While EC2 is away nobody can know that somebody took an address; a pod that got it then keeps it as an orphan.
  const lost = pool.orphans.filter(({ address }) => !keysAround(address).some((key) => world.takenByHand.has(key)));
  if (lost.length > 0) wrong.push(`orphans: ${lost.map(({ address }) => address)}`);
  const waiting = daemon.waiting.size;
  const { actions } = decide({ ...world.input(pool), holds: { growthUntilMs: 0, shrinkUntilMs: 0 } });
  // Targets are met as far as EC2 has room.
  const possible = actions.filter((action) => !('unit' in action) || ec2.hasRoomFor(action.unit));
  if (possible.length > 0) wrong.push(`still to do: ${JSON.stringify(possible)}`);
  const { free } = poolFigures(pool, settings.limits, settings.targets.mode);
  if (waiting > 0 && free > 0) wrong.push(`${waiting} pods wait, and ${free} addresses are free`);
  return wrong;
}
