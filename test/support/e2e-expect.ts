import { expect } from 'bun:test';
import type { StatusDocument } from '../../src/cniproto/index.ts';
import type { E2eNode, JsonFailure } from './e2e.ts';
import { fileState, networkState, sysctlState } from './e2e-state.ts';

/** The figures of a pool that has nothing. */
export const EMPTY_POOL = { total: 0, assigned: 0, free: 0, cooldown: 0, quarantine: 0, orphans: 0, pending: 0 };

/** Everything on a node a call could leave half-done, once what earlier calls set going has come to rest. */
export async function callState(node: E2eNode): Promise<string> {
  const resting = ({ pool, enis, targets: { warmIp, minimumIp } }: StatusDocument): boolean =>
    pool.pending === 0 &&
    // An address above the targets is free for a moment before it goes back.
    (warmIp + minimumIp === 0 || pool.total <= Math.max(minimumIp, pool.assigned + warmIp)) &&
    enis.every(({ addresses }) => addresses.every(({ state }) => state === 'free' || state === 'assigned'));
  const { enis } = await node.untilStatus('the pool to rest', resting);
  const addresses = enis.map((eni) => eni.addresses.map(({ address, state }) => `${address} ${state}`));
  const spool = await node.run(['ls', '/run/vpc-cni/spool']);
  return JSON.stringify({ network: await networkState(node), addresses, spool: spool.stdout }, undefined, 1);
}

/** Everything on a node an installation could leave half-done. */
export async function hostState(node: E2eNode): Promise<string> {
  return [await networkState(node), await fileState(node), await sysctlState(node)].join('\n');
}

/** What a command says with `--json` when it fails. */
export async function failureOf(
  node: E2eNode,
  ...words: readonly string[]
): Promise<JsonFailure & { exitCode: number }> {
  const { exitCode, stdout } = await node.cli(...words, '--json');
  const document: JsonFailure = JSON.parse(stdout);
  return { exitCode, ...document };
}

/** What a CNI error of the newest version must look like: its number, its stable code, and what its sentence holds. */
export const cniError = (code: number, name: string, says: string) => ({
  cniVersion: '1.1.0',
  code,
  msg: expect.stringContaining(says),
  details: expect.stringMatching(new RegExp(`^${name}: .`)),
});
