import { expect, test } from 'bun:test';
import { hostCidr, parseIpv4, parseMac } from '../../../src/addr/index.ts';
import type { Step } from '../../../src/dataplane/index.ts';
import { changedAddresses, stepsBeside } from '../../../src/ipamd/drift/meanwhile.ts';

const ownerOf = (containerId: string) => ({
  ...{ network: 'aws-cni', containerId, ifName: 'eth0', podNamespace: 'prod', podName: containerId },
});
const A = parseIpv4('10.0.0.1');
const B = parseIpv4('10.0.0.2');
const C = parseIpv4('10.0.0.3');
const D = parseIpv4('10.0.0.4');

test('an address has changed when it came to somebody, to somebody else or to nobody', () => {
  const [stays, goes, comes] = [ownerOf('stays'), ownerOf('goes'), ownerOf('comes')];
  const before = [
    { address: A, owner: stays },
    { address: B, owner: goes },
    { address: C, owner: goes },
  ];
  const now = [
    { address: A, owner: stays },
    { address: C, owner: comes },
    { address: D, owner: comes },
  ];
  expect([...changedAddresses(before, now)].sort()).toEqual([B, C, D]);
  // The same sandbox once more, after a DEL: it was away in between.
  expect([...changedAddresses([{ address: A, owner: stays }], [{ address: A, owner: { ...stays } }])]).toEqual([A]);
});

test('steps about such addresses are left for the next look, all others are taken', () => {
  const about = (address: typeof A): readonly Step[] => [
    { kind: 'replace-route', route: { table: 254, destination: hostCidr(address), link: 'eni1' } },
    { kind: 'remove-route', route: { table: 254, destination: hostCidr(address), link: 'eni1' } },
    { kind: 'add-rule', rule: { priority: 512, to: hostCidr(address), table: 254 } },
    { kind: 'remove-rule', rule: { priority: 1536, from: hostCidr(address), table: 2 } },
    { kind: 'set-neighbour', link: 'eni1', address, mac: parseMac('02:00:00:00:00:01') },
  ];
  const others: readonly Step[] = [
    { kind: 'set-link', link: 'ens6', up: true },
    { kind: 'add-rule', rule: { priority: 1024, mark: { value: 128, mask: 128 }, table: 254 } },
  ];
  const steps = [...about(A), ...others, ...about(B)];
  expect(stepsBeside(steps, new Set([A]))).toEqual([...others, ...about(B)]);
  expect(stepsBeside(steps, new Set())).toBe(steps);
});
