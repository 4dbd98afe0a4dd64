import { describe, expect, test } from 'bun:test';
import { askedFor, type CniCall, FURTHER_NICS, nicIndex, nicName } from '../../src/cniproto/index.ts';
import { allocationsOf, isOfAttachment, nicsOn, wantsEveryCard } from '../../src/ipamd/nics.ts';
import { Pool } from '../../src/pool/index.ts';
import { address, facts, owner, single } from '../pool/model/sample.ts';

const ON = { ENABLE_MULTI_NIC: true };
const OFF = { ENABLE_MULTI_NIC: false };
function call(annotation: string | undefined, ifName = 'eth0'): Pick<CniCall, 'config' | 'ifName'> {
  const podAnnotations = annotation === undefined ? {} : { 'k8s.amazonaws.com/nicConfig': annotation };
  return { ifName, config: { cniVersion: '1.1.0', type: 'aws-cni', name: 'aws-cni', podAnnotations } };
}
const EVERY = 'multi-nic-attachment';

describe('who wants every card', () => {
  test.each([
    [EVERY, 'eth0', true],
    [EVERY, 'net1', false],
    ['multi-nic', 'eth0', false],
    [undefined, 'eth0', false],
  ] as const)('annotation %p on %s: %p', (annotation, ifName, wants) => {
    expect(wantsEveryCard(call(annotation, ifName), ON)).toBe(wants);
  });
  test('where the node does not give it, only the pod that would get it is refused', () => {
    expect(() => wantsEveryCard(call(EVERY), OFF)).toThrow('k8s.amazonaws.com/nicConfig: multi-nic-attachment');
    expect([call('other'), call(undefined), call(EVERY, 'net1')].map((each) => wantsEveryCard(each, OFF))).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('interfaces and attachments', () => {
  test('one of each card, counted on from the one asked for whatever the cards are called', () => {
    const wanted = nicsOn([0, 1, 3], owner(1)).map((each) => `${each.owner.ifName} of card ${each.card}`);
    expect(wanted).toEqual(['eth0 of card 0', 'mNicIf1 of card 1', 'mNicIf2 of card 3']);
  });
  test('names and numbers are each other', () => {
    expect(FURTHER_NICS.map(nicIndex)).toEqual(Array.from({ length: 31 }, (_, at) => at + 1));
    expect(['eth0', 'net1', 'mNicIf', 'mNicIf0', 'mNicIf01', 'mNicIf32', 'xmNicIf1'].map(nicIndex)).toEqual(
      Array.from({ length: 7 }, () => undefined),
    );
    expect(askedFor({ ifName: nicName(31) })).toEqual({ ifName: 'eth0' });
    expect(askedFor({ ifName: 'net1' })).toEqual({ ifName: 'net1' });
  });
  test('to the first interface belong those of other cards, to any other one only itself', () => {
    const each = { containerId: 'c1', ifName: 'mNicIf2' };
    const of = (ifName: string, containerId = 'c1') => isOfAttachment(each, { containerId, ifName });
    expect([of('eth0'), of('mNicIf2'), of('mNicIf1'), of('net1'), of('eth0', 'c2')]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
  test('what a pod has is told with its first interface, also when some in between are missing', () => {
    const pool = new Pool();
    pool.putEni(facts(0));
    pool.addCidrs('eni-0-0', [0, 1, 2].map(single));
    for (const [at, ifName] of ['mNicIf31', 'eth0', 'net1'].entries())
      pool.apply({ kind: 'assigned', address: address(at), owner: { ...owner(1), ifName }, since: 1n });
    const namesOf = (ifName: string) => allocationsOf(pool, { ...owner(1), ifName }).map((each) => each.owner.ifName);
    expect([namesOf('eth0'), namesOf('net1'), namesOf('net2')]).toEqual([['eth0', 'mNicIf31'], ['net1'], []]);
  });
});
