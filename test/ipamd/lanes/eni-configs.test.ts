import { describe, expect, test } from 'bun:test';
import { toHostError } from '../../../src/errors/index.ts';
import { eniConfigsOfFile } from '../../../src/ipamd/lanes/index.ts';
import { parseEniConfigs } from '../../../src/ipamd/lanes/parse-eni-configs.ts';

const A = { subnet: 'subnet-0a', securityGroups: ['sg-1', 'sg-2'] };
const item = (name: string, spec: unknown) => ({ kind: 'ENIConfig', metadata: { name }, spec });

describe('parseEniConfigs()', () => {
  const rows = [
    ['by name', { 'us-east-1a': A, b: { subnet: 'subnet-0b' } }],
    ['a list of kubectl', { kind: 'List', items: [item('us-east-1a', A), item('b', { subnet: 'subnet-0b' })] }],
  ] as const;
  for (const [name, document] of rows)
    test(name, () => {
      expect([...parseEniConfigs(JSON.stringify(document))]).toEqual([
        ['us-east-1a', { subnetId: 'subnet-0a', securityGroups: ['sg-1', 'sg-2'] }],
        ['b', { subnetId: 'subnet-0b', securityGroups: [] }],
      ]);
    });

  test('one of kubectl', () => {
    expect([...parseEniConfigs(JSON.stringify(item('x', A))).keys()]).toEqual(['x']);
  });

  const broken = [
    ['no JSON', '{', 'it is not JSON'],
    ['a list', '[]', 'it is not a JSON object'],
    ['without items', '{"kind":"Pod"}', 'its kind is Pod, and it has no items'],
    ['an item without name', '{"kind":"List","items":[{}]}', 'one of its items has no metadata.name'],
    ['no subnet', '{"a":{}}', 'a has no subnet'],
    ['an address for a subnet', '{"a":{"subnet":"10.0.0.0/24"}}', 'a has no subnet'],
    ['groups that are none', '{"a":{"subnet":"subnet-1","securityGroups":["x"]}}', 'securityGroups of a is not a list'],
  ] as const;
  for (const [name, text, reason] of broken)
    test(`refuses ${name}`, () => expect(() => parseEniConfigs(text)).toThrow(reason));
});

describe('the ENIConfigs of a file', () => {
  const identity = { availabilityZone: 'us-east-1a', region: 'us-east-1', instanceType: 'm5.large' };
  const settings = { ENI_CONFIG_FILE: '/etc/e.json', NODE_LABELS: { team: 'web' } };
  const sourceOf = (text: string | undefined) => eniConfigsOfFile({ files: { read: () => text }, settings, identity });

  test('labels: what every kubelet sets, and those of the operator', () => {
    expect(sourceOf('').labels).toEqual({
      'topology.kubernetes.io/zone': 'us-east-1a',
      'topology.kubernetes.io/region': 'us-east-1',
      'node.kubernetes.io/instance-type': 'm5.large',
      team: 'web',
    });
  });

  test('one that is there', () => {
    expect(sourceOf(JSON.stringify({ a: A })).read('a').subnetId).toBe('subnet-0a');
  });

  for (const [text, message] of [
    [undefined, 'there is no ENIConfig "a" in /etc/e.json: there is no such file'],
    ['{"b":{"subnet":"subnet-1"}}', 'there is no ENIConfig "a" in /etc/e.json: it has b'],
    ['nonsense', 'there is no ENIConfig "a" in /etc/e.json: it is not JSON'],
  ] as const)
    test(message, () => {
      try {
        sourceOf(text).read('a');
        throw new Error('it was read');
      } catch (error) {
        const { code, message: said } = toHostError(error);
        expect([code, said]).toEqual(['ENI_CONFIG_MISSING', message]);
      }
    });
});
