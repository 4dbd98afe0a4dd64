import { expect, test } from 'bun:test';
import type { RunCommand } from '../../src/commands/command.ts';
import { run as config } from '../../src/commands/config.ts';
import { run as doctor } from '../../src/commands/doctor.ts';
import { run as install } from '../../src/commands/install.ts';
import { run as maxPods } from '../../src/commands/max-pods.ts';
import { run as uninstall } from '../../src/commands/uninstall.ts';
import { callCommand } from './call.ts';

const commands: readonly (readonly [name: string, run: RunCommand, words: readonly string[]])[] = [
  ['config check', config, ['check']],
  ['doctor', doctor, ['--image']],
  ['install', install, ['--stage=image', '--dry-run']],
  ['max-pods', maxPods, ['--instance-type=m5.large']],
  ['uninstall', uninstall, ['--dry-run']],
];

for (const [name, run, words] of commands)
  for (const [root, why] of [
    ['/nowhere/image', 'It is not there.'],
    ['/etc/hosts', 'It is no directory.'],
  ] as const)
    test(`${name} refuses the root ${root} of an image`, async () => {
      const { code, stdout, stderr } = await callCommand(run, { argv: [...words, '--root', root] });
      expect([code, stdout, stderr.split('\n')[0]]).toEqual([
        2,
        '',
        `USAGE: wrong usage: option '--root <dir>' argument '${root}' is invalid. ${why}`,
      ]);
    });
