import { expect } from 'bun:test';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { until } from '../../../support/e2e.ts';

const INSTALLS = 100;
/** Every tenth is one of a part of the work, as an image build and the unit call it. */
const STAGES = ['image', 'boot'] as const;

/** Installs again and again, and looks at everything only before and after. */
export default async function run(guest: CaseGuest): Promise<void> {
  await guest.install();
  // The daemon's checkpoint follows what it does: that is not the installs' doing.
  await until('the checkpoint to have all addresses', async () => {
    const { enis } = JSON.parse(await guest.text('cat', '/run/vpc-cni/pool.json'));
    const { daemon } = JSON.parse(await guest.text('vpc-cni', 'status', '--json'));
    return enis.flatMap(({ cidrs }: { readonly cidrs: readonly string[] }) => cidrs).length === daemon.pool.total
      ? true
      : undefined;
  });
  const [stamps, kernel] = [guest.stamps(), await guest.kernel()];
  const pid = await guest.machine.property('MainPID');
  const begin = performance.now();
  for (let count = 1; count < INSTALLS; count += 1) {
    const stage = count % 10 === 0 ? STAGES[(count / 10) % STAGES.length] : undefined;
    const words = stage === undefined ? [] : ['--stage', stage];
    expect(await guest.install(...words)).toMatchObject({ changed: false, changes: [], steps: [] });
  }
  guest.tell(`an install with nothing to do: ${Math.round((performance.now() - begin) / (INSTALLS - 1))} ms`);
  expect(guest.stamps().filter((line) => !stamps.includes(line))).toEqual([]);
  expect(await guest.kernel()).toBe(kernel);
  expect(await guest.machine.property('MainPID')).toBe(pid);
}
