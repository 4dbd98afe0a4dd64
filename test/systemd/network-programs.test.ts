import { expect, test } from 'bun:test';
import { runningPrograms } from '../../src/systemd/index.ts';

const rows = [
  { name: 'nothing was shown', shown: '', running: [] },
  {
    name: 'one runs, one is starting, one is not there',
    shown: [
      'Id=systemd-networkd.service\nActiveState=active\nMainPID=71',
      'Id=systemd-udevd.service\nActiveState=activating\nMainPID=0',
      'Id=NetworkManager.service\nActiveState=inactive\n',
    ].join('\n\n'),
    running: [
      ['systemd-networkd', 71],
      ['systemd-udevd', 0],
    ],
  },
  {
    name: 'a timer per interface is one program',
    shown: [
      'Id=refresh-policy-routes@ens5.timer\nActiveState=active',
      'Id=refresh-policy-routes@ens6.timer\nActiveState=active',
    ].join('\n\n'),
    running: [['amazon-ec2-net-utils', 0]],
  },
  { name: 'another unit', shown: 'Id=ssh.service\nActiveState=active\n', running: [] },
] as const;
for (const { name, shown, running } of rows)
  test(`runningPrograms() ${name}`, () => {
    expect([...runningPrograms(shown)]).toEqual(running.map(([program, pid]) => [program, pid]));
  });
