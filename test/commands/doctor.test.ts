import { describe, expect, test } from 'bun:test';
import { chmodSync, chownSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { run } from '../../src/commands/doctor.ts';
import { PATHS } from '../../src/hostspec/index.ts';
import { DOCTOR_SCHEMA, diagnose, type Finding } from '../../src/inspect/index.ts';
import { install } from '../../src/installer/index.ts';
import { silent, type TemporaryHost, temporaryHost } from '../installer/temporary-host.ts';
import { BREAKAGES, put } from './broken-images.ts';
import { callCommand } from './call.ts';

/** An image as `install --stage image` leaves it, cleaned up as the image template does. */
async function bakedImage(): Promise<TemporaryHost> {
  const temporary = temporaryHost();
  await install(temporary.request(), silent);
  writeFileSync(join(temporary.root, 'etc/machine-id'), '');
  return temporary;
}

const isDocument = new Ajv().compile(DOCTOR_SCHEMA);

async function doctor(root: string, ...more: readonly string[]) {
  const { code, stdout } = await callCommand(run, { argv: ['--image', '--root', root, '--json', ...more] });
  const { ok, findings }: { ok: boolean; findings: readonly Finding[] } = JSON.parse(stdout);
  isDocument(JSON.parse(stdout));
  expect(isDocument.errors ?? []).toEqual([]);
  return { code, ok, said: findings.map(({ code, severity, evidence }) => `${severity} ${code}: ${evidence}`) };
}

const clean = { code: 0, ok: true, said: [] };

describe('doctor --image', () => {
  test('finds nothing in an image as it was baked', async () => {
    using image = await bakedImage();
    expect(await doctor(image.root)).toEqual(clean);
    const { code, stdout } = await callCommand(run, { argv: ['--image', '--root', image.root] });
    expect([code, stdout]).toEqual([0, 'No fault found.\n']);
  });

  for (const { name, breaks, code, said } of BREAKAGES)
    test(`finds ${name}, and only that`, async () => {
      using image = await bakedImage();
      breaks((path) => join(image.root, path));
      const expected = said.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line)));
      expect(await doctor(image.root)).toEqual({ code, ok: code === 0, said: expected });
    });

  test.skipIf(process.getuid?.() !== 0)('finds a file of somebody else', async () => {
    using image = await bakedImage();
    chownSync(join(image.root, PATHS.unit), 1000, 1000);
    expect((await doctor(image.root)).said).toEqual([
      `fault INSTALLED_OWNER: ${PATHS.unit} belongs to 1000:1000, not 0:0`,
    ]);
  });

  test('names what is behind a stock plugin that was there first', async () => {
    using temporary = temporaryHost();
    const own = join(temporary.root, 'opt/cni/bin/loopback');
    put(own, '#!/bin/sh\n');
    chmodSync(own, 0o755);
    await install(temporary.request(), silent);
    writeFileSync(join(temporary.root, 'etc/machine-id'), '');
    const { said } = await doctor(temporary.root);
    expect(said).toContain('note PLUGIN_FOREIGN: /opt/cni/bin/loopback is not ours');
    chmodSync(own, 0o644);
    expect((await doctor(temporary.root)).said).toContain(
      'fault PLUGIN_MISSING: /opt/cni/bin/loopback cannot be executed',
    );
  });

  test('tells people the worst first, with what to do, and counts', async () => {
    using image = await bakedImage();
    put(join(image.root, 'var/lib/cni/results/x'), '');
    truncateSync(join(image.root, 'etc/machine-id'));
    unlinkSync(join(image.root, PATHS.command));
    const { code, stdout } = await callCommand(run, { argv: ['--image', '--root', image.root] });
    expect([code, stdout]).toEqual([
      3,
      `fault INSTALLED_MISSING: the link /usr/bin/vpc-cni is missing
  → run "vpc-cni install", which puts it back
warning IMAGE_CNI_CACHE: /var/lib/cni/results holds 1 files
  → empty the directory before the image is taken; the boot stage does so too
1 fault found, 1 warning.
`,
    ]);
  });

  test('sends nobody to install on a node that aws-node was given', async () => {
    using image = await bakedImage();
    const record = join(image.root, PATHS.record);
    const handedBack = '2026-07-01T10:00:00.000Z';
    writeFileSync(record, JSON.stringify({ ...JSON.parse(readFileSync(record, 'utf8')), handedBack }));
    for (const name of ['aws-cni', 'egress-cni']) unlinkSync(join(image.root, 'opt/cni/bin', name));
    unlinkSync(join(image.root, PATHS.unitEnabled));
    expect(await doctor(image.root)).toEqual({
      code: 0,
      ok: true,
      said: [`note HANDED_BACK: ${PATHS.record} says that aws-node got this node at ${handedBack}`],
    });
  });

  test('changes nothing', async () => {
    using image = await bakedImage();
    const before = Bun.spawnSync(['find', image.root, '-printf', '%p %m %T@ %C@\n']).stdout.toString();
    await doctor(image.root);
    expect(Bun.spawnSync(['find', image.root, '-printf', '%p %m %T@ %C@\n']).stdout.toString()).toBe(before);
  });

  test('is for images where there is a root', async () => {
    const { code, stderr } = await callCommand(run, { argv: ['--root', '/mnt'] });
    expect([code, stderr]).toEqual([2, expect.stringContaining('--root is for images and needs --image')]);
  });
});

test('--schema is the schema, and --fix is for hosts', async () => {
  const { code, stdout } = await callCommand(run, { argv: ['--schema'] });
  expect([code, JSON.parse(stdout)]).toEqual([0, JSON.parse(JSON.stringify(DOCTOR_SCHEMA))]);
  const refused = await callCommand(run, { argv: ['--image', '--fix'] });
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--fix is for a host')]);
});

test('a value of the kernel that is empty is called so', () => {
  const facts = { installed: { kind: 'checked', version: '1.2.3', faults: [] }, settings: { kind: 'valid' } } as const;
  const step = {
    kind: 'set-sysctl',
    key: ['net', 'ipv4', 'ip_local_reserved_ports'],
    value: '61678',
    before: '',
  } as const;
  const found = diagnose({
    ...facts,
    dropIns: [],
    rivals: [],
    hotplug: { udev: [], cloudInit: [] },
    conflists: { earlier: [] },
    plugins: [],
    boot: { kind: 'planned', steps: [step], problems: [] },
  });
  expect(found.map(({ evidence }) => evidence)).toEqual(['net.ipv4.ip_local_reserved_ports is empty, not 61678']);
});
