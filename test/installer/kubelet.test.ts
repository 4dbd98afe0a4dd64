import { describe, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadSettings } from '../../src/config/index.ts';
import { describeStep, directoryEntries, type KubeletTarget, PATHS } from '../../src/hostspec/index.ts';
import { applySteps } from '../../src/installer/apply.ts';
import { tellKubelet, uninstall } from '../../src/installer/index.ts';
import { bootKubelet } from '../../src/installer/kubelet.ts';
import { planEntries } from '../../src/installer/plan-entries.ts';
import { startImdsService } from '../aws/imds-service.ts';
import { silent, temporaryHost, treeOf } from './temporary-host.ts';

const settingsOf = (target: string, endpoint: string) =>
  loadSettings({
    files: [],
    env: { KUBELET_MAX_PODS: target, AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint },
  }).settings;

describe('tellKubelet()', () => {
  for (const target of ['kubelet', 'nodeadm', 'env'] as const satisfies readonly KubeletTarget[])
    test(`${target}: uninstall takes the file and the directories made for it away again`, async () => {
      using temporary = temporaryHost();
      const before = treeOf(temporary.root);
      expect(await tellKubelet(temporary.host, target, 29)).toBe('written');
      expect(await tellKubelet(temporary.host, target, 29)).toBe('unchanged');
      expect(treeOf(temporary.root)).not.toEqual(before);
      await uninstall({ host: temporary.host, ec2: 'keep' }, silent);
      expect(treeOf(temporary.root)).toEqual([...before]);
    });
});

describe('bootKubelet()', () => {
  test('asks for nothing while nobody is to be told', async () => {
    using temporary = temporaryHost();
    const { host } = temporary;
    expect(await bootKubelet(host, settingsOf('off', 'http://127.0.0.1:9'), 50)).toEqual({
      entries: [],
      steps: [],
      notes: [],
    });
  });

  test('wants the file with the number of this instance', async () => {
    using temporary = temporaryHost();
    await using imds = startImdsService({ tree: { '/latest/meta-data/instance-type': 'm5.large' } });
    const { entries, notes } = await bootKubelet(temporary.host, settingsOf('nodeadm', imds.endpoint), 1_000);
    const [file] = entries.filter((entry) => entry.kind === 'file');
    expect([notes, file]).toEqual([
      [],
      {
        kind: 'file',
        path: '/etc/eks/nodeadm.d/50-vpc-cni.yaml',
        mode: 0o644,
        text: expect.stringContaining('maxPods: 29\n'),
      },
    ]);
  });

  test('leaves a file of somebody else, and says so', async () => {
    using temporary = temporaryHost();
    const path = join(temporary.root, 'etc/eks/nodeadm.d/50-vpc-cni.yaml');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'kind: NodeConfig\n');
    expect(await bootKubelet(temporary.host, settingsOf('nodeadm', 'http://127.0.0.1:9'), 50)).toEqual({
      entries: [],
      steps: [],
      notes: ['/etc/eks/nodeadm.d/50-vpc-cni.yaml is not written: somebody else wrote a file of that name'],
    });
  });

  test('does not stop a boot when the metadata service is silent', async () => {
    using temporary = temporaryHost();
    const { entries, notes } = await bootKubelet(temporary.host, settingsOf('env', 'http://127.0.0.1:9'), 50);
    expect([entries, notes]).toEqual([
      [],
      [expect.stringMatching(/^\/run\/vpc-cni\/kubelet.env is not written: IMDS_UNREACHABLE: /)],
    ]);
  });

  test('the boot stage moves the number when the setting moves, and takes it away when it is off', async () => {
    using temporary = temporaryHost();
    await using imds = startImdsService({ tree: { '/latest/meta-data/instance-type': 'm5.large' } });
    const boot = async (target: string): Promise<readonly string[]> => {
      const { entries, steps } = await bootKubelet(temporary.host, settingsOf(target, imds.endpoint), 1_000);
      const wanted = [...directoryEntries([PATHS.home]), ...entries];
      const plan = planEntries({ host: temporary.host, foreign: 'keep' }, wanted, undefined);
      const all = [...steps, ...plan.steps];
      const { undo } = await applySteps({ host: temporary.host, version: '', wanted, steps: all }, silent);
      undo.settle();
      return all.filter(({ kind }) => kind === 'write-file' || kind === 'remove-file').map(describeStep);
    };
    expect(await boot('nodeadm')).toEqual(['write /etc/eks/nodeadm.d/50-vpc-cni.yaml (0644)']);
    expect(await boot('nodeadm')).toEqual([]);
    expect(await boot('env')).toEqual([
      'remove /etc/eks/nodeadm.d/50-vpc-cni.yaml, which no setting asks for any more',
      'write /run/vpc-cni/kubelet.env (0644)',
    ]);
    expect(await boot('off')).toEqual(['remove /run/vpc-cni/kubelet.env, which no setting asks for any more']);
    expect(await boot('off')).toEqual([]);
    // A file of that name may be somebody else's.
    const foreign = join(temporary.root, 'etc/eks/nodeadm.d/50-vpc-cni.yaml');
    writeFileSync(foreign, 'kind: NodeConfig\n');
    expect(await boot('off')).toEqual([]);
  });
});
