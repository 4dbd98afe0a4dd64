import { expect } from 'bun:test';
import { parseIp } from '../../src/addr/index.ts';
import { egressWiring, podWiring } from '../../src/dataplane/index.ts';
import { expectGolden } from '../support/golden/expect-golden.ts';
import { GoldenNode, POD_ADDRESS } from '../support/golden/golden-node.ts';
import { settledState } from '../support/golden/state.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';

const POD = { network: 'aws-cni', namespace: 'default', name: 'nginx', containerId: 'c-1', ifName: 'eth0' };

for (const { pods, family, address, nodeAddress } of [
  { pods: 'ipv6', family: 'ipv4', address: '169.254.172.2', nodeAddress: '10.0.1.5' },
  { pods: 'ipv4', family: 'ipv6', address: 'fd00::ac:2', nodeAddress: '2001:db8:1::5' },
] as const)
  kernelTest(
    `${pods} pod with ${family} egress: host and pod are as in the file, and after DEL as before`,
    async () => {
      using node = new GoldenNode({
        ...{ externalSnat: false, nodePort: true },
        egress: { family, nodeAddress: parseIp(nodeAddress), randomize: 'prng' },
      });
      using pod = new TestNetns('pod');
      await node.prepare();
      const before = { host: await settledState(node.space), pod: await settledState(pod) };
      const place = { pod: POD, vethPrefix: 'eni', mtu: 9001 };
      const own = podWiring({ ...place, address: POD_ADDRESS[pods].primary, table: 254 });
      const second = egressWiring({ ...place, family, address: parseIp(address), podIfName: 'eth0' });
      await node.wire(pod, own);
      await node.wire(pod, second);
      const state = async (): Promise<string> =>
        `# host\n${await settledState(node.space)}\n# pod\n${await settledState(pod)}`;
      const wired = await state();
      expectGolden(`${pods}-${family}-egress`, wired);
      await node.wire(pod, second);
      expect(await state()).toBe(wired);
      await node.unwire(parseIp(address), second);
      await node.unwire(POD_ADDRESS[pods].primary, own);
      expect({ host: await settledState(node.space), pod: await settledState(pod) }).toEqual(before);
    },
  );
