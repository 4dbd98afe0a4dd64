import { beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { MODULES_OF_ANY_KERNEL, WANTED_MODULES } from '../../src/hostspec/index.ts';
import { executable } from '../support/e2e.ts';
import { runInGuest } from '../support/guest/boot.ts';
import { iptablesExtensions } from '../support/guest/iptables.ts';

const DEADLINE_MS = 300_000;
setDefaultTimeout(DEADLINE_MS);

const MODULES = WANTED_MODULES.map(({ module }) => module);
/** In the kernel's list, and yet not on the disk. */
const LOST = 'ifb';
const PLUGINS = ['/usr/lib/cni', '/usr/libexec/cni'].find(existsSync) ?? '';

/** A boot stage on a kernel that has none of the modules in it and asks nobody for them, while they wait on the disk. */
const LOADING = `
vpc-cni sim up --api-only --nodes 1 --json > /tmp/sim 2>/dev/null
export AWS_EC2_METADATA_SERVICE_ENDPOINT=$(sed 's/.*"nodes":.*"imds":"\\([^"]*\\)".*/\\1/' /tmp/sim)
mac=$(vpc-cni sim status --json | sed 's/.*"mac":"\\([^"]*\\)".*/\\1/')
ip link add eth0 address $mac type dummy
look() { for name in ${MODULES.join(' ')}; do [ ! -e "/sys/module/$name" ] || echo "$name"; done; echo ---; }
run() { vpc-cni install --stage boot "$@" 2>/dev/null; echo "exit code $?"; echo ---; }
look
run --dry-run
look
run --json
look
run --json
`;

/** The same kernel once it has no nf_tables any more: a node is installed, a pod talks, and all goes again. */
const WITHOUT_NFTABLES = `
rmmod nft_ct nft_fib_ipv4 nft_fib nft_chain_nat nft_nat nft_reject_ipv6 nft_reject_ipv4 nft_reject nf_tables
lists=/lib/modules/$(uname -r)
grep -v '/nft_\\|/nf_tables' $lists/modules.dep > /tmp/dep && mv /tmp/dep $lists/modules.dep
# This shell would take its own.
ip() { /usr/bin/ip "$@"; }
ip link delete eth0
ip netns add router && ip netns add pod
r() { ip netns exec router "$@"; }
ip link add eth0 address $mac type veth peer name vpc netns router
node=$(sed 's/.*"address":"\\([^"]*\\)".*/\\1/' /tmp/sim)
ip addr add $node/20 dev eth0 && ip link set eth0 up
r ip addr add 10.0.0.1/20 dev vpc && r ip addr add 198.51.100.1/32 dev lo
r ip link set vpc up && r ip link set lo up && ip route add default via 10.0.0.1
mkdir -p /etc/vpc-cni/conf.d
cat > /etc/vpc-cni/conf.d/10-guest.env <<EOF
AWS_ENDPOINT_URL_EC2=$(sed 's/.*"ec2":"\\([^"]*\\)".*/\\1/' /tmp/sim)
AWS_EC2_METADATA_SERVICE_ENDPOINT=$AWS_EC2_METADATA_SERVICE_ENDPOINT
WARM_IP_TARGET=1
WARM_ENI_TARGET=0
EOF
say() { echo "$1: $(cat)" | tr '\\n' ' '; echo; }
filter() { iptables-legacy-save | grep -c VPC-CNI | say "$1"; }
vpc-cni install --plugins ${PLUGINS} --ready-timeout 60 --json > /tmp/install 2>&1; echo $? | say install
grep '"error"' /tmp/install
filter rules
ls /sys/module | grep -c '^nf_tables$' | say nf_tables
cni() {
  CNI_COMMAND=$1 CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/pod CNI_IFNAME=eth0 CNI_PATH=/opt/cni/bin \\
  CNI_ARGS='K8S_POD_NAME=p;K8S_POD_NAMESPACE=default' /opt/cni/bin/aws-cni <<'EOF'
{"cniVersion":"1.1.0","name":"aws-cni","type":"aws-cni","vethPrefix":"eni","mtu":"9001"}
EOF
}
cni ADD > /tmp/added || cat /tmp/added
pod=$(sed 's/.*"address":"\\(10[^"/]*\\).*/\\1/' /tmp/added | tail -1)
r ip neigh replace $pod lladdr $mac dev vpc
reach() { r iptables-legacy -I INPUT -i vpc $2; ip netns exec pod ping -nqc2 -i0.2 -W2 $3 | sed -n 's/.* \\([0-9]*\\) received.*/\\1/p' | say "$1"; r iptables-legacy -F INPUT; }
# The world is reached from the node's address alone, the VPC from the pod's own.
reach world "! -s $node -j DROP" 198.51.100.1
reach vpc "! -s $pod -j DROP" 10.0.0.1
iptables-legacy -t nat -F VPC-CNI-SNAT
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ $(iptables-legacy-save | grep -c '^-A VPC-CNI-SNAT ') -gt 0 ] && break; sleep 1; done
filter repaired
found() { vpc-cni doctor 2>/dev/null | grep -c "$2" | say "$1"; }
rmmod sch_tbf
found module 'MODULE_NOT_LOADED: sch_tbf is not loaded'
modprobe sch_tbf
found loaded 'MODULE_NOT_LOADED: sch_tbf is not loaded'
# In a namespace this cannot be written.
limit=/proc/sys/net/netfilter/nf_conntrack_max
most=$(cat $limit)
echo $(($(cat /proc/sys/net/netfilter/nf_conntrack_count) * 10 / 9 + 1)) > $limit
found filling 'CONNTRACK_FILLING: '
sysctl -w net.netfilter.nf_conntrack_max=$((most * 2)) > /dev/null
found roomy 'CONNTRACK_FILLING: '
cni DEL
vpc-cni uninstall --json > /tmp/uninstall 2>&1; echo $? | say uninstall
filter left
`;

describe("on Debian's kernel, without any module loaded", () => {
  let printed: readonly string[] = [];
  let without: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    const [loading = '', rest = ''] = (
      await runInGuest({
        // modprobe of the guest does not know what goes before a module by a line of its settings.
        modules: ['dummy', 'crc32c_generic'],
        loadable: MODULES_OF_ANY_KERNEL.filter((name) => name !== LOST),
        programs: [
          ...['ip', 'nft', 'ping', 'iptables', 'iptables-legacy', 'iptables-nft-save', 'iptables-nft-restore'],
          ...['iptables-legacy-save', 'iptables-legacy-restore', 'ip6tables-nft-save', 'ip6tables-legacy-save'],
        ],
        files: {
          '/usr/bin/vpc-cni-new': executable(),
          ...Object.fromEntries(
            ['loopback', 'portmap', 'bandwidth', 'host-local', 'tuning', 'firewall'].map((name) => [
              `${PLUGINS}/${name}`,
              `${PLUGINS}/${name}`,
            ]),
          ),
          ...iptablesExtensions([
            ...['standard', 'mark', 'addrtype', 'comment', 'conntrack', 'connmark', 'CONNMARK', 'NAT', 'SNAT'],
          ]),
        },
        script: `${LOADING}\necho =====\n${WITHOUT_NFTABLES}`.replaceAll(/\bvpc-cni (?=sim|install)/g, 'vpc-cni-new '),
        deadlineMs: DEADLINE_MS,
      })
    ).split('=====\n');
    if (process.env['SHOW_GUEST'] === '1') process.stdout.write(rest);
    printed = loading.split('---\n');
    without = Object.fromEntries(
      [...rest.matchAll(/^(\w+): (.*?) *$/gm)].map(([, key = '', value = '']) => [key, value]),
    );
  });

  test('the boot stage loads the modules that are missing, and tells of one that is not to be had', () => {
    const [before = '', dry = '', unchanged, first = '', after = '', second = ''] = printed;
    expect([before, unchanged]).toEqual(['', '']);
    expect(dry).toEndWith('exit code 3\n');
    for (const name of MODULES) expect(dry).toContain(`load the kernel module ${name}\n`);

    const report = JSON.parse(first.replace('exit code 0\n', ''));
    const loads = report.changes.filter(({ kind }: { readonly kind: string }) => kind === 'load-module');
    expect(loads).toEqual(MODULES.map((target) => ({ kind: 'load-module', target })));
    expect(report.notes).toContainEqual(
      expect.stringMatching(/^the kernel module ifb could not be loaded: modprobe ifb failed /),
    );
    expect(after.trim().split('\n')).toEqual(MODULES.filter((name) => name !== LOST));
    // It is tried again, because it may have come meanwhile.
    const { changes } = JSON.parse(second.replace('exit code 0\n', ''));
    expect(changes).toEqual([{ kind: 'load-module', target: LOST }]);
  });

  test('a kernel without nf_tables: a node by legacy iptables, from install to uninstall', () => {
    expect(without).toEqual({
      install: '0',
      rules: expect.stringMatching(/^[1-9]\d$/),
      nf_tables: '0',
      world: '2',
      vpc: '2',
      repaired: without['rules'] ?? 'none',
      // Each is broken, told by doctor, and gone once its remedy is carried out.
      ...{ module: '1', loaded: '0', filling: '1', roomy: '0' },
      uninstall: '0',
      left: '0',
    });
  });
});
