import { describe, expect, test } from 'bun:test';
import { eniConfigName, isExcluded, subnetsForNewEni, takesNewEnis } from '../../../src/pool/index.ts';

const ROLE = 'kubernetes.io/role/cni';
const cluster = (name: string): string => `cni.networking.k8s.aws/cluster/${name}`;
const HOME = 'subnet-home';
const asker = (clusterName = '') => ({ primarySubnetId: HOME, clusterName });
const subnet = (id: string, tags: Record<string, string> = {}, availableAddresses = 10) => ({
  id,
  tags,
  availableAddresses,
});

describe('subnets for new ENIs (ipamd reference §2.6)', () => {
  const rows = [
    { name: 'tagged 0', tags: { [ROLE]: '0' }, home: false, other: false, excluded: true },
    { name: 'untagged', tags: {}, home: true, other: false, excluded: false },
    { name: 'tagged with nothing', tags: { [ROLE]: '' }, home: true, other: false, excluded: false },
    { name: 'tagged 1', tags: { [ROLE]: '1' }, home: true, other: true, excluded: false },
    { name: 'tagged true', tags: { [ROLE]: 'true' }, home: true, other: true, excluded: false },
    {
      name: 'of this cluster',
      tags: { [ROLE]: '1', [cluster('blue')]: '' },
      home: true,
      other: true,
      excluded: false,
    },
    {
      name: 'of another cluster',
      tags: { [ROLE]: '1', [cluster('red')]: '' },
      home: false,
      other: false,
      excluded: true,
    },
    {
      name: 'of several clusters',
      tags: { [ROLE]: '1', [cluster('red')]: '', [cluster('blue')]: '' },
      home: true,
      other: true,
      excluded: false,
    },
    {
      name: 'of another cluster but not tagged in',
      tags: { [cluster('red')]: '' },
      home: true,
      other: false,
      excluded: false,
    },
  ];
  for (const { name, tags, home, other, excluded } of rows)
    test(`${name}: the primary one ${home ? 'in' : 'out'}, another ${other ? 'in' : 'out'}`, () => {
      expect(takesNewEnis(subnet(HOME, tags), asker('blue'))).toBe(home);
      expect(takesNewEnis(subnet('subnet-2', tags), asker('blue'))).toBe(other);
      expect(isExcluded(subnet('subnet-2', tags), asker('blue'))).toBe(excluded);
    });

  test('tags of clusters say nothing to a node without a cluster name', () => {
    const red = subnet('subnet-2', { [ROLE]: '1', [cluster('red')]: '' });
    expect(takesNewEnis(red, asker())).toBe(true);
    expect(isExcluded(red, asker())).toBe(false);
  });

  test('the one with most free addresses comes first, and equals keep their order', () => {
    const tagged = { [ROLE]: '1' };
    const subnets = [
      subnet('subnet-2', tagged, 5),
      subnet(HOME, {}, 7),
      subnet('subnet-3', tagged, 5),
      subnet('out', {}),
    ];
    expect(subnetsForNewEni(subnets, asker())).toEqual([HOME, 'subnet-2', 'subnet-3']);
  });
});

describe('name of the ENIConfig (ipamd reference §1.3)', () => {
  const keys = { labelKey: 'topology.kubernetes.io/zone', annotationKey: 'k8s.amazonaws.com/eniConfig' };
  const fixed = { 'vpc.amazonaws.com/externalEniConfig': 'fixed' };
  const annotations = { 'k8s.amazonaws.com/eniConfig': 'annotated' };
  const labels = { 'topology.kubernetes.io/zone': 'eu-west-1a' };
  const rows = [
    { name: 'the fixed label before all', labels: { ...labels, ...fixed }, annotations, found: 'fixed' },
    { name: 'the annotation before the label', labels, annotations, found: 'annotated' },
    { name: 'the label', labels, annotations: {}, found: 'eu-west-1a' },
    { name: 'default without any', labels: {}, annotations: {}, found: 'default' },
    {
      name: 'nothing under a key names nothing',
      labels: { ...labels, 'vpc.amazonaws.com/externalEniConfig': '' },
      annotations: {},
      found: 'eu-west-1a',
    },
  ];
  for (const { name, found, ...node } of rows)
    test(name, () => expect(eniConfigName({ ...node, ...keys })).toBe(found));
});
