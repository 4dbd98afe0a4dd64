import { expect } from 'bun:test';
import { chmodSync } from 'node:fs';
import { basename } from 'node:path';
import { AwsNodeGuest } from '../../../support/aws-node-guest.ts';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { INTERNET } from '../../../support/case-versions.ts';
import { executable } from '../../../support/e2e.ts';
import { bring, follow, sectionsOf, shellOf } from '../../../support/guide.ts';

export default async function run(guest: CaseGuest): Promise<void> {
  const name = basename(executable());
  bring(guest, executable(), `/root/${name}`);
  chmodSync(`${guest.machine.root}/root/${name}`, 0o755);
  const aws = await AwsNodeGuest.start(guest, { program: 'iptables-nft', connmark: 'nftables' });
  const sections = sectionsOf('takeover.md', 'sh takeover');
  expect([...sections.keys()]).toEqual(['Take it over', 'Give it back', 'Remove what is left of ours']);
  const talk = aws.talk(INTERNET);
  await follow(sections.get('Take it over') ?? [], shellOf(guest));
  await follow(sections.get('Give it back') ?? [], shellOf(guest));
  const { answered, lost } = await talk.end();
  expect(lost).toEqual([]);
  expect(answered).toBeGreaterThan(50);

  await aws.startIpamd();
  const conflist = '/etc/cni/net.d/10-aws.conflist';
  await guest.machine.write(conflist, '{"name":"aws-cni","cniVersion":"0.4.0","plugins":[]}\n');
  await follow(sections.get('Remove what is left of ours') ?? [], shellOf(guest));
  expect(await guest.machine.has('/opt/vpc-cni')).toBe(false);
  expect(await guest.machine.has(conflist)).toBe(true);
}
