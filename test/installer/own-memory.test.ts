import { describe, expect, test } from 'bun:test';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HostError } from '../../src/errors/index.ts';
import { AWS_NODE, PATHS } from '../../src/hostspec/index.ts';
import { handOver, writeAwsNodeCheckpoint } from '../../src/installer/hand-over.ts';
import { readOwnMemory, writeOwnAllocations } from '../../src/installer/own-memory.ts';
import {
  type JournalRecord,
  NOTHING_REMEMBERED,
  type Orphan,
  parseCheckpoint,
  renderCheckpoint,
  renderJournalHeader,
  renderRecords,
  renderSideFile,
} from '../../src/pool/index.ts';
import { address, owner } from '../pool/sample.ts';
import { type TemporaryHost, temporaryHost } from './temporary-host.ts';

const pod = (n: number, at = n): Orphan => ({
  address: address(at),
  owner: owner(n),
  since: 1_700_000_000_000_000_123n,
});
const names = (pods: readonly Orphan[] | undefined): string[] =>
  (pods ?? []).map(({ owner: { containerId }, address: at }) => `${containerId} ${at}`).sort();

/** What a daemon leaves that was killed: a checkpoint, and a journal that is ahead of it. */
function killed(host: TemporaryHost, pods: readonly Orphan[], since: readonly JournalRecord[]): void {
  const write = (name: string, text: string): void => {
    const path = join(host.root, PATHS.run, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const of = { bootId: 'boot-1', generation: 7 };
  write('ipam.json', renderCheckpoint(pods));
  write('ipam.json.prev', renderCheckpoint(pods));
  write('pool.json', renderSideFile({ ...NOTHING_REMEMBERED, ...of, intents: [{ kind: 'create-eni', key: 'token' }] }));
  write('journal', renderJournalHeader(of) + renderRecords(since));
}

const JOURNAL: readonly JournalRecord[] = [
  { kind: 'assigned', ...pod(3) },
  { kind: 'released', address: address(1), owner: owner(1), untilMs: 5 },
];

describe('handing over after the daemon was killed', () => {
  test('aws-node learns of its last calls, too', async () => {
    using host = temporaryHost();
    killed(host, [pod(1), pod(2)], JOURNAL);
    await writeAwsNodeCheckpoint(host.host);
    expect(names(parseCheckpoint(host.host.files.read(AWS_NODE.checkpoint) ?? ''))).toEqual([
      'sandbox2 10.0.0.2',
      'sandbox3 10.0.0.3',
    ]);
  });

  test('a torn checkpoint is made up for by the one before it', () => {
    using host = temporaryHost();
    killed(host, [pod(1), pod(2)], JOURNAL);
    truncateSync(join(host.root, PATHS.checkpoint), 30);
    expect(names(handOver(host.host.files)?.pods)).toEqual(['sandbox2 10.0.0.2', 'sandbox3 10.0.0.3']);
  });

  test('without any that can be read it is refused: aws-node would forget the pods', () => {
    using host = temporaryHost();
    killed(host, [pod(1)], JOURNAL);
    for (const name of ['ipam.json', 'ipam.json.prev']) truncateSync(join(host.root, PATHS.run, name), 30);
    expect(() => handOver(host.host.files)).toThrow(HostError);
  });

  test('a node without a daemon has nothing to hand over', () => {
    using host = temporaryHost();
    expect(handOver(host.host.files)).toBeUndefined();
  });
});

describe('allocations taken over from aws-node', () => {
  test('are what the daemon finds: nothing an earlier one noted is carried out on top', () => {
    using host = temporaryHost();
    // Since then aws-node has given the address of pod 3 to pod 9, and pod 1 is its own again.
    killed(host, [pod(1), pod(2)], JOURNAL);
    writeOwnAllocations(host.host.files, [pod(1), pod(9, 3)]);
    const { memory, bootId } = readOwnMemory(host.host.files) ?? {};
    // The pods of aws-node run: the daemon must not take them for those of an earlier boot, whatever it calls this one.
    expect(bootId).toBeUndefined();
    expect(names(memory?.allocations)).toEqual(['sandbox1 10.0.0.1', 'sandbox9 10.0.0.3']);
    // What EC2 was asked for is still to be looked after.
    expect(memory?.intents).toEqual([{ kind: 'create-eni', key: 'token' }]);
  });
});
