import { describe, expect, test } from 'bun:test';
import {
  EMPTY_RECORD,
  type HostRecord,
  knownEntries,
  PATHS,
  recordSteps,
  type Step,
  settleRuns,
} from '../../src/hostspec/index.ts';

const run = { pid: 10, startTime: '1' };
const other = { pid: 11, startTime: '2' };
const record = (before: HostRecord, ...steps: readonly Step[]): HostRecord =>
  recordSteps(before, steps, { run, sha256Of: (text) => `sum of ${text}` });
const forward = (before: string, value: string): Step => ({
  ...{ kind: 'set-sysctl', key: ['net', 'ipv4', 'ip_forward'] },
  ...{ before, value },
});

describe('recordSteps()', () => {
  test('the first value noted for a sysctl stays, over runs and within one', () => {
    const once = record(EMPTY_RECORD, forward('0', '1'));
    expect(once.sysctls).toEqual([{ key: ['net', 'ipv4', 'ip_forward'], value: '0' }]);
    expect(record(once, forward('1', '2')).sysctls).toEqual(once.sysctls);
    expect(record(EMPTY_RECORD, forward('0', '1'), forward('1', '2')).sysctls).toEqual(once.sysctls);
  });

  test('a sysctl the kernel did not have has no value to give back', () => {
    const step: Step = { kind: 'set-sysctl', key: ['net', 'x'], before: undefined, value: '1' };
    expect(record(EMPTY_RECORD, step)).toEqual(EMPTY_RECORD);
  });

  test('what other runs have pending stays beside what this one is about to do, until each is over', () => {
    const theirs = { path: '/usr/bin/vpc-cni', run: other, target: 'x' };
    const write: Step = { kind: 'write-file', path: '/etc/x', mode: 0o644, text: 'x', before: undefined };
    const both = record({ ...EMPTY_RECORD, pending: [theirs] }, write);
    expect(both.pending).toEqual([theirs, { path: '/etc/x', run, mode: 0o644, sha256: 'sum of x' }]);
    expect(settleRuns(both, ({ pid }) => pid === run.pid).pending).toEqual([theirs]);
    expect(both.files).toEqual(['/etc/x']);
  });

  test('our folder goes as a whole, and that of a boot with the boot: nothing in them is noted to be given back', () => {
    const steps: readonly Step[] = [
      { kind: 'make-directory', path: `${PATHS.home}/1.0.0`, mode: 0o755 },
      { kind: 'make-directory', path: PATHS.run, mode: 0o700 },
      { kind: 'write-file', path: `${PATHS.run}/user-data.env`, mode: 0o600, text: 'x', before: undefined },
      { kind: 'make-directory', path: '/etc/vpc-cni', mode: 0o755 },
    ];
    expect(record(EMPTY_RECORD, ...steps)).toEqual({ ...EMPTY_RECORD, directories: ['/etc/vpc-cni'] });
  });
});

test('knownEntries() takes nothing for ours that a run may not have come to, where no version has put anything', () => {
  const pending = [{ path: '/usr/bin/vpc-cni', run, target: '/opt/vpc-cni/current/vpc-cni' }];
  expect(knownEntries([], pending).size).toBe(0);
  const links = [{ path: '/usr/bin/vpc-cni', target: 'older' }];
  const manifest = { format: 'vpc-cni-manifest/1', version: '1.0.0', directories: [], files: [], links } as const;
  expect(knownEntries([manifest], pending).get('/usr/bin/vpc-cni')).toEqual([
    { kind: 'link', target: 'older' },
    { kind: 'link', target: '/opt/vpc-cni/current/vpc-cni' },
  ]);
});
