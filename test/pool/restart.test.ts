import { describe, expect, test } from 'bun:test';
import { parseIpv6 } from '../../src/addr/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { parseCheckpoint, renderCheckpoint } from '../../src/pool/index.ts';
import { address, owner } from './sample.ts';

// Written by hand in the shape upstream v1.23 writes, with a timestamp that a double cannot hold.
const UPSTREAM = `{"version":"vpc-cni-ipam/1","allocations":[{"networkName":"aws-cni","containerID":"3e4f","ifName":"eth0","ipv4":"10.0.0.5","allocationTimestamp":1700000000000000123,"metadata":{"k8sPodNamespace":"ns","k8sPodName":"web-0","interfacesCount":1}},{"networkName":"aws-cni","containerID":"v6","ifName":"eth0","ipv6":"2001:db8::5","allocationTimestamp":1,"metadata":{}}]}\n`;

describe('checkpoint', () => {
  test("reads upstream's file to the nanosecond, pods of both families", () => {
    expect(parseCheckpoint(UPSTREAM)).toEqual([
      {
        address: '10.0.0.5' as ReturnType<typeof address>,
        owner: { network: 'aws-cni', containerId: '3e4f', ifName: 'eth0', podNamespace: 'ns', podName: 'web-0' },
        since: 1700000000000000123n,
      },
      {
        address: parseIpv6('2001:db8::5'),
        owner: { network: 'aws-cni', containerId: 'v6', ifName: 'eth0', podNamespace: undefined, podName: undefined },
        since: 1n,
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
