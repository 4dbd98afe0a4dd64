import { describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AWS_NODE, PATHS } from '../../src/hostspec/index.ts';
import { install } from '../../src/installer/index.ts';
import { keepForTakeBack, takeBackTakeover } from '../../src/installer/take-back.ts';
import { parseCheckpoint } from '../../src/pool/index.ts';
import { type AwsNodePod, awsNodeCheckpoint, awsNodeConflist } from '../support/aws-node.ts';
import { silent, type TemporaryHost, temporaryHost, treeOf } from './temporary-host.ts';

const pod = (n: number): AwsNodePod & { readonly since: bigint } => ({
  ...{ namespace: 'ns', name: `web-${n}`, containerId: `c${n}`, netns: '', table: 2, address: `10.0.1.${n}` },
  since: BigInt(n),
});
/** As aws-node writes it, and a space more, so that being written again shows. */
const THEIRS = `${awsNodeCheckpoint([pod(1), pod(2)]).trimEnd()} \n`;

function write({ root }: TemporaryHost, path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

/** A root that aws-node has left. */
function ofAwsNode(): TemporaryHost {
  const host = temporaryHost();
  mkdirSync(join(host.root, 'opt'));
  write(host, AWS_NODE.checkpoint, THEIRS, 0o600);
  write(host, PATHS.conflist, awsNodeConflist(), 0o640);
  write(host, `${PATHS.cniBin}/aws-cni`, 'of upstream', 0o755);
  return host;
}

/** What a takeover has done when its daemon has served for a while. */
async function takenOver(host: TemporaryHost, pods: readonly number[]) {
  const before = keepForTakeBack(host.host, parseCheckpoint(THEIRS));
  await install(host.request(), silent);
  write(host, PATHS.checkpoint, awsNodeCheckpoint(pods.map(pod)), 0o600);
  write(host, PATHS.conflist, '{"of":"ours"}');
  return before;
}

describe('takeBackTakeover()', () => {
  test('gives a first installation back whole, and does not touch the checkpoint', async () => {
    using host = ofAwsNode();
    const tree = treeOf(host.root);
    const before = await takenOver(host, [2, 1]);
    expect(treeOf(host.root)).not.toEqual(tree);
    expect(await takeBackTakeover(host.host, before)).toEqual([]);
    expect(treeOf(host.root)).toEqual(tree);
  });

  test('writes the checkpoint when our daemon has added or deleted pods', async () => {
    using host = ofAwsNode();
    const before = await takenOver(host, [2, 3]);
    expect(await takeBackTakeover(host.host, before)).toEqual([]);
    expect(host.host.files.read(AWS_NODE.checkpoint)).toBe(awsNodeCheckpoint([pod(2), pod(3)]));
  });

  test('leaves what was installed before, but not what serves pods', async () => {
    using host = ofAwsNode();
    await install(host.request(), silent);
    const before = await takenOver(host, [1, 2]);
    expect(await takeBackTakeover(host.host, before)).toEqual([]);
    const { files } = host.host;
    expect(files.read(`${PATHS.cniBin}/aws-cni`)).toBe('of upstream');
    expect([PATHS.unitEnabled, PATHS.run, `${PATHS.cniBin}/egress-cni`].map((path) => files.fact(path).kind)).toEqual([
      'absent',
      'absent',
      'absent',
    ]);
    expect(files.read(PATHS.conflist)).toBe(awsNodeConflist());
    expect(files.fact(PATHS.record).kind).toBe('file');
    expect(files.read(AWS_NODE.checkpoint)).toBe(THEIRS);
  });
});
