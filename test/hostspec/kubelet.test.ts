import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KUBELET_FILES, type KubeletTarget, kubeletEntries, kubeletPath } from '../../src/hostspec/index.ts';

const golden = (name: string): string => readFileSync(join(import.meta.dir, 'golden', name), 'utf8');
const textOf = (target: KubeletTarget, count: number): string =>
  kubeletEntries(target, count)
    .flatMap((entry) => (entry.kind === 'file' ? [entry.text] : []))
    .join('');

const files = [
  ['kubelet', '/etc/kubernetes/kubelet/config.json.d/50-vpc-cni.conf', '50-vpc-cni.conf'],
  ['nodeadm', '/etc/eks/nodeadm.d/50-vpc-cni.yaml', '50-vpc-cni.yaml'],
  ['env', '/run/vpc-cni/kubelet.env', 'kubelet.env'],
] as const;
for (const [target, path, name] of files) {
  test(`kubeletEntries() for ${target} is ${name}`, () => expect(textOf(target, 58)).toBe(golden(name)));
  test(`kubeletPath() of ${target}`, () =>
    expect([kubeletPath(target), KUBELET_FILES.includes(path)]).toEqual([path, true]));
}

test('the drop-ins are YAML that says the number where it is read', () => {
  expect([Bun.YAML.parse(textOf('kubelet', 58)), Bun.YAML.parse(textOf('nodeadm', 58))]).toEqual([
    { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', maxPods: 58 },
    {
      apiVersion: 'node.eks.aws/v1alpha1',
      kind: 'NodeConfig',
      spec: { kubelet: { maxPodsExpression: '58', config: { maxPods: 58 } } },
    },
  ]);
});

test('the state of a boot stays private, other directories are as usual', () => {
  const directories = (target: KubeletTarget): readonly string[] =>
    kubeletEntries(target, 1).flatMap((entry) =>
      entry.kind === 'directory' ? [`${entry.path} ${entry.mode.toString(8)}`] : [],
    );
  expect([directories('env'), directories('nodeadm')]).toEqual([
    ['/run 755', '/run/vpc-cni 700'],
    ['/etc 755', '/etc/eks 755', '/etc/eks/nodeadm.d 755'],
  ]);
});
