import { expect, test } from 'bun:test';
import { keptBuild, type ObservedVersions, planVersions, type VersionPlan } from '../../src/hostspec/life-cycle.ts';

const [A, B, C] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)] as const;
const folders = (...names: readonly string[]): ObservedVersions['payloads'] =>
  names.map((name) => (name.startsWith('!') ? { name: name.slice(1), use: 'in-use' } : { name, use: 'unused' }));

interface Row {
  readonly name: string;
  readonly observed: ObservedVersions;
  readonly plan: Partial<VersionPlan>;
}

const none = { current: undefined, previous: undefined, executable: undefined, payloads: [] };

/** What installing version 2, whose executable has the checksum A, means. */
const rows: readonly Row[] = [
  { name: 'nothing is installed', observed: none, plan: { change: 'first' } },
  {
    name: 'a first install of another version was killed',
    observed: { ...none, payloads: folders('1') },
    plan: { change: 'first', retired: ['/opt/vpc-cni/1'] },
  },
  {
    name: 'it is installed already',
    observed: { current: '2', previous: '1', executable: A, payloads: folders('1', '2') },
    plan: { change: 'none', previous: '1' },
  },
  {
    name: 'its executable is missing',
    observed: { current: '2', previous: '1', executable: undefined, payloads: folders('1', '2') },
    plan: { change: 'none', previous: '1' },
  },
  {
    name: 'an older version is',
    observed: { current: '1', previous: undefined, executable: undefined, payloads: folders('1') },
    plan: { change: 'version', previous: '1' },
  },
  {
    name: 'a newer version is, with an older one before it',
    observed: { current: '3', previous: '1', executable: undefined, payloads: folders('1', '3') },
    plan: { change: 'version', previous: '3', retired: ['/opt/vpc-cni/1'] },
  },
  {
    name: 'it is the previous one: the two change places',
    observed: { current: '3', previous: '2', executable: A, payloads: folders('2', '3') },
    plan: { change: 'version', previous: '3' },
  },
  {
    name: 'somebody still runs the one before the last',
    observed: { current: '1', previous: '0', executable: undefined, payloads: folders('!0', '00', '1') },
    plan: { change: 'version', previous: '1', retired: ['/opt/vpc-cni/00'] },
  },
  {
    name: 'an upgrade to it was killed before current was switched',
    observed: { current: '1', previous: '1', executable: A, payloads: folders('0', '1', '2') },
    plan: { change: 'version', previous: '1', retired: ['/opt/vpc-cni/0'] },
  },
  {
    name: 'an upgrade from it was killed before current was switched: it is not its own previous version',
    observed: { current: '2', previous: '2', executable: A, payloads: folders('2', '3') },
    plan: { change: 'none', previous: undefined, retired: ['/opt/vpc-cni/3'] },
  },
  {
    name: 'another build of it is: that one is kept beside',
    observed: { current: '2', previous: '1', executable: B, payloads: folders('1', '2') },
    plan: {
      change: 'build',
      previous: `2+${'b'.repeat(12)}`,
      keep: { name: `2+${'b'.repeat(12)}`, from: '2' },
      retired: ['/opt/vpc-cni/1'],
    },
  },
  {
    name: 'back to a build that was kept, run from where it was kept',
    observed: { current: '2', previous: keptBuild('2', A), executable: B, payloads: folders('2', keptBuild('2', A)) },
    plan: {
      change: 'build',
      previous: keptBuild('2', B),
      keep: { name: keptBuild('2', B), from: '2' },
      retired: [`/opt/vpc-cni/${keptBuild('2', A)}`],
    },
  },
  {
    name: 'an exchange of builds was killed after the build was put in its place',
    observed: { current: '2', previous: keptBuild('2', C), executable: A, payloads: folders('2', keptBuild('2', C)) },
    plan: { change: 'none', previous: keptBuild('2', C) },
  },
];
for (const { name, observed, plan } of rows)
  test(`planVersions() when ${name}`, () =>
    expect(planVersions({ version: '2', sha256: A }, observed)).toEqual({
      previous: undefined,
      keep: undefined,
      retired: [],
      change: 'none',
      ...plan,
    }));
