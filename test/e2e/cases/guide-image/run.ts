import { join } from 'node:path';
import type { CaseGuest } from '../../../support/case-guest.ts';
import { follow, sectionsOf, shellOf } from '../../../support/guide.ts';

const HERE = join(import.meta.dir, '../../../..');

export default async function run(guest: CaseGuest): Promise<void> {
  // A volume that is mounted at another place than the page says, and nobody else's file of user data.
  const fill = `script=\${2//'/mnt/image'/$1}; exec bash -uc "\${script//'/tmp/user-data'/'/tmp/user-data-${process.pid}'}"`;
  const shell = (script: string) => guest.machine.outside('bash', '-c', fill, 'bash', 'ROOT', script);
  for (const section of sectionsOf('operator-guide.md', 'sh image').values())
    await follow(section, shell, `cd '${HERE}'`);
  await guest.machine.boot();
  for (const section of sectionsOf('operator-guide.md', 'sh first-boot').values())
    await follow(section, shellOf(guest));
}
