import type { NodeShell } from './e2e-cni.ts';

/** Where an installation may leave something, settings aside, which are the operator's. */
const PLACES = ['/opt', '/usr/bin', '/var/lib/cni', '/run'];
/** Of these what is in their files is compared as well; elsewhere a daemon that runs goes on writing. */
const QUIET = [
  ...['cni', 'cloud', 'eks', 'kubernetes', 'modules-load.d', 'NetworkManager', 'sysctl.d', 'systemd', 'udev'].map(
    (name) => `/etc/${name}`,
  ),
  ...['/opt/cni', '/opt/vpc-cni'],
];
/** What belongs to the node and not to the product: the sandboxes of pods, and lock files, which hold nothing. */
const ALIEN = ['/run/netns', '/run/lock', '/run/xtables.lock'];

/** Link numbers say in which order links came and nothing else. */
const withoutIndexes = (text: string): string => text.replaceAll(/@if\d+|^\d+: /gm, '');

/** The network of a node as text: links, addresses, rules, routes, packet filter, namespaces of pods. */
export async function networkState(node: NodeShell): Promise<string> {
  const commands: readonly (readonly [string, ...string[]])[] = [
    ['sh', '-c', "ip -o link | sed 's/ qlen.*//' | sort -k2"],
    ['ip', '-brief', '-4', 'address'],
    ['ip', '-4', 'rule'],
    ['ip', '-4', 'route', 'show', 'table', 'all'],
    ['nft', 'list', 'ruleset'],
    ['sh', '-c', 'ls /run/netns'],
  ];
  const texts: string[] = [];
  for (const argv of commands) texts.push(`$ ${argv.join(' ')}\n${withoutIndexes(await node.text(...argv))}`);
  return texts.join('\n');
}

/** The files of a node in the places an installation touches: path, kind, mode, owner, target of a link, checksum. */
export async function fileState(node: NodeShell): Promise<string> {
  const prune = ALIEN.flatMap((path) => ['-path', path, '-prune', '-o']);
  const format = '%p %y %m %U:%G %l\\n';
  const [listed, summed] = await Promise.all([
    node.run(['find', ...PLACES, ...QUIET, ...prune, '-printf', format]),
    node.run(['find', ...QUIET, '-type', 'f', '-exec', 'sha256sum', '{}', '+']),
  ]);
  return `${listed.stdout}${summed.stdout}`.split('\n').sort().join('\n');
}

/** The sysctls of a node that networking products set. */
export async function sysctlState(node: NodeShell): Promise<string> {
  return node.text(
    ...(['sh', '-c', 'grep -H . $(find /proc/sys/net/ipv4 -type f -readable) 2>/dev/null | sort; true'] as const),
  );
}
