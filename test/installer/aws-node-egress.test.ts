import { expect, test } from 'bun:test';
import { hostCidr, parseIp } from '../../src/addr/index.ts';
import { DEAD_LINK_GROUP, isTakenOver, type Link, type Route, readPodAlias } from '../../src/dataplane/index.ts';
import { egressNamingSteps, findEgresses, reservedAddresses } from '../../src/installer/aws-node-egress.ts';
import { createFiles, withTemporaryDirectory } from '../../src/sys/index.ts';

const FOLDER = '/run/cni/v4pd/egress-v6-ipam';
const owner = { network: 'aws-cni', containerId: 'c1', ifName: 'eth0', podNamespace: 'shop', podName: 'web' };
const link = (name: string, change: Partial<Link> = {}): Link => ({
  ...{ index: 7, name, mac: undefined, mtu: 9001, up: true, group: 0, alias: undefined },
  ...change,
});
const route = (address: string, name: string): Route => ({
  ...{ table: 254, destination: hostCidr(parseIp(address)), link: name },
});
const reserved = (address: string) => {
  const [found] = reservedIn({ [`aws-cni/${address}`]: 'c1\r\neth0' });
  if (found === undefined) throw new Error('nothing is reserved');
  return found;
};

/** What is found in these files of the folder. */
function reservedIn(texts: Readonly<Record<string, string>>): ReturnType<typeof reservedAddresses> {
  return reservedAddresses({
    ...createFiles('/'),
    list: (path) =>
      Object.keys(texts).flatMap((name) => {
        const full = `${FOLDER}/${name}`;
        return full.startsWith(`${path}/`) ? [full.slice(path.length + 1).split('/')[0] ?? ''] : [];
      }),
    read: (path) => texts[path.slice(FOLDER.length + 1)],
  });
}

test('reservedAddresses() reads what the host-local plugin has written, and passes over the rest', () =>
  withTemporaryDirectory(async (root) => {
    const files = createFiles(root);
    expect(reservedAddresses(files)).toEqual([]);
    files.ensureDirectory(`${FOLDER}/aws-cni`, 0o755);
    const texts = {
      'fd00::ac:2': 'c1\r\neth0',
      'fd00::ac:3': 'c2',
      'fd00::ac:4': '',
      'fd00::bc:1': 'c3\r\neth0',
      lock: '',
      'last_reserved_ip.0': 'fd00::ac:3',
    };
    for (const [name, text] of Object.entries(texts))
      files.replace({ path: `${FOLDER}/aws-cni/${name}`, text, mode: 0o600 });
    expect(
      reservedAddresses(files).map(({ address, containerId, ifName }) => `${address} ${containerId} ${ifName}`),
    ).toEqual(['fd00::ac:2 c1 eth0', 'fd00::ac:3 c2 eth0']);
  }));

test('findEgresses() finds pods by the routes to their addresses, with the names that they have', () => {
  const network = { links: [link('veth1')], foreignRoutes: [route('fd00::ac:2', 'veth1'), route('10.0.1.9', 'veth1')] };
  const { found, unsupported } = findEgresses(network, [reserved('fd00::ac:2'), reserved('fd00::ac:9')], [owner]);
  expect({ found, unsupported }).toEqual({
    found: [{ owner, address: reserved('fd00::ac:2').address, hostEnd: 'veth1' }],
    unsupported: [],
  });
  const [step] = egressNamingSteps(found);
  const alias = step?.kind === 'set-link' ? (step.alias ?? '') : '';
  expect(isTakenOver(alias)).toBe(true);
  expect(readPodAlias(alias)).toMatchObject({ containerId: 'c1', ifName: 'v6if0' });
});

test('findEgresses() refuses an address that nobody has noted, and leaves links alone that have a name or are dead', () => {
  const foreignRoutes = [route('fd00::ac:2', 'veth1'), route('fd00::ac:3', 'ours'), route('fd00::ac:4', 'dead')];
  const links = [link('veth1'), link('ours', { alias: 'x' }), link('dead', { group: DEAD_LINK_GROUP })];
  expect(findEgresses({ links, foreignRoutes }, [], [])).toEqual({
    found: [],
    unsupported: ['veth1 carries fd00::ac:2, which no file in /run/cni/v4pd/egress-v6-ipam has'],
  });
});
