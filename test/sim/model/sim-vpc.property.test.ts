import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { cidrContains } from '../../../src/addr/index.ts';
import { SimFault, type SimVpc } from '../../../src/sim/model/index.ts';
import { limitsOf } from '../../../src/vpc/index.ts';
import { smallVpc } from './support.ts';

/** One random step: what to do, and three numbers that pick on what. */
const step = fc.record({
  // Twice what builds up, once what tears down, so that runs reach full instances and full subnets.
  what: fc.constantFrom(
    ...(['run', 'create', 'attach', 'attached', 'assign'] as const),
    ...(['create', 'attach', 'attached', 'assign'] as const),
    ...(['terminate', 'delete', 'detach', 'detached', 'move', 'unassign'] as const),
  ),
  a: fc.nat(8),
  b: fc.nat(2),
  n: fc.nat(12),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];

function perform(vpc: SimVpc, { what, a, b, n }: Step, deleted: Set<string>): void {
  const eni = pick(vpc.enis(), a);
  const other = pick(vpc.enis(), b);
  const instanceId = pick(vpc.instances(), b)?.id ?? 'i-none';
  const subnetId = pick(vpc.subnets(), n % 4 === 0 ? 1 : 0)?.id ?? '';
  const eniId = eni?.id ?? 'eni-none';
  const attachmentId = eni?.attachment?.id ?? 'eni-attach-none';
  switch (what) {
    case 'run':
      vpc.runInstance({ name: `n${a}`, instanceType: pick(['t3.small', 'm5.large', 't3.nano'], n) ?? '', subnetId });
      return;
    case 'terminate': {
      const doomed = vpc.enisOf(instanceId).filter((e) => e.attachment?.deleteOnTermination === true);
      vpc.terminateInstance(instanceId);
      for (const { id } of doomed) deleted.add(id);
      return;
    }
    case 'create':
      vpc.createEni({ subnetId, secondaryCount: n % 5, clientToken: `token-${a}-${b}` });
      return;
    case 'delete':
      vpc.deleteEni(eniId);
      deleted.add(eniId);
      return;
    case 'attach':
      vpc.beginAttach({ eniId, instanceId, deviceIndex: n % 4 });
      return;
    case 'attached':
      vpc.completeAttach(attachmentId);
      return;
    case 'detach':
      vpc.beginDetach({ attachmentId });
      return;
    case 'detached':
      vpc.completeDetach(attachmentId);
      return;
    case 'assign':
      vpc.assignAddresses({ eniId, count: n });
      return;
    case 'move':
      vpc.assignAddresses({ eniId, addresses: other?.addresses.slice(-1) ?? [], allowReassignment: true });
      return;
    case 'unassign':
      vpc.unassignAddresses({ eniId, addresses: eni?.addresses.slice(n) ?? [] });
      return;
    default:
      what satisfies never;
  }
}

function check(vpc: SimVpc, deleted: ReadonlySet<string>): void {
  const holder = new Map<string, string>();
  for (const eni of vpc.enis()) {
    expect(deleted.has(eni.id)).toBe(false);
    expect(vpc.eniByMac(eni.mac)?.id).toBe(eni.id);
    for (const address of eni.addresses) {
      expect(holder.get(address)).toBeUndefined();
      holder.set(address, eni.id);
      expect(vpc.eniByAddress(address)?.id).toBe(eni.id);
      expect(cidrContains(vpc.subnet(eni.subnetId).cidr, address)).toBe(true);
    }
    if (eni.attachment) expect(vpc.enisOf(eni.attachment.instanceId)).toContain(eni);
  }
  for (const [index, size] of [251, 11].entries()) {
    const id = vpc.subnets()[index]?.id ?? '';
    const held = vpc.enis().reduce((sum, eni) => sum + (eni.subnetId === id ? eni.addresses.length : 0), 0);
    expect(vpc.availableAddresses(id)).toBe(size - held);
  }
  for (const instance of vpc.instances()) {
    const limits = limitsOf(instance.instanceType);
    const enis = vpc.enisOf(instance.id);
    const devices = enis.map((eni) => eni.attachment?.deviceIndex);
    if (instance.state !== 'terminated') expect(devices[0]).toBe(0);
    expect(new Set(devices).size).toBe(devices.length);
    expect(enis.length).toBeLessThanOrEqual(limits?.maxEnis ?? 0);
    for (const eni of enis) expect(eni.addresses.length).toBeLessThanOrEqual(limits?.ipv4PerEni ?? 0);
  }
}

test('whatever is done in whatever order, the books of the VPC stay right', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const vpc = smallVpc();
      const deleted = new Set<string>();
      for (const next of steps) {
        const before = JSON.stringify([vpc.enis(), vpc.instances()]);
        try {
          perform(vpc, next, deleted);
        } catch (error) {
          if (!(error instanceof SimFault)) throw error;
          expect(JSON.stringify([vpc.enis(), vpc.instances()])).toBe(before);
        }
        check(vpc, deleted);
      }
    }),
    { numRuns: 100 },
  );
});
