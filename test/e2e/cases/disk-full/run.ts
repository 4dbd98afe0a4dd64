import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { until } from '../../../support/e2e.ts';
import { diffFiles } from '../../../support/guest-files.ts';
import { UNIT } from '../../../support/systemd-guest.ts';

/** More files than an installation has: a guard, not a measure. */
const MOST_FILES = 300;
/** How much of what an installation takes is free. */
const PARTS = [0, 0.01, 0.5, 0.9, 0.99] as const;
const NONE = { files: 0, bytes: 0 } as const;
const PLENTY = { files: 1_000_000, bytes: 2 ** 32 } as const;

interface Room {
  readonly files: number;
  readonly bytes: number;
}

/** What is on the disk of the guest now. */
async function usedOf(guest: CaseGuest): Promise<Room> {
  const { stdout } = await guest.machine.outside('df', '--output=iused,used', '--block-size=1', 'ROOT/..');
  const [files = 0, bytes = 0] = stdout.trim().split('\n').at(-1)?.trim().split(/\s+/).map(Number) ?? [];
  return { files, bytes };
}

/** Gives the disk of the guest so much room beyond what is on it. */
async function leaveRoom(guest: CaseGuest, room: Room): Promise<void> {
  const used = await usedOf(guest);
  const options = `remount,nr_inodes=${used.files + room.files},size=${used.bytes + room.bytes}`;
  const { exitCode, stderr } = await guest.machine.outside('mount', '-o', options, 'ROOT/..');
  if (exitCode !== 0) throw new Error(stderr);
}

/** An image stage with so much room. When it fails it must leave nothing, and say why. */
async function attempt(guest: CaseGuest, room: Room): Promise<'failed' | 'done'> {
  await leaveRoom(guest, room);
  const { exitCode, stdout } = await guest.cli('install', '--stage', 'image', '--json');
  await leaveRoom(guest, PLENTY);
  const { ok, error } = JSON.parse(stdout);
  if (ok) return 'done';
  expect({ room, exitCode, error }).toEqual({
    room,
    exitCode: 1,
    error: expect.objectContaining({ message: expect.stringMatching(/no space left on the file system/) }),
  });
  expect({ room, remains: await guest.remains() }).toEqual({ room, remains: [] });
  return 'failed';
}

/** Room for ever more files, until it is enough; then for ever more bytes; then a daemon that has no room. */
export default async function run(guest: CaseGuest): Promise<void> {
  // What the journal takes meanwhile would be taken from us.
  await guest.machine.write('/etc/systemd/journald.conf.d/case.conf', '[Journal]\nStorage=volatile\n');
  await guest.text('systemctl', 'restart', 'systemd-journald');
  await guest.pristine();
  const before = await usedOf(guest);
  let files = 0;
  while ((await attempt(guest, { ...PLENTY, files })) === 'failed') {
    files += 1;
    expect(files).toBeLessThan(MOST_FILES);
  }
  const bytes = (await usedOf(guest)).bytes - before.bytes;
  guest.tell(`an image takes ${files} files and ${Math.round(bytes / 1e6)} MB`);
  await guest.uninstall();
  for (const part of PARTS) expect(await attempt(guest, { ...PLENTY, bytes: Math.floor(bytes * part) })).toBe('failed');

  await expectLaterFull(guest);
  await guest.uninstall();
  expect(await guest.remains()).toEqual([]);
}

/** A disk that is full when the node boots, and one that is when the daemon starts again: told, and over with the cause. */
async function expectLaterFull(guest: CaseGuest): Promise<void> {
  await guest.install('--stage', 'image');
  const baked = guest.tree();
  await leaveRoom(guest, NONE);
  expect((await guest.failure('install')).error.message).toMatch(/no space left/);
  await leaveRoom(guest, PLENTY);
  expect(diffFiles(baked, guest.tree())).toEqual([]);
  await guest.install();

  const conflist = '/etc/cni/net.d/10-aws.conflist';
  await guest.text('rm', conflist);
  await leaveRoom(guest, NONE);
  await guest.text('systemctl', 'restart', '--no-block', UNIT);
  const status = (): Promise<string> => guest.machine.property('StatusText');
  await until('the daemon to say why', async () => (/no space left/.test(await status()) ? true : undefined));
  expect([await guest.machine.property('ActiveState'), await guest.machine.has(conflist)]).toEqual([
    'activating',
    false,
  ]);
  await leaveRoom(guest, PLENTY);
  await guest.machine.untilProperty('ActiveState', 'active');
  expect(await guest.install()).toMatchObject({ changed: false, changes: [] });
}
