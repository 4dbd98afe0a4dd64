import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AssignIpv6AddressesCommand, UnassignIpv6AddressesCommand } from '@aws-sdk/client-ec2';
import { INTERNET_IPV6_ADDRESS } from '../../src/sim/fabric/index.ts';
import { freshVpc, until } from '../support/e2e.ts';
import { callPlugin, makeSandbox } from '../support/e2e-cni.ts';
import { codesIn, removePod } from '../support/e2e-pods.ts';
import { ec2Client } from '../support/sim-ec2.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('eh');
const a = vpc.node('node-a');
const folder = mkdtempSync(join(tmpdir(), 'vpc-cni-late-'));

beforeAll(async () => {
  const scenario = join(folder, 'late.json');
  const subnets = [{ cidr: '10.0.0.0/24', zone: 'a', ipv6: true }];
  const nodes = [{ name: 'node-a', type: 'm5.large' }];
  writeFileSync(scenario, JSON.stringify({ vpc: { cidrs: ['10.0.0.0/16'], ipv6: true }, subnets, nodes }));
  await vpc.up('--scenario', scenario);
  await a.configure('ENABLE_V6_EGRESS=true');
  await a.install();
});
afterAll(async () => {
  await vpc.down();
  rmSync(folder, { recursive: true, force: true });
});

interface Plugin {
  readonly type: string;
}

/** The configuration of egress-cni as published; `undefined` while it is not in the chain. */
async function egressPlugin(): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { plugins }: { plugins: readonly Plugin[] } = JSON.parse(await a.text('cat', '/etc/cni/net.d/10-aws.conflist'));
  const found = plugins.find(({ type }) => type === 'egress-cni');
  return found && { ...found, name: 'aws-cni', cniVersion: '1.1.0' };
}

test('an IPv6 address that the node gets, or changes, while the daemon runs is the way out of pods, without a restart', async () => {
  const before = await a.untilStatus('it to be ready', ({ ready }) => ready);
  expect(codesIn(before)).toEqual(['EGRESS_NO_IPV6']);
  expect(await egressPlugin()).toBeUndefined();
  const early = await makeSandbox(a, 'early');
  const first = await callPlugin(a, 'ADD', early);
  expect(first.exitCode).toBe(0);

  const {
    ec2,
    vpc: { region },
  } = await vpc.status();
  using client = {
    sdk: ec2Client(ec2, { region }),
    [Symbol.dispose]() {
      this.sdk.destroy();
    },
  };
  const eniId = before.enis[0]?.id ?? '';
  /** EC2 gives an address, the operating system takes it; when that has happened the daemon is told by the kernel alone. */
  const give = async (): Promise<string> => {
    const given = await client.sdk.send(
      new AssignIpv6AddressesCommand({ NetworkInterfaceId: eniId, Ipv6AddressCount: 1 }),
    );
    const address = given.AssignedIpv6Addresses?.[0] ?? '';
    await a.text('ip', 'address', 'add', `${address}/128`, 'dev', 'eth0', 'nodad');
    return address;
  };
  const told = performance.now();
  const address = await give();
  const plugin = await until('egress to be in the chain', egressPlugin);
  // The metadata is looked at every 30 s.
  expect(performance.now() - told).toBeLessThan(5_000);
  expect(codesIn((await a.status()) ?? before)).toEqual([]);
  expect(plugin).toMatchObject({ enabled: 'true', nodeIP: address });

  const late = await makeSandbox(a, 'late');
  const { document: prevResult } = await callPlugin(a, 'ADD', late);
  const second = await callPlugin(a, 'ADD', late, { plugin: 'egress-cni', config: { ...plugin, prevResult } });
  expect(second.exitCode).toBe(0);
  await a.run(['ip', '-6', 'route', 'replace', 'default', 'via', 'fe80:ec2::1', 'dev', 'eth0']);
  const reaches = async (): Promise<boolean> =>
    (await a.inNetns(late.netns, 'ping', '-nqc1', '-W2', INTERNET_IPV6_ADDRESS)).exitCode === 0;
  await until('the world to answer', async () => (await reaches()) || undefined);
  // Its result says that it was added while there was no way out.
  const check = { plugin: 'egress-cni', config: { ...plugin, prevResult: first.document } };
  expect(await callPlugin(a, 'CHECK', early, check)).toEqual({ exitCode: 0, document: '' });

  await a.text('ip', 'address', 'del', `${address}/128`, 'dev', 'eth0');
  await client.sdk.send(new UnassignIpv6AddressesCommand({ NetworkInterfaceId: eniId, Ipv6Addresses: [address] }));
  const other = await give();
  expect(other).not.toBe(address);
  const snat = async (): Promise<true | undefined> =>
    (await a.text('nft', 'list', 'table', 'ip6', 'vpc-cni')).includes(`snat to ${other}`) || undefined;
  await until('the new address to be the way out', snat);
  await until('the world to answer again', async () => (await reaches()) || undefined);
  for (const pod of [early, late]) await removePod(a, pod);
});
