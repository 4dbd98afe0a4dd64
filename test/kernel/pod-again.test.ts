import { expect } from 'bun:test';
import { podUnwiring } from '../../src/dataplane/index.ts';
import { applySteps, deadLinks } from '../../src/kernel/index.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { TestNode, wiringOf } from './pod-node.ts';

const B = wiringOf('sample-pod', { address: '10.0.1.91', table: 2 }, { containerId: 'c-first' });

kernelTest(
  'a namespace whose pair is dead but not yet removed can be wired again, by its sandbox or by another one',
  () => {
    using node = new TestNode();
    using space = new TestNetns('again');
    node.deliver('10.0.1.91', 'eth1');
    const kill = (): void => {
      const name = B.veth.host.name;
      applySteps(
        node.socket,
        podUnwiring({ address: B.hostRoute.destination.address, rules: B.hostRules, link: name }),
      );
      expect(deadLinks(node.socket)).toEqual([name]);
    };
    node.wire(space, B);
    kill();
    node.wire(space, B);
    expect(deadLinks(node.socket)).toEqual([]);
    kill();
    const other = wiringOf('another-pod', { address: '10.0.1.91', table: 2 }, { containerId: 'c-other' });
    node.wire(space, other);
    expect(deadLinks(node.socket)).toEqual([]);
    expect(space.ip('-4 -o addr show dev eth0').match(/inet /g)).toHaveLength(1);
  },
);
