import { expect } from 'bun:test';
import { podWiring } from '../../src/dataplane/index.ts';
import { expectGolden } from '../support/golden/expect-golden.ts';
import { type GoldenMode, GoldenNode, POD_ADDRESS } from '../support/golden/golden-node.ts';
import { settledState } from '../support/golden/state.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';

const TABLE = { primary: 254, secondary: 2 } as const;
const MODES: Readonly<Record<string, GoldenMode>> = {
  snat: { externalSnat: false, nodePort: true },
  'snat-no-nodeport': { externalSnat: false, nodePort: false },
  'external-snat': { externalSnat: true, nodePort: true },
  'external-snat-no-nodeport': { externalSnat: true, nodePort: false },
};

for (const [mode, settings] of Object.entries(MODES))
  for (const family of ['ipv4', 'ipv6'] as const)
    for (const eni of ['primary', 'secondary'] as const)
      kernelTest(
        `${family} pod, ${eni} ENI, ${mode}: host and pod are as in the file, and after DEL as before`,
        async () => {
          using node = new GoldenNode(settings);
          using pod = new TestNetns('pod');
          await node.prepare();
          expect(await node.prepare()).toBe(0);
          const before = { host: await settledState(node.space), pod: await settledState(pod) };
          const address = POD_ADDRESS[family][eni];
          const identity = {
            network: 'aws-cni',
            namespace: 'default',
            name: 'nginx',
            containerId: 'c-1',
            ifName: 'eth0',
          };
          const wiring = podWiring({ pod: identity, address, table: TABLE[eni], vethPrefix: 'eni', mtu: 9001 });
          await node.wire(pod, wiring);
          const wired = `# host\n${await settledState(node.space)}\n# pod\n${await settledState(pod)}`;
          expectGolden(`${family}-${eni}-${mode}`, wired);
          expect(await node.prepare()).toBe(wiring.hostRules.length + 1);
          await node.wire(pod, wiring);
          expect(`# host\n${await settledState(node.space)}\n# pod\n${await settledState(pod)}`).toBe(wired);
          await node.unwire(address, wiring);
          expect({ host: await settledState(node.space), pod: await settledState(pod) }).toEqual(before);
        },
      );
