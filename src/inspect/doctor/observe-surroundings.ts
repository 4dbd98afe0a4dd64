import { type OtherIpamd, PATHS } from '../../hostspec/index.ts';
import { iptablesSaves } from '../../kernel/index.ts';
import { type Exec, followedFact, listProcesses, processWords, type ReadFiles } from '../../sys/index.ts';
import type { NetworkFacts } from './network.ts';
import { parseNetworkEvents } from './parse-cloud-config.ts';
import { optionOf, parseMaxPods } from './parse-kubelet.ts';
import type { HotplugFacts, SurroundingsFacts } from './surroundings.ts';

const CONNTRACK = '/proc/sys/net/netfilter/nf_conntrack_';

function observeConnections(files: ReadFiles): SurroundingsFacts['connections'] {
  const [count, max] = ['count', 'max'].map((name) => files.read(`${CONNTRACK}${name}`));
  return count === undefined || max === undefined ? undefined : { count: Number(count), max: Number(max) };
}

async function observeFilters(exec: Exec): Promise<SurroundingsFacts['filters']> {
  const saves = await iptablesSaves(exec);
  return saves.map(({ program, save }) => ({ program, rules: save.match(/^-A /gm)?.length ?? 0 }));
}

/** Where the configuration of a kubelet is that is not told otherwise: EKS images, then kubeadm. */
const KUBELET_FILES = [
  '/etc/kubernetes/kubelet/config.json',
  '/etc/kubernetes/kubelet/kubelet-config.json',
  '/var/lib/kubelet/config.yaml',
];
const KUBELET_DROPINS = '/etc/kubernetes/kubelet/config.json.d';

/** Of the kubelet that runs, else of the files one would read: an option outranks a drop-in, and that the file. */
function observeKubelet(files: ReadFiles): SurroundingsFacts['kubelet'] {
  const running = listProcesses().find(({ name }) => name === 'kubelet');
  const words = running === undefined ? undefined : processWords(running.pid);
  const option = words && optionOf(words, '--max-pods');
  if (option !== undefined) return { maxPods: Number(option), from: 'its option --max-pods' };
  const file = words && optionOf(words, '--config');
  const folder = words === undefined ? KUBELET_DROPINS : optionOf(words, '--config-dir');
  const dropIns = folder === undefined ? [] : files.list(folder).filter((name) => name.endsWith('.conf'));
  const paths = [...(file === undefined ? KUBELET_FILES : [file]), ...dropIns.map((name) => `${folder}/${name}`)];
  const told = paths.flatMap((path) => {
    const maxPods = parseMaxPods(files.read(path) ?? '');
    return maxPods === undefined ? [] : [{ maxPods, from: path }];
  });
  return told.at(-1);
}

/** What systemd-networkd notes of each link it knows (not a documented file, and read as long as it is there). */
const NETWORKD_LINKS = '/run/systemd/netif/links';

function observeNetworkd(files: ReadFiles, { notes, observed }: NetworkFacts): SurroundingsFacts['networkdLinks'] {
  const secondary = new Set(notes.enis.flatMap(({ facts, attached }) => (facts.primary ? [] : (attached?.mac ?? []))));
  return observed.links.flatMap(({ index, name, mac }) => {
    if (mac === undefined || !secondary.has(mac)) return [];
    const text = files.read(`${NETWORKD_LINKS}/${index}`) ?? '';
    const value = (key: string): string | undefined => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];
    const file = value('NETWORK_FILE');
    return file === undefined || value('ADMIN_STATE') === 'unmanaged' ? [] : [{ link: name, file }];
  });
}

/** What surrounds us on a node that runs. */
export async function observeSurroundings(
  place: { readonly files: ReadFiles; readonly exec: Exec },
  known: {
    readonly network: NetworkFacts;
    readonly otherIpamd: readonly OtherIpamd[];
    readonly podRoom: number | undefined;
  },
): Promise<SurroundingsFacts> {
  const { files, exec } = place;
  const { network, otherIpamd, podRoom } = known;
  return {
    otherIpamd,
    podRoom,
    links: network.observed.links.map(({ name }) => name),
    connections: observeConnections(files),
    filters: await observeFilters(exec),
    kubelet: observeKubelet(files),
    networkdLinks: observeNetworkd(files, network),
  };
}

const UDEV_RULES = ['/etc/udev/rules.d', '/run/udev/rules.d', '/usr/lib/udev/rules.d'];
/** amazon-ec2-net-utils and its predecessor ec2-net-utils: a rule for network devices that starts their programs. */
const HOTPLUG_RULE = /^[^#\n]*SUBSYSTEM=="net"(?:[^\n]|\\\n)*(?:ec2net|ec2ifup|policy-routes)/m;

function observeUdev(files: ReadFiles): readonly string[] {
  // A file of the same name in an earlier directory takes the place of one in a later, also an empty one.
  const byName = new Map<string, string>();
  for (const directory of UDEV_RULES)
    for (const name of files.list(directory))
      if (name.endsWith('.rules') && !byName.has(name)) byName.set(name, `${directory}/${name}`);
  return [...byName.values()].filter(
    (path) => followedFact(files, path).kind === 'file' && HOTPLUG_RULE.test(files.read(path) ?? ''),
  );
}

function observeCloudInit(files: ReadFiles): readonly string[] {
  const at = PATHS.cloudInitDropIn.lastIndexOf('/');
  const [folder, ours] = [PATHS.cloudInitDropIn.slice(0, at), PATHS.cloudInitDropIn.slice(at + 1)];
  const told = files
    .list(folder)
    .filter((name) => name.endsWith('.cfg') && name > ours)
    .flatMap((name) => {
      const events = parseNetworkEvents(files.read(`${folder}/${name}`) ?? '');
      return events === undefined ? [] : [{ path: `${folder}/${name}`, events }];
    });
  // The last file that says anything counts.
  const last = told.at(-1);
  return last?.events.includes('hotplug') ? [last.path] : [];
}

/** What would configure ENIs on this host or in this image. */
export const observeHotplug = (files: ReadFiles): HotplugFacts => ({
  udev: observeUdev(files),
  cloudInit: observeCloudInit(files),
});
