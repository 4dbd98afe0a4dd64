import type { KnownEni, Orphan } from '../../../src/pool/index.ts';
import { address, facts, owner, single } from '../model/sample.ts';

export const NOW = 1_000_000;
export const COOLDOWN = 30_000;

/** An ENI on `device` with these addresses. */
export const eni = (device: number, ...hosts: readonly number[]): KnownEni => ({
  facts: facts(device, { attachedAtMs: NOW }),
  cidrs: hosts.map(single),
});
export const pod = (n: number, at: number): Orphan => ({ address: address(at), owner: owner(n), since: BigInt(n) });
export const listed = (...enis: readonly KnownEni[]) => ({ enis, foreign: [] });
