import { type IpFamily, parseIp, parseMac } from '../../src/addr/index.ts';
import {
  type BranchEni,
  branchWiring,
  diffNetwork,
  type EnforcingMode,
  type ObservedNetwork,
  type PodWiring,
  type Step,
  type WantedNetwork,
  wantedHostNetwork,
} from '../../src/dataplane/index.ts';
import { applySteps, observeNetwork } from '../../src/kernel/index.ts';
import { kernelTest, TestNetns } from '../support/netns.ts';
import { TestNode } from './pod-node.ts';

/** The machine's own kernel may lack 802.1Q; the guest's has it. */
const hasVlans = ((): boolean => {
  if (process.getuid?.() !== 0) return false;
  using space = new TestNetns('probe');
  try {
    space.ip('link add link lo name probe type vlan id 7');
    return true;
  } catch (error) {
    // lo takes none, which a kernel with VLANs says in other words.
    return !String(error).includes('Unknown device type');
  }
})();

/** A test for a kernel that knows 802.1Q: elsewhere it is not there, and test/kernel/guest.test.ts runs it in a guest. */
export const vlanTest = (name: string, work: () => void | Promise<void>): void => {
  if (hasVlans) kernelTest(name, work);
};

/** Branch ENI NUMBER of the router behind the trunk, with an address of each family. */
export const branchEni = (number: number, family: IpFamily = 'ipv4'): BranchEni => ({
  vlanId: number,
  mac: parseMac(`02:00:00:00:03:${String(number).padStart(2, '0')}`),
  address: parseIp(family === 'ipv4' ? `10.0.3.${number}` : `2001:db8:3::${number}`),
  gateway: parseIp(family === 'ipv4' ? '10.0.3.1' : 'fe80:ec2::1'),
});

export const INTERNET_IPV6 = '2001:db8:ffff::1';

/** A node with a trunk, behind which the router has the VLANs of three branch ENIs. */
export class BranchNode extends TestNode {
  constructor() {
    super();
    const { router, space } = this;
    space.ip(`link add eth2 address 02:00:00:00:01:02 type veth peer name trunk netns ${router.name}`);
    space.ip('link set eth2 mtu 9001 up');
    router.ip('link set trunk mtu 9001 up');
    router.ip(`addr add ${INTERNET_IPV6}/128 dev lo`);
    router.ip('addr add 10.0.3.1/32 dev lo');
    router.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    space.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
    for (const number of [7, 8, 9]) {
      const { mac } = branchEni(number);
      router.ip(`link add link trunk name trunk.${number} type vlan id ${number}`);
      router.ip(`link set trunk.${number} up`);
      router.ip(`addr add fe80:ec2::1/64 dev trunk.${number} nodad`);
      for (const family of ['ipv4', 'ipv6'] as const) {
        const { address } = branchEni(number, family);
        router.ip(`route add ${address} dev trunk.${number}`);
        router.ip(`neigh replace ${address} lladdr ${mac} dev trunk.${number} nud permanent`);
      }
    }
  }

  /** The host as the daemon wants it in this mode, with these pods. */
  want(mode: EnforcingMode, pods: readonly PodWiring[]): WantedNetwork {
    const { links, routes } = this.wanted;
    const host = wantedHostNetwork({
      primaryLink: 'eth0',
      enis: [],
      externalServiceCidrs: [],
      mark: 0x80,
      mtu: 9001,
      localLast: mode === 'strict' ? ['ipv4', 'ipv6'] : [],
    });
    const branches = pods.flatMap(({ branch }) => branch ?? []);
    return {
      ...this.wanted,
      links,
      rules: [...this.wanted.rules, ...host.rules.filter(({ priority }) => priority < 512)],
      routes,
      podRules: pods.flatMap(({ hostRules }) => hostRules),
      podRoutes: [...pods.map(({ hostRoute }) => hostRoute), ...branches.flatMap((branch) => branch.routes)],
      vlans: branches,
    };
  }

  observe(): ObservedNetwork {
    return observeNetwork(this.socket, ['ipv4', 'ipv6']);
  }

  /** Brings the host to what is wanted and gives the steps back. */
  repair(wanted: WantedNetwork): readonly Step[] {
    const steps = diffNetwork(wanted, this.observe());
    // The namespace of the sysctls, too.
    this.space.inside(() => applySteps(this.socket, steps));
    return steps;
  }
}

/** The wiring of pod `default/NAME` with a branch ENI. */
export function branchOf(name: string, branch: BranchEni, mode: EnforcingMode, containerId = `c-${name}`): PodWiring {
  const pod = { network: 'aws-cni', namespace: 'default', name, containerId, ifName: 'eth0' };
  return branchWiring({ pod, branch, mode, trunk: 'eth2', vethPrefix: 'eni', mtu: 9001 });
}
