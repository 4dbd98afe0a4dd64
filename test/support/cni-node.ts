import { expect } from 'bun:test';
import type { E2eNode } from './e2e.ts';
import {
  type CniAnswer,
  type CniCallOptions,
  callPlugin,
  makeSandbox,
  removeSandbox,
  type Sandbox,
} from './e2e-cni.ts';

/** What a plugin answers that has nothing to say. */
export const DONE: CniAnswer = { exitCode: 0, document: '' };

/** Calls of our plugin on one node, in the order a runtime makes them. */
export function cniNode(node: E2eNode) {
  return {
    /** A sandbox whose ADD succeeds, and its result. */
    async add(
      pod: string,
      options: CniCallOptions = {},
    ): Promise<{ readonly sandbox: Sandbox; readonly prevResult: unknown }> {
      const sandbox = await makeSandbox(node, pod);
      const answer = await callPlugin(node, 'ADD', sandbox, options);
      expect(answer).toMatchObject({ exitCode: 0 });
      return { sandbox, prevResult: answer.document };
    },

    /** DEL, which must succeed, and the end of the sandboxes. */
    async remove(...sandboxes: readonly Sandbox[]): Promise<void> {
      for (const sandbox of sandboxes) {
        expect(await callPlugin(node, 'DEL', sandbox)).toEqual(DONE);
        await removeSandbox(node, sandbox);
      }
    },

    /** CHECK with a result that was kept. */
    check(sandbox: Sandbox, prevResult: unknown, options: CniCallOptions = {}): Promise<CniAnswer> {
      return callPlugin(node, 'CHECK', sandbox, { ...options, config: { ...options.config, prevResult } });
    },

    /** A link as `ip` shows it, on the node or in a pod. */
    async linkOf(name: string, netns?: string): Promise<unknown> {
      const argv = ['ip', '-json', 'link', 'show', 'dev', name] as const;
      const { stdout } = netns === undefined ? await node.run(argv) : await node.inNetns(netns, ...argv);
      const [link] = JSON.parse(stdout || '[]');
      return link === undefined ? undefined : { name: link.ifname, mac: link.address, mtu: link.mtu };
    },
  };
}
