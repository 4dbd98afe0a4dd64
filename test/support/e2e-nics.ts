import type { E2eNode } from './e2e.ts';
import { type CniAnswer, type CniCallOptions, callPlugin, makeSandbox, type Sandbox } from './e2e-cni.ts';

/** A pod with an interface on every network card. */
export interface NicsPod extends Sandbox {
  /** By interface, in the order of the result. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly result: unknown;
}

/** What asks for it. */
export const EVERY_CARD: CniCallOptions = {
  config: {
    runtimeConfig: {
      'io.kubernetes.cri.pod-annotations': { 'k8s.amazonaws.com/nicConfig': 'multi-nic-attachment' },
    },
  },
};

/** The address of each interface inside the pod, as a result tells it. */
export function addressesIn(result: unknown): Readonly<Record<string, string>> {
  const { ips, interfaces } = Object(result);
  return Object.fromEntries(
    ips.map((ip: { address: string; interface: number }) => [
      interfaces[ip.interface].name,
      ip.address.replace(/\/(32|128)$/, ''),
    ]),
  );
}

/** Asks for a pod on every card, whatever comes of it. */
export async function tryNics(node: E2eNode, pod: string): Promise<{ sandbox: Sandbox; answer: CniAnswer }> {
  const sandbox = await makeSandbox(node, pod);
  return { sandbox, answer: await callPlugin(node, 'ADD', sandbox, EVERY_CARD) };
}

/** Adds a pod on every card, which must succeed. */
export async function addNics(node: E2eNode, pod: string): Promise<NicsPod> {
  const { sandbox, answer } = await tryNics(node, pod);
  if (answer.exitCode !== 0) throw new Error(`ADD of ${pod} failed: ${JSON.stringify(answer)}`);
  return { ...sandbox, addresses: addressesIn(answer.document), result: answer.document };
}

/** Of these targets those that one interface of a pod does not reach. */
export async function unreached(
  node: E2eNode,
  from: { readonly netns: string; readonly by?: string },
  targets: readonly string[],
): Promise<readonly string[]> {
  const by = from.by === undefined ? '' : `-I ${from.by} `;
  const lines = targets.map((target) => `ping -nqc1 -W5 ${by}${target} >/dev/null || echo ${target}`);
  const { stdout } = await node.inNetns(from.netns, 'sh', '-c', lines.join('; '));
  return stdout.split('\n').filter((line) => line !== '');
}
