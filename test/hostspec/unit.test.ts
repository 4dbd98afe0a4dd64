import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOurText, renderSysctlDropIn, renderUnit } from '../../src/hostspec/index.ts';

const rows = [
  { name: 'vpc-cni-ipamd.service', text: renderUnit() },
  { name: '90-vpc-cni.conf', text: renderSysctlDropIn() },
];
for (const row of rows) {
  test(`${row.name} is the golden file, and is marked as ours`, () => {
    expect(row.text).toBe(readFileSync(join(import.meta.dir, 'golden', row.name), 'utf8'));
    expect(isOurText(row.text)).toBe(true);
  });
}
