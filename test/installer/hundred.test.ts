import { expect, test } from 'bun:test';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { install } from '../../src/installer/index.ts';
import { serveMetadata } from './metadata.ts';
import { silent, temporaryHost } from './temporary-host.ts';

/** When each object below a directory was last written to, and when anything of it last changed. */
function timesOf(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .concat('.')
    .sort()
    .map((name) => {
      const { mtimeMs, ctimeMs, ino } = lstatSync(join(directory, name));
      return `${name} ${mtimeMs} ${ctimeMs} ${ino}`;
    });
}

test('a hundred installations after the first touch nothing', async () => {
  await using imds = serveMetadata({ userData: '#vpc-cni\nWARM_ENI_TARGET=2\n' });
  using temporary = temporaryHost(`http://127.0.0.1:${imds.port}`);
  const { root, request } = temporary;
  const stages = ['image', 'boot'] as const;
  for (const stage of stages) await install(request({ stage }), silent);
  const before = timesOf(root);
  for (let round = 1; round <= 100; round += 1) {
    for (const stage of stages) {
      const { steps } = await install(
        request({ stage, plugins: round % 2 === 0 ? temporary.plugins : undefined }),
        silent,
      );
      expect({ round, stage, steps }).toEqual({ round, stage, steps: [] });
    }
  }
  expect(timesOf(root)).toEqual(before);
}, 60_000);
