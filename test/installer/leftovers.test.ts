import { expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { besidePath, EMPTY_RECORD, PATHS, renderDocument } from '../../src/hostspec/index.ts';
import { observeLeftovers } from '../../src/installer/leftovers.ts';
import { identifyProcess } from '../../src/sys/index.ts';
import { temporaryHost } from './temporary-host.ts';

const HALF = '/usr/bin/.vpc-cni.0123456789ab.tmp';

function prepared(run: { readonly pid: number; readonly startTime: string }) {
  const temporary = temporaryHost();
  const put = (path: string, text = ''): void => writeFileSync(join(temporary.root, path), text);
  mkdirSync(join(temporary.root, PATHS.home), { recursive: true });
  put(PATHS.record, renderDocument({ ...EMPTY_RECORD, pending: [{ path: PATHS.command, run }] }));
  for (const path of [HALF, besidePath(PATHS.command), besidePath(PATHS.record)]) put(path);
  // Of others, whatever their names end in.
  for (const path of ['/usr/bin/.vpc-cni.tmp', '/usr/bin/.other.0123456789ab.tmp']) put(path);
  return temporary;
}

test('observeLeftovers() finds what a run that is dead has left, and nothing else', () => {
  using temporary = prepared({ pid: process.ppid, startTime: 'of another process with this number' });
  expect(observeLeftovers(temporary.host.files)).toEqual([besidePath(PATHS.record), HALF, besidePath(PATHS.command)]);
});

test('observeLeftovers() leaves what a run that lives may still put back', () => {
  using temporary = prepared(identifyProcess(process.ppid) ?? { pid: 0, startTime: '' });
  expect(observeLeftovers(temporary.host.files)).toEqual([]);
});
