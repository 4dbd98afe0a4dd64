import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { doctorOn, expectSound, meet, shell, type Trouble } from '../support/doctor.ts';
import { freshVpc } from '../support/e2e.ts';

setDefaultTimeout(120_000);

const vpc = freshVpc('dr');
const node = vpc.node('node-a');

/** The first host end of a pod; the first free address of the pool. */
const POD = `pod=$(ip -o link show type veth | grep -o 'eni[0-9a-f]*' | head -1)`;
const FREE = `free=$(vpc-cni status --json | grep -o '"address":"[0-9.]*","state":"free"' | head -1 | cut -d'"' -f4)`;

/** What goes wrong while the daemon serves, and is none of its business. */
const LIVE: readonly Trouble[] = [
  {
    name: 'a host end with another MTU',
    breaks: `${POD}; ip link set dev $pod mtu 1400`,
    said: [/^warning MTU_WRONG: eni[0-9a-f]{11} has mtu 1400, not 9001$/],
    mends: `${POD}; ip link set dev $pod mtu 9001`,
    printed: 'ip link set dev LINK mtu NUMBER',
  },
  {
    name: 'rules in both kinds of iptables',
    breaks: 'iptables-legacy --append INPUT --jump ACCEPT; iptables-nft --append INPUT --jump ACCEPT',
    said: ['warning FILTERS_MIXED: 1 rules in iptables-nft, 1 rules in iptables-legacy'],
    mends: 'iptables-legacy --flush',
  },
  {
    name: 'a kubelet that takes more pods than there are addresses',
    breaks: 'mkdir -p /var/lib/kubelet; echo "maxPods: 110" > /var/lib/kubelet/config.yaml',
    said: ['warning MAX_PODS_TOO_MANY: /var/lib/kubelet/config.yaml lets the kubelet take 110 pods, 11 have room'],
    mends: 'echo KUBELET_MAX_PODS=kubelet > /etc/vpc-cni/conf.d/50-test.env; vpc-cni install --stage boot',
    printed: 'set KUBELET_MAX_PODS (kubelet, nodeadm or env) and run "vpc-cni install --stage boot"',
  },
  {
    name: 'what the boot stage had written for that kubelet',
    breaks: 'rm /etc/kubernetes/kubelet/config.json.d/50-vpc-cni.conf; rm /var/lib/kubelet/config.yaml',
    said: [/^warning BOOT_STAGE_DUE: it would write \/etc\/kubernetes\/kubelet\/config\.json\.d\/50-vpc-cni\.conf/],
    mends: 'vpc-cni install --stage boot',
  },
  {
    name: 'another address daemon',
    breaks:
      'cp /bin/sleep /tmp/aws-k8s-agent; setsid --fork /tmp/aws-k8s-agent 600 > /dev/null 2>&1; until pidof aws-k8s-agent; do sleep 0.01; done',
    said: [/^fault OTHER_IPAMD: aws-k8s-agent \(process \d+\) runs$/],
    mends: 'kill $(pidof aws-k8s-agent)',
    printed: 'end the process of the evidence',
  },
  {
    name: 'the bridge of another CNI plugin',
    breaks: 'ip link add cni0 type bridge',
    said: ['warning OTHER_CNI: cni0 is a link of the plugin "bridge"'],
    mends: 'ip link delete cni0',
    printed: 'ip link delete LINK',
  },
  {
    name: 'the udev rules of amazon-ec2-net-utils under another name',
    breaks: `echo 'SUBSYSTEM=="net", ACTION=="add", ENV{SYSTEMD_WANTS}+="policy-routes@%k.service"' > /etc/udev/rules.d/98-site.rules`,
    said: ['fault HOTPLUG_UDEV: /etc/udev/rules.d/98-site.rules has a rule for each new network interface'],
    mends: 'ln -sf /dev/null /etc/udev/rules.d/98-site.rules',
    printed: 'link to /dev/null of the same name into /etc/udev/rules.d',
  },
  {
    name: "cloud-init's hotplug switched on again",
    breaks: String.raw`printf 'updates:\n  network:\n    when: [boot, hotplug]\n' > /etc/cloud/cloud.cfg.d/99-zz.cfg`,
    said: [/^fault HOTPLUG_CLOUD_INIT: \/etc\/cloud\/cloud\.cfg\.d\/99-zz\.cfg says hotplug, and is read after /],
    mends: 'sed -i s/,.hotplug// /etc/cloud/cloud.cfg.d/99-zz.cfg',
    printed: 'remove "hotplug" from the file of the evidence',
  },
  {
    name: 'nm-cloud-setup enabled',
    breaks:
      'mkdir -p /etc/systemd/system/timers.target.wants; ln -s /usr/lib/systemd/system/nm-cloud-setup.timer /etc/systemd/system/timers.target.wants/nm-cloud-setup.timer',
    said: [/^fault NM_CLOUD_SETUP: .*nm-cloud-setup\.timer starts it at boot$/],
    // What "systemctl disable" does on a host without systemd.
    mends: 'rm /etc/systemd/system/timers.target.wants/nm-cloud-setup.timer',
    printed: 'systemctl disable --now nm-cloud-setup.service nm-cloud-setup.timer',
  },
  {
    name: 'an address for pods on a link of the host',
    breaks: `${FREE}; ip address add $free/32 dev eth0`,
    said: [
      /^warning DAEMON_CONDITION: ADDRESS_QUARANTINED: kept out of use, 1 of the pool's addresses: 10\.0\.0\.\d+ \(host-link\)$/,
      /^fault POD_ADDRESS_ON_HOST: eth0 has 10\.0\.0\.\d+\/32$/,
    ],
    mends: `ip address delete $(ip -o -4 address show dev eth0 | grep -o '10[0-9.]*/32') dev eth0`,
    printed: 'ip address delete ADDRESS dev LINK',
  },
];

/** What the daemon would put back at once, found while it is dead. */
const DEAD: readonly (Pick<Trouble, 'name' | 'breaks' | 'said'> & Partial<Trouble>)[] = [
  {
    name: 'the rule for marked packets',
    breaks: 'ip rule delete priority 1024',
    said: ['fault HOST_RULE_MISSING: 1024: from all fwmark 128/128 lookup 254'],
  },
  {
    name: 'the rule for packets to a pod',
    breaks: 'ip rule delete priority 512',
    said: [/^fault POD_RULE_MISSING: default\/web-\d \((\S+)\): 512: from all to \1\/32 lookup 254$/],
  },
  {
    name: 'the table of an ENI',
    breaks: 'ip route flush table 2',
    said: [
      'fault HOST_ROUTE_MISSING: 10.0.0.1/32 dev eth1 table 2',
      'fault HOST_ROUTE_MISSING: 0.0.0.0/0 via 10.0.0.1 dev eth1 table 2',
    ],
  },
  {
    name: 'the address of an ENI',
    breaks:
      'ip address flush dev eth1; ip route add 10.0.0.1 dev eth1 table 2 proto 90; ip route add default via 10.0.0.1 dev eth1 table 2 proto 90',
    said: [/^fault HOST_ADDRESS_MISSING: 10\.0\.0\.\d+\/24 dev eth1$/],
  },
  {
    name: 'an ENI that is down',
    breaks: 'ip link set eth1 down',
    said: [/^fault ENI_LINK_DOWN: eth1 of eni-[0-9a-f]+ is down$/],
  },
  {
    name: 'a host end that is down',
    breaks: `${POD}; ip link set $pod down`,
    said: [/^fault POD_LINK_DOWN: default\/web-\d \(\S+\): eni[0-9a-f]+ is down$/],
  },
  {
    name: 'the route to a pod',
    breaks: `${POD}; ip route delete $(ip route show dev $pod | head -1)`,
    said: [/^fault POD_ROUTE_MISSING: default\/web-\d \((\S+)\): \1\/32 dev eni[0-9a-f]+ table main$/],
  },
  {
    name: 'packet rules gone',
    breaks: 'nft delete table ip vpc-cni',
    said: ['fault PACKET_RULES_CHANGED: those of table ip vpc-cni are gone'],
  },
  {
    name: 'packet rules altered',
    breaks: 'nft add rule ip vpc-cni source-nat counter',
    said: ['fault PACKET_RULES_CHANGED: those of table ip vpc-cni were altered'],
  },
];

const DOWN = /^fault DAEMON_DOWN: ipamd does not answer on \/run\/vpc-cni\/cni\.sock: the socket does not exist$/;

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--attach-ms', '200');
  await node.install();
  await vpc.json('pod', 'add', 'node-a', 'web-1', 'web-2', 'web-3', 'web-4');
  await expectSound(node);
});
afterAll(async () => {
  await vpc.down();
});

describe('while the daemon serves', () => {
  for (const trouble of LIVE)
    test(trouble.name, async () => {
      await meet(node, trouble);
      await expectSound(node);
    });
});

describe('while it is dead', () => {
  for (const trouble of DEAD)
    test(trouble.name, async () => {
      await node.stopDaemon();
      await meet(node, { mends: 'vpc-cni install', ...trouble }, [DOWN]);
      await expectSound(node);
    });

  test('state that is damaged, and then what the daemon says of it', async () => {
    await node.stopDaemon();
    const damaged: Trouble = {
      name: 'journal',
      breaks: 'echo nonsense > /run/vpc-cni/journal',
      said: [/^warning STATE_DAMAGED: journal: the checkpoint cannot be read: /],
      mends: 'vpc-cni install',
    };
    await meet(node, damaged, [DOWN]);
    const healed: Trouble = {
      name: 'an hour passes',
      breaks: 'true',
      said: [/^warning DAEMON_CONDITION: STATE_DAMAGED: /],
      mends: 'rm -f /run/vpc-cni/*.broken',
      printed: 'It is told for an hour after the start',
    };
    await meet(node, healed);
    await node.stopDaemon();
    await node.install();
    await expectSound(node);
  });

  test('pods that no note knows are taken over from the kernel', async () => {
    await node.stopDaemon();
    await shell(node, 'rm -f /run/vpc-cni/ipam.json* /run/vpc-cni/journal* /run/vpc-cni/pool.json*');
    const said = Array.from(
      { length: 4 },
      () => /^fault POD_NOT_NOTED: eni[0-9a-f]+ is the host end of default\/web-\d$/,
    );
    await meet(node, { name: '', breaks: 'true', said, mends: 'vpc-cni install' }, [DOWN]);
    const { pool } = await node.untilStatus('the pods', ({ pool: { assigned } }) => assigned === 4);
    expect(pool.assigned).toBe(4);
    await node.stopDaemon();
    await node.install();
    await expectSound(node);
  });

  test('the link of an ENI that is gone, and with it the pods on it', async () => {
    await node.stopDaemon();
    await meet(
      node,
      {
        name: '',
        breaks: 'ip link delete eth2',
        said: [/^fault ENI_LINK_MISSING: eni-[0-9a-f]+ \(02:[0-9a-f:]+\) has no link$/],
        mends: 'vpc-cni install',
        printed: 'then the daemon forgets it',
      },
      [DOWN],
    );
    await expectSound(node);
  });

  test('--fix puts back what only has to be as install made it, and nothing of others', async () => {
    await node.stopDaemon();
    const conflist = '/etc/cni/net.d/05-other.conflist';
    await shell(
      node,
      `sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.eth0.rp_filter=1; iptables-nft --policy FORWARD DROP
       rm /opt/cni/bin/egress-cni; echo '{"name":"k8s","plugins":[{"type":"calico"}]}' > ${conflist}`,
    );
    const before = await doctorOn(node);
    const repaired = [
      'INSTALLED_MISSING: the link /opt/cni/bin/egress-cni is missing',
      'SYSCTL_WRONG: net.ipv4.ip_forward is 0, not 1',
      'SYSCTL_WRONG: net.ipv4.conf.eth0.rp_filter is 1, not 2',
      'FORWARD_DROPPED: the policy of iptables-nft FORWARD is DROP',
    ];
    const left = [/^fault CONFLIST_RIVAL: /, DOWN].map((line) => expect.stringMatching(line));
    expect(before.said).toHaveLength(repaired.length + left.length);
    expect(before.said).toEqual(expect.arrayContaining([...repaired.map((line) => `fault ${line}`), ...left]));
    const text = await node.cli('doctor', '--fix');
    expect([text.exitCode, text.stdout.split('\n').filter((line) => line.startsWith('repaired '))]).toEqual([
      3,
      repaired.map((line) => `repaired ${line}`),
    ]);
    const { said } = await doctorOn(node, '--fix');
    expect(said).toEqual(left);
    await shell(node, `rm ${conflist}; vpc-cni install`);
    await expectSound(node);
  });
});
