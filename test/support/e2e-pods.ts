import { expect } from 'bun:test';
import type { StatusDocument } from '../../src/cniproto/index.ts';
import { type E2eNode, type E2eVpc, until } from './e2e.ts';
import { callPlugin, makeSandbox, removeSandbox, type Sandbox } from './e2e-cni.ts';

/** A pod that runs, and its address. */
export interface RunningPod extends Sandbox {
  readonly address: string;
}

/** Where the simulated internet answers. */
const INTERNET = '198.51.100.1';

/** Adds a pod, which must succeed. */
export async function addPod(node: E2eNode, pod: string): Promise<RunningPod> {
  const sandbox = await makeSandbox(node, pod);
  const answer = await callPlugin(node, 'ADD', sandbox);
  if (answer.exitCode !== 0) throw new Error(`ADD of ${pod} failed: ${JSON.stringify(answer)}`);
  const { ips } = Object(answer.document);
  return { ...sandbox, address: String(ips[0].address).replace('/32', '') };
}

/** Deletes a pod and its sandbox. */
export async function removePod(node: E2eNode, pod: Sandbox): Promise<void> {
  expect(await callPlugin(node, 'DEL', pod)).toEqual({ exitCode: 0, document: '' });
  await removeSandbox(node, pod);
}

/** Every pod reaches every other one, its node's internet, and is reached by its node. */
export async function expectLive(node: E2eNode, pods: readonly RunningPod[]): Promise<void> {
  const lost = await Promise.all(
    pods.map(async ({ pod, netns, address }) => {
      const others = [INTERNET, ...pods.map((each) => each.address).filter((each) => each !== address)];
      const ping = (target: string): string => `ping -nqc1 -W5 ${target} >/dev/null || echo ${target}`;
      const from = await node.inNetns(netns, 'sh', '-c', others.map(ping).join('; '));
      const to = await node.run(['ping', '-nqc1', '-W5', address]);
      return { pod, lost: from.stdout.trim(), reached: to.exitCode === 0 };
    }),
  );
  expect(lost).toEqual(pods.map(({ pod }) => ({ pod, lost: '', reached: true })));
}

/** The addresses that pods hold, as the daemon says: address and pod. */
export const heldIn = ({ enis }: StatusDocument): Readonly<Record<string, string>> =>
  Object.fromEntries(
    enis.flatMap(({ addresses }) =>
      addresses.flatMap(({ address, state, pod }) => (state === 'assigned' ? [[address, pod ?? 'nobody']] : [])),
    ),
  );

/** The codes of what is wrong. */
export const codesIn = ({ conditions }: StatusDocument): readonly string[] =>
  (conditions ?? []).map(({ code }) => code);

/** What EC2 has for the node is what the daemon has, and nothing is left behind. */
export async function expectNothingLost(vpc: E2eVpc, node: E2eNode): Promise<void> {
  let seen: unknown;
  await until(
    'the daemon and EC2 to agree',
    async () => {
      const [status, sim] = [await node.status(), await vpc.status()];
      const held = (status?.enis ?? []).map(({ id, primaryAddress, addresses }) => ({
        id,
        addresses: [primaryAddress, ...addresses.map(({ address }) => address)].sort(),
      }));
      const view = sim.nodes.find(({ name }) => name === node.name)?.enis ?? [];
      const real = view.map(({ id, addresses }) => ({ id, addresses: [...addresses].sort() }));
      seen = { held, real, left: sim.availableEnis };
      return Bun.deepEquals(held, real) && sim.availableEnis.length === 0 ? true : undefined;
    },
    { withinMs: 60_000, last: () => seen },
  );
}
