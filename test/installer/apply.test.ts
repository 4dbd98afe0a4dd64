import { describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Step } from '../../src/hostspec/index.ts';
import { applyStep } from '../../src/installer/apply-step.ts';
import type { Host } from '../../src/installer/index.ts';
import { type TemporaryHost, temporaryHost, treeOf } from './temporary-host.ts';

const apply = (host: Host, step: Step) =>
  applyStep({ host, renderManifest: () => '{}', onReason: () => undefined, onNote: () => undefined }, step);

function put({ root }: TemporaryHost, path: string, text: string, mode: number): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

/** A host with a file, a program and a link of ours, and a payload. */
function prepared(): TemporaryHost {
  const temporary = temporaryHost();
  put(temporary, '/etc/text', 'before', 0o640);
  put(temporary, '/usr/bin/program', 'before', 0o4750);
  symlinkSync('elsewhere', join(temporary.root, 'usr/bin/link'));
  put(temporary, '/opt/vpc-cni/1.0.0/vpc-cni', 'one', 0o755);
  put(temporary, '/opt/vpc-cni/1.0.0/plugins/loopback', 'two', 0o755);
  return temporary;
}

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const copy = { kind: 'copy-program', mode: 0o755, size: 1, from: '', sha256: '' } as const;
const steps: readonly Step[] = [
  { kind: 'make-directory', path: '/opt/new', mode: 0o755 },
  { kind: 'set-mode', path: '/etc/text', mode: 0o600, owner, before: { mode: 0o640, owner } },
  { kind: 'write-file', path: '/etc/text', mode: 0o644, text: 'after', before: { text: 'before', mode: 0o640 } },
  { kind: 'write-file', path: '/etc/new', mode: 0o644, text: 'after', before: undefined },
  { ...copy, path: '/usr/bin/program', before: 'different' },
  { ...copy, path: '/usr/bin/new', before: 'absent' },
  { kind: 'make-link', path: '/usr/bin/link', target: 'here', before: 'elsewhere', over: 'link' },
  { kind: 'make-link', path: '/usr/bin/program', target: 'here', before: undefined, over: 'file' },
  { kind: 'make-link', path: '/usr/bin/new', target: 'here', before: undefined, over: 'nothing' },
  { kind: 'save-foreign', path: '/etc/text', to: '/opt/vpc-cni/saved/etc__text', found: 'file' },
  { kind: 'remove-file', path: '/etc/text', mode: 0o640, before: 'before' },
  { kind: 'write-manifest', path: '/opt/vpc-cni/1.0.0/manifest.json' },
  { kind: 'keep-payload', path: '/opt/vpc-cni/1.0.0+abc', from: '/opt/vpc-cni/1.0.0' },
  { kind: 'remove-link', path: '/usr/bin/link', target: 'elsewhere' },
  { kind: 'set-sysctl', key: ['net', 'ipv4', 'ip_forward'], before: '0', value: '1' },
];

describe('applyStep() and its undo', () => {
  for (const [index, step] of steps.entries())
    test(`${step.kind} (${index})`, async () => {
      using temporary = prepared();
      const { root, host, executable } = temporary;
      const before = treeOf(root);
      const whole: Step =
        step.kind === 'copy-program' ? { ...step, from: executable, sha256: host.local.sha256(executable) } : step;
      const undo = await apply(host, whole);
      expect(treeOf(root)).not.toEqual(before);
      if (undo.kind !== 'undo') throw new Error('nothing takes it back');
      await undo.run();
      expect(treeOf(root)).toEqual(before);

      const again = await apply(host, whole);
      if (again.kind === 'undo') again.settle?.();
      expect(treeOf(root).filter((line) => line.includes('.tmp '))).toEqual([]);
    });

  test('a program that changes while it is copied is not installed', async () => {
    using temporary = prepared();
    const { root, host, executable } = temporary;
    const before = treeOf(root);
    const sha256 = 'f'.repeat(64);
    const step: Step = { ...copy, path: '/usr/bin/program', from: executable, sha256, before: 'different' };
    await expect(apply(host, step)).rejects.toThrow('it changed while it was copied');
    expect(treeOf(root)).toEqual(before);
  });
});
