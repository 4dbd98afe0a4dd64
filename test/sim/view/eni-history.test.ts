import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { SimEni } from '../../../src/sim/model/index.ts';
import { EniHistory, pickGhosts } from '../../../src/sim/view/index.ts';
import { smallVpc, subnetId } from '../model/support.ts';

test('changedSince() tells for every time what was there then, whatever happened since', () => {
  const operation = fc.record({
    kind: fc.constantFrom('create', 'assign', 'attach', 'detach', 'delete', 'tag'),
    which: fc.nat(),
    pause: fc.nat(3),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      let now = 1000;
      const vpc = smallVpc({ now: () => now });
      const node = vpc.runInstance({ name: 'n', instanceType: 'm5.large', subnetId: subnetId(vpc) }).id;
      const history = new EniHistory();
      vpc.observeEnis(({ before, after }) => history.note({ at: vpc.now(), before, after }));
      const then = new Map<number, readonly SimEni[]>();
      for (const { kind, which, pause } of operations) {
        const enis = vpc.enis();
        const eni = enis[which % enis.length];
        if (eni === undefined) continue;
        try {
          if (kind === 'create') vpc.createEni({ subnetId: subnetId(vpc) });
          if (kind === 'assign') vpc.assignAddresses({ eniId: eni.id, count: 1 });
          if (kind === 'attach')
            vpc.completeAttach(vpc.beginAttach({ eniId: eni.id, instanceId: node, deviceIndex: 1 + (which % 2) }).id);
          if (kind === 'detach' && eni.attachment !== undefined) {
            vpc.beginDetach({ attachmentId: eni.attachment.id });
            vpc.completeDetach(eni.attachment.id);
          }
          if (kind === 'delete') vpc.deleteEni(eni.id);
          if (kind === 'tag') vpc.createTags({ resourceIds: [eni.id], tags: { n: String(which) } });
        } catch {
          // Refused, so nothing has changed.
        }
        then.set(now, vpc.enis());
        now += pause;
      }
      const byId = (enis: readonly SimEni[]): readonly SimEni[] => [...enis].sort((a, b) => a.id.localeCompare(b.id));
      for (const [time, enis] of then) {
        const seen = vpc.asSeen({ changed: history.changedSince(time) });
        expect(byId(seen.enis())).toEqual(byId(enis));
        expect(byId(seen.enisOf(node))).toEqual(byId(enis.filter((eni) => eni.attachment?.instanceId === node)));
        for (const eni of enis) {
          expect(seen.findEni(eni.id)).toEqual(eni);
          expect(seen.eniByMac(eni.mac)).toEqual(eni);
          for (const address of eni.addresses) expect(seen.eniByAddress(address)?.id).toBe(eni.id);
        }
        for (const status of ['available', 'in-use'])
          expect([...seen.eniIdsBy('status', status)].sort()).toEqual(
            enis
              .filter((eni) => (eni.attachment === undefined) === (status === 'available'))
              .map(({ id }) => id)
              .sort(),
          );
      }
    }),
  );
});

test('what is older than ten minutes is forgotten, and of much change only the last', () => {
  const history = new EniHistory();
  const vpc = smallVpc();
  const eni = vpc.createEni({ subnetId: subnetId(vpc) });
  const named = (id: string): SimEni => ({ ...eni, id });
  history.note({ at: 0, before: undefined, after: named('old') });
  for (let n = 0; n < 1500; n += 1) history.note({ at: 600_001 + n, before: named(`e${n}`), after: named(`e${n}`) });
  expect([history.changedSince(-1).has('old'), history.changedSince(-1).size]).toEqual([false, 1500]);
  for (let n = 0; n < 30_000; n += 1) history.note({ at: 700_000, before: named(`f${n}`), after: named(`f${n}`) });
  expect(history.changedSince(-1).size).toBeLessThanOrEqual(11_000);
});

test('ghosts are ENIs that are gone, as they were when last in use; one for each instance is picked', () => {
  const vpc = smallVpc();
  const subnet = subnetId(vpc);
  const history = new EniHistory();
  const [a, b] = ['a', 'b'].map((name) => vpc.runInstance({ name, instanceType: 'm5.large', subnetId: subnet }).id);
  vpc.observeEnis(({ before, after }) => history.note({ at: 0, before, after }));
  const lived = (instanceId: string | undefined): string => {
    const { id } = vpc.createEni({ subnetId: subnet, secondaryCount: 1 });
    if (instanceId !== undefined) {
      const attachment = vpc.beginAttach({ eniId: id, instanceId, deviceIndex: 1 }).id;
      vpc.completeAttach(attachment);
      vpc.beginDetach({ attachmentId: attachment });
      vpc.completeDetach(attachment);
    }
    vpc.deleteEni(id);
    return id;
  };
  const [first, second, other, loose] = [lived(a), lived(a), lived(b), lived(undefined)];
  const shown = (enis: readonly SimEni[]): unknown =>
    enis.map((eni) => [eni.id, eni.attachment?.instanceId, eni.attachment?.state, eni.addresses.length]);
  expect(shown(history.ghosts())).toEqual([
    [first, a, 'attached', 2],
    [second, a, 'attached', 2],
    [other, b, 'attached', 2],
    [loose, undefined, undefined, 2],
  ]);
  expect(pickGhosts(history.ghosts()).map(({ id }) => id)).toEqual([second, other, loose]);
});

test('a hundred ghosts are kept, and one that comes back to life and goes again is the latest', () => {
  const vpc = smallVpc();
  const history = new EniHistory();
  const eni = vpc.createEni({ subnetId: subnetId(vpc) });
  const die = (id: string): void => history.note({ at: 0, before: { ...eni, id }, after: undefined });
  for (let n = 0; n < 101; n += 1) die(`eni-${n}`);
  const attachment: SimEni['attachment'] = {
    id: 'eni-attach-1',
    instanceId: 'i-1',
    deviceIndex: 1,
    networkCardIndex: 0,
    state: 'attached',
    deleteOnTermination: false,
    attachedAt: 0,
  };
  history.note({ at: 0, before: { ...eni, id: 'eni-1', attachment }, after: { ...eni, id: 'eni-1' } });
  const ids = history.ghosts().map(({ id }) => id);
  expect([ids.length, ids[0], ids.at(-1)]).toEqual([100, 'eni-2', 'eni-1']);
});
