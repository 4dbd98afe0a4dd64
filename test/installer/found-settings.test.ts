import { describe, expect, test } from 'bun:test';
import { parseIpv4Cidr } from '../../src/addr/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { awsNodeChains } from '../../src/dataplane/index.ts';
import { parseForeignConflist } from '../../src/hostspec/index.ts';
import { differingSettings, type FoundSettings } from '../../src/installer/found-settings.ts';
import { awsNodeConflist, awsNodeIptables } from '../support/aws-node.ts';

const rules = (excluded: readonly string[] = []): string =>
  awsNodeIptables({
    ...{ primaryLink: 'eth0', primaryAddress: '10.0.1.5', vpcCidr: '10.0.0.0/16', excluded },
    connmark: 'iptables',
  });
const factsOf = (save: string): FoundSettings => ({
  chains: awsNodeChains(save).count === 0 ? [] : [awsNodeChains(save).facts],
  conflist: parseForeignConflist(awsNodeConflist()),
  externalServiceCidrs: [],
  branches: 0,
});
const settingsOf = (env: Readonly<Record<string, string>>) => loadSettings({ files: [], env }).settings;
const differences = (found: FoundSettings, env: Readonly<Record<string, string>> = {}): readonly string[] =>
  differingSettings(found, settingsOf(env)).map(({ setting, theirs, ours }) => `${setting} ${theirs} → ${ours}`);

describe('differingSettings()', () => {
  const without = (word: string): string =>
    rules()
      .split('\n')
      .filter((line) => !line.includes(word))
      .join('\n');
  const rows = [
    { name: 'defaults on both sides', found: factsOf(rules()), env: {}, are: [] },
    {
      name: 'a node without rules says nothing of SNAT',
      found: factsOf(''),
      env: { AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true' },
      are: [],
    },
    {
      name: 'external SNAT here only',
      found: factsOf(rules()),
      env: { AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true' },
      are: ['AWS_VPC_K8S_CNI_EXTERNALSNAT false → true'],
    },
    {
      name: 'external SNAT there only: its rules for node ports are all it has',
      found: factsOf(without('SNAT')),
      env: {},
      are: ['AWS_VPC_K8S_CNI_EXTERNALSNAT true → false'],
    },
    {
      name: 'exceptions from SNAT in another order',
      found: factsOf(rules(['192.168.0.0/16', '172.16.0.0/12'])),
      env: { AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS: '172.16.0.0/12,192.168.1.2/16' },
      are: [],
    },
    {
      name: 'exceptions from SNAT there only',
      found: factsOf(rules(['192.168.0.0/16'])),
      env: {},
      are: ['AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS 192.168.0.0/16 → none'],
    },
    {
      name: 'no node ports there',
      found: factsOf(without('--limit-iface-in')),
      env: {},
      are: ['AWS_VPC_CNI_NODE_PORT_SUPPORT false → true'],
    },
    {
      name: 'another mark here',
      found: factsOf(rules()),
      env: { AWS_VPC_K8S_CNI_CONNMARK: '0x100' },
      are: ['AWS_VPC_K8S_CNI_CONNMARK 128 → 256'],
    },
    {
      name: 'another prefix and MTU there',
      found: { ...factsOf(rules()), conflist: { vethPrefix: 'abc', mtu: '1500' } },
      env: {},
      are: ['AWS_VPC_K8S_CNI_VETHPREFIX abc → eni', 'POD_MTU 1500 → 9001'],
    },
    {
      name: 'pods with security groups of their own',
      found: { ...factsOf(rules()), branches: 1 },
      env: { POD_SECURITY_GROUP_ENFORCING_MODE: 'standard' },
      are: ['ENABLE_POD_ENI true → false', 'POD_SECURITY_GROUP_ENFORCING_MODE strict → standard'],
    },
    {
      name: 'egress of IPv6 there only',
      found: { ...factsOf(rules()), conflist: { egress: 'ipv6' } },
      env: {},
      are: ['ENABLE_V6_EGRESS true → false'],
    },
    {
      name: 'the mode of such pods where there are none',
      found: factsOf(rules()),
      env: { POD_SECURITY_GROUP_ENFORCING_MODE: 'standard' },
      are: [],
    },
    {
      name: 'external services there only',
      found: { ...factsOf(rules()), externalServiceCidrs: [parseIpv4Cidr('172.20.0.0/16')] },
      env: {},
      are: ['AWS_EXTERNAL_SERVICE_CIDRS 172.20.0.0/16 → none'],
    },
  ] as const;
  for (const { name, found, env, are } of rows) test(name, () => expect(differences(found, env)).toEqual([...are]));
});
