import { describe, expect, test } from 'bun:test';
import { HostError } from '../../src/errors/index.ts';
import { parseCheckpoint, renderCheckpoint, restorePool } from '../../src/pool/index.ts';
import { address, eni, NOW, owner, show } from './sample.ts';

// Written by hand in the shape upstream v1.23 writes, with a timestamp that a double cannot hold.
const UPSTREAM = `{"version":"vpc-cni-ipam/1","allocations":[{"networkName":"aws-cni","containerID":"3e4f","ifName":"eth0","ipv4":"10.0.0.5","allocationTimestamp":1700000000000000123,"metadata":{"k8sPodNamespace":"ns","k8sPodName":"web-0","interfacesCount":1}},{"networkName":"aws-cni","containerID":"v6","ifName":"eth0","ipv6":"2001:db8::5","allocationTimestamp":1,"metadata":{}}]}\n`;

describe('checkpoint', () => {
  test("reads upstream's file to the nanosecond and leaves IPv6 pods out", () => {
    expect(parseCheckpoint(UPSTREAM)).toEqual([
      {
        address: '10.0.0.5' as ReturnType<typeof address>,
        owner: { network: 'aws-cni', containerId: '3e4f', ifName: 'eth0', podNamespace: 'ns', podName: 'web-0' },
        since: 1700000000000000123n,
      },
    ]);
  });
  test('what it writes it reads back, and the number is a plain integer', () => {
    const entries = [{ address: address(5), owner: owner(1), since: 1700000000000000123n }];
    const text = renderCheckpoint(entries);
    expect(text).toContain('"allocationTimestamp":1700000000000000123,');
    expect(parseCheckpoint(text)).toEqual(entries);
  });
  test('an empty list of a Go writer is null', () => {
    expect(parseCheckpoint('{"version":"vpc-cni-ipam/1","allocations":null}')).toEqual([]);
  });
  test.each([
    ['a torn file', UPSTREAM.slice(0, 80)],
    ['an empty file', ''],
    ['another version', '{"version":"vpc-cni-ipam/2","allocations":[]}'],
    ['no object', '[]'],
    ['a wrong address', UPSTREAM.replace('10.0.0.5', '999.1.1.1')],
    [
      'an entry without a container',
      '{"version":"vpc-cni-ipam/1","allocations":[{"networkName":"a","ifName":"e","ipv4":"10.0.0.1"}]}',
    ],
  ])('refuses %s', (_, text) => {
    let code: unknown;
    try {
      parseCheckpoint(text);
    } catch (error) {
      code = error instanceof HostError ? error.code : error;
    }
    expect(code).toBe('CHECKPOINT_BAD');
  });
});

describe('restorePool()', () => {
  const allocation = (n: number, at: number) => ({ address: address(at), owner: owner(n), since: 1n });
  test('gives every pod its address back, keeps cooldowns, and never drops an allocation', () => {
    const state = restorePool({
      enis: [eni(0, 'fff'), eni(1, 'fff')],
      allocations: [allocation(1, 1), allocation(2, 256), allocation(3, 999)],
      cooldowns: new Map([[address(2), NOW + 5]]),
      foreignDevices: [],
    });
    expect(show(state)).toBe('eni-0:fac eni-1:aff');
    expect(state.orphans).toEqual([allocation(3, 999)]);
  });
  test('two claims on one address: the first keeps it, the second is an orphan', () => {
    const state = restorePool({
      enis: [eni(0, 'f')],
      allocations: [allocation(1, 0), allocation(2, 0)],
      cooldowns: new Map(),
      foreignDevices: [],
    });
    expect(show(state)).toBe('eni-0:a');
    expect(state.orphans.map(({ owner: { containerId } }) => containerId)).toEqual(['sandbox2']);
  });
});
