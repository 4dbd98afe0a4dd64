import { expect } from 'bun:test';
import { chmodSync } from 'node:fs';
import { basename } from 'node:path';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { expectNoneLost, INTERNET } from '../../../support/case-versions.ts';
import { executable } from '../../../support/e2e.ts';
import { bring, follow, sectionsOf, shellOf } from '../../../support/guide.ts';
import { buildVersion } from '../../../support/versions.ts';

/** Of the package manager, which the page calls. */
const APT = /^[+~-] \/var\/(?:cache|lib|log)\/(?:apt|dpkg)/;

export default async function run(guest: CaseGuest): Promise<void> {
  const name = basename(executable());
  bring(guest, executable(), `/root/${name}`);
  bring(guest, buildVersion('9.1.0'), `/root/next/${name}`);
  for (const path of ['next/', '']) chmodSync(`${guest.machine.root}/root/${path}${name}`, 0o755);
  await guest.pristine();
  chmodSync(`${guest.machine.root}/root/${name}`, 0o644);

  const sections = [...sectionsOf('operator-guide.md', 'sh host').values()];
  const [first, last] = [sections.at(0) ?? [], sections.at(-1) ?? []];
  expect(sections.map(([block]) => block?.heading)).toEqual([
    '1. A bare host becomes a node',
    'Settings',
    'Changes by hand',
    'Upgrade and roll back',
    '4. Give everything back',
  ]);
  await follow(first, shellOf(guest));
  // Whatever a reader does in between, pods do not notice.
  const [a, b] = [await guest.addPod('a'), await guest.addPod('b')];
  const pings = [guest.ping(a, b.address), guest.ping(b, INTERNET)];
  for (const section of sections.slice(1, -1)) await follow(section, shellOf(guest));
  await expectNoneLost(guest, pings);
  for (const pod of [a, b]) await guest.deletePod(pod);
  await follow(last, shellOf(guest));

  expect((await guest.remains()).filter((line) => !APT.test(line))).toEqual([]);
  const { nodes } = await guest.vpc.status();
  expect(nodes[0]?.enis.map(({ addresses }) => addresses.length)).toEqual([1]);
}
