import { expect, test } from 'bun:test';
import { parseIpv4, parseIpv4Cidr, parseMac } from '../../../src/addr/index.ts';
import { createImds } from '../../../src/aws/index.ts';
import { loadSettings } from '../../../src/config/index.ts';
import { HostError } from '../../../src/errors/index.ts';
import { NodeEgress } from '../../../src/ipamd/egress/node-egress.ts';
import { VpcFacts } from '../../../src/ipamd/refresh/index.ts';
import { createLogger } from '../../../src/log/index.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { startImdsService } from '../../aws/imds-service.ts';

const MAC = '02:aa:00:00:00:01';
const OF_ENI = `/latest/meta-data/network/interfaces/macs/${MAC}`;
const identity = {
  ...{ instanceId: 'i-1', instanceType: 'm5.large', region: 'r', availabilityZone: 'ra', vpcId: 'vpc-1' },
  ...{ subnetId: 'subnet-1', subnetCidr: parseIpv4Cidr('10.0.0.0/24'), primaryMac: parseMac(MAC) },
  ...{ primaryAddress: parseIpv4('10.0.0.5'), securityGroups: ['sg-1'], primaryEniId: 'eni-1' },
  vpcCidrs: [parseIpv4Cidr('10.0.0.0/16')],
};

/** Facts that follow a metadata service, and what they did in which order; `refused` repairs fail. */
function stage(endpoint: string, settings: Readonly<Record<string, string>>, refused = 0) {
  const done: string[] = [];
  let left = refused;
  const nodeEgress = new NodeEgress(undefined);
  const facts = new VpcFacts(
    {
      clock: systemClock,
      logger: createLogger({ level: 'error', program: 'facts' }),
      signal: new AbortController().signal,
      settings: loadSettings({ flags: settings }).settings,
      imds: createImds({ endpoint }),
      identity,
      nodeEgress,
    },
    {
      network: {
        useVpcCidrs: (cidrs) => void done.push(`networks ${cidrs.length}`),
        repairPacketRules: async () => {
          done.push(`rules of ${nodeEgress.plan?.nodeAddress ?? 'none'}`);
          left -= 1;
          if (left >= 0) throw new HostError('EXEC_FAILED', { argv: 'nft', outcome: 'failed' });
          return true;
        },
      },
      care: { useGroups: (groups) => void done.push(`groups ${groups.join()}`), look: () => undefined },
      placement: { useGroups: () => undefined },
      renewConflist: async () => void done.push('conflist'),
    },
  );
  return { facts, done };
}

const TREE = { [`${OF_ENI}/vpc-ipv4-cidr-blocks`]: '10.0.0.0/16', [`${OF_ENI}/security-group-ids`]: 'sg-1' };
const IPV6S = `${OF_ENI}/ipv6s`;

test('an IPv6 address of the node that comes is followed, the way out first; nothing happens while nothing changes', async () => {
  const tree: Record<string, string> = { ...TREE };
  await using service = startImdsService({ tree });
  const { facts, done } = stage(service.endpoint, { ENABLE_V6_EGRESS: 'true' });
  await facts.look();
  expect(done).toEqual([]);
  tree[IPV6S] = '2001:db8::5';
  await facts.look();
  await facts.look();
  expect(done).toEqual(['rules of 2001:db8::5', 'conflist']);
  delete tree[IPV6S];
  await facts.look();
  expect(done).toHaveLength(2);
  await facts.look();
  expect(done.slice(2)).toEqual(['rules of none', 'conflist']);
  expect(facts.failure).toBeUndefined();
});

test('what could not be done for a new address is done at the next look', async () => {
  await using service = startImdsService({ tree: { ...TREE, [IPV6S]: '2001:db8::5' } });
  const { facts, done } = stage(service.endpoint, { ENABLE_V6_EGRESS: 'true' }, 1);
  await facts.look();
  expect([done, facts.failure?.code]).toEqual([['rules of 2001:db8::5'], 'EXEC_FAILED']);
  await facts.look();
  expect([done.slice(1), facts.failure]).toEqual([['rules of 2001:db8::5', 'conflist'], undefined]);
});

test('a node whose pods reach no IPv6 by it does not ask for the address', async () => {
  await using service = startImdsService({ tree: { ...TREE, [IPV6S]: '2001:db8::5' } });
  const { facts, done } = stage(service.endpoint, {});
  await facts.look();
  expect(done).toEqual([]);
  expect(service.seen.map(({ path }) => path)).not.toContain(IPV6S);
});

test('other networks and other groups are followed', async () => {
  const tree = {
    [`${OF_ENI}/vpc-ipv4-cidr-blocks`]: '10.0.0.0/16\n10.1.0.0/16',
    [`${OF_ENI}/security-group-ids`]: 'sg-2',
  };
  await using service = startImdsService({ tree });
  const { facts, done } = stage(service.endpoint, {});
  await facts.look();
  await facts.look();
  expect(done).toEqual(['groups sg-2', 'networks 2', 'rules of none']);
});
