import { expect, test } from 'bun:test';
import { type Ec2, removeEni } from '../../src/aws/index.ts';
import { systemClock } from '../../src/sys/index.ts';
import { type SimulatedEc2, startSimulatedEc2 } from './simulated-ec2.ts';

async function attachedEni({ ec2, instance, subnet }: SimulatedEc2): Promise<{ eniId: string; attachmentId: string }> {
  const { id: eniId } = await ec2.createEni({
    subnetId: subnet.id,
    securityGroups: [],
    holding: { unit: 'address', count: 1 },
    description: 'to be removed',
    tags: {},
    clientToken: crypto.randomUUID(),
  });
  const attachmentId = await ec2.attachEni({ eniId, instanceId: instance.id, deviceIndex: 1, cardIndex: 0 });
  return { eniId, attachmentId };
}

async function attached(ec2: Ec2, eniId: string): Promise<void> {
  while ((await ec2.describeEni({ eniId }))?.attachment?.state !== 'attached') await Bun.sleep(2);
}

test('removeEni() detaches, waits for EC2 without a describe, and deletes', async () => {
  await using world = startSimulatedEc2();
  const eni = await attachedEni(world);
  await attached(world.ec2, eni.eniId);
  await removeEni({ ec2: world.ec2, clock: systemClock }, eni);
  expect(await world.ec2.describeEni({ eniId: eni.eniId })).toBeUndefined();
  expect(world.ec2.calls.get('DetachNetworkInterface')).toBe(1);
  // The first deletion comes while EC2 still detaches and is refused.
  expect(world.ec2.calls.get('DeleteNetworkInterface') ?? 0).toBeGreaterThan(1);
});

test('removeEni() takes up a removal that was interrupted, and one that was finished', async () => {
  await using world = startSimulatedEc2();
  const eni = await attachedEni(world);
  await attached(world.ec2, eni.eniId);
  await world.ec2.detachEni({ attachmentId: eni.attachmentId });
  for (const round of ['half done', 'done']) {
    await removeEni({ ec2: world.ec2, clock: systemClock }, eni);
    expect([round, await world.ec2.describeEni({ eniId: eni.eniId })]).toEqual([round, undefined]);
  }
});

test('removeEni() waits for EC2 to finish attaching, which it cannot interrupt', async () => {
  await using world = startSimulatedEc2();
  const eni = await attachedEni(world);
  await removeEni({ ec2: world.ec2, clock: systemClock }, eni);
  expect(await world.ec2.describeEni({ eniId: eni.eniId })).toBeUndefined();
});

test.each(['DetachNetworkInterface', 'DeleteNetworkInterface'])(
  'removeEni() gives up at once when %s is denied',
  async (action) => {
    await using world = startSimulatedEc2();
    const eni = await attachedEni(world);
    world.dials.set({ action, denied: true });
    await expect(removeEni({ ec2: world.ec2, clock: systemClock }, eni)).rejects.toMatchObject({ code: 'IAM_DENIED' });
  },
);
