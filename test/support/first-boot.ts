import { expect } from 'bun:test';
import { statSync } from 'node:fs';
import { parseConflistText } from '../../src/hostspec/index.ts';
import type { CaseGuest } from './case-guest.ts';
import { executable, until } from './e2e.ts';

const CONFLIST = '/etc/cni/net.d/10-aws.conflist';
const INTERNET = '198.51.100.1';

/** Bakes the files of a guest that is off, as an image builder does on a volume that is mounted. Tells how long it took. */
export async function bake(guest: CaseGuest): Promise<void> {
  const words = ['install', '--stage', 'image', '--root', 'ROOT', '--json'] as const;
  const { exitCode, stdout, stderr } = await guest.machine.outside(executable(), ...words);
  if (exitCode !== 0) throw new Error(`the image stage failed: ${stdout}${stderr}`);
  guest.tell(`image stage ${JSON.parse(stdout).ms} ms`);
}

/** Milliseconds of the machine's clock at which systemd did something with the unit; 0 when it did not. */
async function stampOf(guest: CaseGuest, name: string): Promise<number> {
  return Number(await guest.machine.property(`${name}TimestampMonotonic`)) / 1000;
}

/**
 * Switches a baked guest on and proves that it becomes a node by itself: the unit ready, the conflist published by then and
 * not before, pods served. Tells how long that took.
 */
export async function expectReadyNode(guest: CaseGuest): Promise<void> {
  const { machine } = guest;
  const powerOn = Date.now();
  await machine.switchOn();
  const conflist = `${machine.root}${CONFLIST}`;
  const published = await until('the conflist', () => statSync(conflist, { throwIfNoEntry: false })?.mtimeMs);
  await machine.untilProperty('ActiveState', 'active');
  await machine.untilBooted();
  const [boot, daemon, active] = await Promise.all([
    stampOf(guest, 'InactiveExit'),
    stampOf(guest, 'ExecMainStart'),
    stampOf(guest, 'ActiveEnter'),
  ]);
  const shown = [
    `conflist ${Math.round(published - powerOn)} ms after power on`,
    `boot stage ${Math.round(daemon - boot)} ms`,
    `daemon ready after ${Math.round(active - daemon)} ms`,
  ];
  guest.tell(shown.join(', '));
  expect(parseConflistText(await guest.text('cat', CONFLIST)).name).toBe('aws-cni');
  expect(JSON.parse(await guest.text('vpc-cni', 'status', '--json'))).toMatchObject({ ready: true });
  // What it booted with is all there is to do.
  expect(await guest.install()).toMatchObject({ changed: false, changes: [] });
  const [a, b] = [await guest.addPod('a'), await guest.addPod('b')];
  expect(await guest.unreached(a, b.address, INTERNET)).toEqual([]);
  for (const pod of [a, b]) await guest.deletePod(pod);
}
