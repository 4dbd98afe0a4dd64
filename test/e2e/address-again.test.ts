import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { freshVpc } from '../support/e2e.ts';
import { callPlugin, removeSandbox } from '../support/e2e-cni.ts';
import { addPod, type RunningPod } from '../support/e2e-pods.ts';
import { lines } from '../support/netns.ts';

setDefaultTimeout(60_000);

const vpc = freshVpc('aa');
const node = vpc.node('node-a');
const SERVICE = '172.20.0.10';

/** A service as kube-proxy has it: its address, and the one backend that is chosen when a connection begins. */
const serve = async (backend: string): Promise<string> => {
  const chain = 'type nat hook prerouting priority -110;';
  const rules = `table ip svc { chain services { ${chain} ip daddr ${SERVICE} dnat to ${backend}; }; }`;
  return node.text('sh', '-c', `nft 'delete table ip svc' 2>/dev/null; nft '${rules}'`);
};

/** Whom conntrack lets each connection of an address to the service be answered by. */
async function answering(address: string): Promise<readonly string[]> {
  const all = lines(await node.text('cat', '/proc/net/nf_conntrack'));
  return all.flatMap((line) => {
    const [, asked] = new RegExp(`src=${address} dst=${SERVICE} .*? src=(\\S+)`).exec(line) ?? [];
    return asked ?? [];
  });
}

/** The same packet from whatever pod: in place of ports, echo requests have a number. */
const talk = ({ netns }: RunningPod) => node.inNetns(netns, 'ping', '-nqc1', '-W1', '-e', '4711', SERVICE);

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--instance-type', 't3.small', '--attach-ms', '100');
  // So few addresses that the one that was left is the only one there is.
  await node.configure('IP_COOLDOWN_PERIOD=0', 'WARM_IP_TARGET=0', 'MINIMUM_IP_TARGET=2');
  await node.install();
  await node.untilStatus('two addresses', ({ pool }) => pool.free === 2 && pool.pending === 0);
});
afterAll(async () => {
  await vpc.down();
});

test('a pod that gets an address the moment another has left it begins its connections anew', async () => {
  await serve('198.51.100.1');
  const first = await addPod(node, 'first');
  const other = await addPod(node, 'other');
  for (const pod of [first, other]) await talk(pod);
  expect([await answering(first.address), await answering(other.address)]).toEqual([
    ['198.51.100.1'],
    ['198.51.100.1'],
  ]);
  await serve('198.51.100.9');
  expect(await callPlugin(node, 'DEL', first)).toEqual({ exitCode: 0, document: '' });
  const second = await addPod(node, 'second');
  expect(second.address).toBe(first.address);
  expect(await answering(second.address)).toEqual([]);
  await talk(second);
  // The backend of the time before would still be asked, for as long as packets go there.
  expect(await answering(second.address)).toEqual(['198.51.100.9']);
  await removeSandbox(node, first);
  // Long after the DEL of the first: what is done for it a second later must not meet the second.
  await Bun.sleep(1_500);
  expect([await answering(second.address), await answering(other.address)]).toEqual([
    ['198.51.100.9'],
    ['198.51.100.1'],
  ]);
});

test('a daemon that is stopped right after a DEL leaves no connection to the pod after it', async () => {
  const pod = await addPod(node, 'third');
  await talk(pod);
  expect(await answering(pod.address)).toEqual(['198.51.100.9']);
  expect(await callPlugin(node, 'DEL', pod)).toEqual({ exitCode: 0, document: '' });
  await node.stopDaemon();
  expect(await answering(pod.address)).toEqual([]);
  await removeSandbox(node, pod);
});
