import { expect, test } from 'bun:test';
import { describeStep, type Step } from '../../src/hostspec/index.ts';
import {
  keptBuild,
  type ObservedVersions,
  planVersions,
  type VersionPlan,
  weaveVersions,
} from '../../src/hostspec/life-cycle.ts';

const [A, B, C] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)] as const;
/** `!` marks a version somebody runs, `?` one that is not whole. */
const folders = (...names: readonly string[]): ObservedVersions['payloads'] =>
  names.map((name) => ({
    name: name.replace(/^[!?]/, ''),
    state: name.startsWith('?') ? 'part' : 'whole',
    use: name.startsWith('!') ? 'in-use' : 'unused',
  }));

interface Row {
  readonly name: string;
  readonly observed: ObservedVersions;
  readonly plan: Partial<VersionPlan>;
}

const none = { current: undefined, previous: undefined, replaced: undefined, payloads: [] };

/** What installing version 2 means. */
const rows: readonly Row[] = [
  { name: 'nothing is installed', observed: none, plan: { change: 'first' } },
  {
    name: 'a first install of another version was killed',
    observed: { ...none, payloads: folders('1') },
    plan: { change: 'first', retired: ['/opt/vpc-cni/1'] },
  },
  {
    name: 'it is installed already',
    observed: { current: '2', previous: '1', replaced: undefined, payloads: folders('1', '2') },
    plan: { change: 'none', previous: '1' },
  },
  {
    name: 'an older version is',
    observed: { current: '1', previous: undefined, replaced: undefined, payloads: folders('1') },
    plan: { change: 'version', previous: '1' },
  },
  {
    name: 'a newer version is, with an older one before it',
    observed: { current: '3', previous: '1', replaced: undefined, payloads: folders('1', '3') },
    plan: { change: 'version', previous: '3', retired: ['/opt/vpc-cni/1'] },
  },
  {
    name: 'it is the previous one: the two change places',
    observed: { current: '3', previous: '2', replaced: undefined, payloads: folders('2', '3') },
    plan: { change: 'version', previous: '3' },
  },
  {
    name: 'somebody still runs the one before the last',
    observed: { current: '1', previous: '0', replaced: undefined, payloads: folders('!0', '00', '1') },
    plan: { change: 'version', previous: '1', retired: ['/opt/vpc-cni/00'] },
  },
  {
    name: 'an upgrade to it was killed before current was switched',
    observed: { current: '1', previous: '1', replaced: undefined, payloads: folders('0', '1', '2') },
    plan: { change: 'version', previous: '1', retired: ['/opt/vpc-cni/0'] },
  },
  {
    name: 'an upgrade from it was killed when current was switched, and its successor is not whole',
    observed: { current: '3', previous: '2', replaced: undefined, payloads: folders('2', '?3') },
    plan: { change: 'version', previous: undefined, retired: ['/opt/vpc-cni/3'] },
  },
  {
    name: 'an upgrade to a part of a version is followed by one to it',
    observed: { current: '3', previous: '1', replaced: undefined, payloads: folders('1', '?3') },
    plan: { change: 'version', previous: '1', retired: ['/opt/vpc-cni/3'] },
  },
  {
    name: 'an upgrade from it was killed before current was switched: it is not its own previous version',
    observed: { current: '2', previous: '2', replaced: undefined, payloads: folders('2', '3') },
    plan: { change: 'none', previous: undefined, retired: ['/opt/vpc-cni/3'] },
  },
  {
    name: 'another build of it is: that one is kept beside',
    observed: { current: '2', previous: '1', replaced: B, payloads: folders('1', '2') },
    plan: {
      change: 'build',
      previous: `2+${'b'.repeat(12)}`,
      keep: { path: `/opt/vpc-cni/2+${'b'.repeat(12)}`, from: '/opt/vpc-cni/2' },
      retired: ['/opt/vpc-cni/1'],
    },
  },
  {
    name: 'back to a build that was kept, run from where it was kept',
    observed: { current: '2', previous: keptBuild('2', A), replaced: B, payloads: folders('2', keptBuild('2', A)) },
    plan: {
      change: 'build',
      previous: keptBuild('2', B),
      keep: { path: `/opt/vpc-cni/${keptBuild('2', B)}`, from: '/opt/vpc-cni/2' },
      retired: [`/opt/vpc-cni/${keptBuild('2', A)}`],
    },
  },
  {
    name: 'an exchange of builds was killed after the build was kept',
    observed: { current: '2', previous: '1', replaced: B, payloads: folders('1', '2', keptBuild('2', B)) },
    plan: { change: 'build', previous: keptBuild('2', B), retired: ['/opt/vpc-cni/1'] },
  },
  {
    name: 'the folder of a build was not whole yet when its run was killed',
    observed: {
      current: '2',
      previous: '1',
      replaced: undefined,
      payloads: folders('1', '2', `${keptBuild('2', B)}.tmp`),
    },
    plan: { change: 'none', previous: '1', retired: [`/opt/vpc-cni/${keptBuild('2', B)}.tmp`] },
  },
  {
    name: 'an exchange of builds was killed after the build was put in its place',
    observed: {
      current: '2',
      previous: keptBuild('2', C),
      replaced: undefined,
      payloads: folders('2', keptBuild('2', C)),
    },
    plan: { change: 'none', previous: keptBuild('2', C) },
  },
];
for (const { name, observed, plan } of rows)
  test(`planVersions() when ${name}`, () =>
    expect(planVersions('2', observed)).toEqual({
      previous: undefined,
      keep: undefined,
      retired: [],
      change: 'none',
      ...plan,
    }));

const link = (path: string, target: string): Step => ({
  kind: 'make-link',
  path,
  target,
  before: undefined,
  over: 'nothing',
});
const copy: Step = {
  kind: 'copy-program',
  path: '/opt/vpc-cni/2/vpc-cni',
  mode: 0o755,
  from: '/root/vpc-cni',
  size: 1000,
  sha256: A,
  before: 'absent',
};
const files = [copy, link('/opt/vpc-cni/current', '2'), link('/usr/bin/vpc-cni', '/opt/vpc-cni/current/vpc-cni')];
const [COPY = '', CURRENT = '', COMMAND = ''] = files.map(describeStep);

const woven: readonly {
  readonly name: string;
  readonly files?: readonly Step[];
  readonly plan: Partial<VersionPlan>;
  readonly previous?: string;
  readonly steps: readonly string[];
}[] = [
  { name: 'nothing for a first version', plan: { change: 'first' }, steps: [COPY, CURRENT, COMMAND] },
  {
    name: 'the link right before the switch',
    plan: { change: 'version', previous: '1' },
    steps: [COPY, 'link /opt/vpc-cni/previous → 1', CURRENT, COMMAND],
  },
  {
    name: 'the link in place of another',
    plan: { change: 'version', previous: '1' },
    previous: '0',
    steps: [COPY, 'link /opt/vpc-cni/previous → 1, instead of 0', CURRENT, COMMAND],
  },
  {
    name: 'no link that is there',
    plan: { change: 'version', previous: '1' },
    previous: '1',
    steps: [COPY, CURRENT, COMMAND],
  },
  {
    name: 'a kept build before its place is taken',
    files: [copy],
    plan: { change: 'build', previous: '2+b', keep: { path: '/opt/vpc-cni/2+b', from: '/opt/vpc-cni/2' } },
    previous: '1',
    steps: [
      'keep /opt/vpc-cni/2 as /opt/vpc-cni/2+b, to go back to',
      'link /opt/vpc-cni/previous → 2+b, instead of 1',
      COPY,
    ],
  },
  {
    name: 'the end of a link that leads to the current version',
    files: [],
    plan: { change: 'none' },
    previous: '2',
    steps: ['remove the link /opt/vpc-cni/previous → 2'],
  },
];
for (const { name, plan, previous, steps, ...row } of woven)
  test(`weaveVersions() adds ${name}`, () => {
    const whole: VersionPlan = { change: 'none', previous: undefined, keep: undefined, retired: [], ...plan };
    expect(weaveVersions(row.files ?? files, whole, { previous }).map(describeStep)).toEqual([...steps]);
  });
