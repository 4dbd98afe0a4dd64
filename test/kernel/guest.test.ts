import { beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { iptablesExtensions } from '../support/guest/iptables.ts';
import { type GuestStage, runSuitesInGuest, type SuiteResult } from '../support/guest/suites.ts';

// Three minutes on a quiet machine, twice that beside other tests.
const DEADLINE_MS = 900_000;
const GOLDEN = join(import.meta.dir, '../fixtures/golden');
const suite = (name: string, only?: string) => ({
  path: join(import.meta.dir, `${name}.ts`),
  ...(only === undefined ? {} : { only }),
});

/**
 * The tests that Debian's kernel runs, which has 802.1Q and ipvs where the machine's may not, an older rtnetlink, and no
 * nf_tables until it is loaded. Emulation is slow: those that prove the same thing again by many more packets stay out.
 */
const STAGES: readonly GuestStage[] = [
  {
    modules: ['iptable_nat', 'iptable_mangle', 'xt_nat', 'xt_connmark', 'xt_conntrack', 'xt_addrtype', 'xt_comment'],
    suites: [suite('no-nftables-suite')],
  },
  {
    modules: [
      ...['8021q', 'veth', 'bridge', 'dummy', 'tun', 'vrf', 'ip_vs_rr'],
      ...['nft_ct', 'nft_nat', 'nft_fib_ipv4', 'nft_chain_nat', 'nft_reject_inet', 'nft_compat', 'nft_objref'],
      ...['nf_conntrack_netlink', 'nft_masq', 'nft_numgen', 'xt_mark', 'xt_MASQUERADE', 'xt_tcpudp'],
    ],
    suites: [
      suite('branch.test'),
      suite('branch-daemon.test'),
      suite('branch-refused.test'),
      suite('branch-takeover.test'),
      suite('pod-again.test'),
      suite('host-network.test'),
      suite('pod-ipv6.test'),
      suite('golden.test', 'secondary ENI, snat:'),
      suite('packets.test', '^packets with nft nft: (packets of pods (as delivered|with a NAT outside)|answers|bits)'),
      suite('ipvs-suite'),
      suite('netlink-codec.test', 'what we ask for'),
      suite('netlink-observe.test'),
      suite('netlink-events.test'),
      suite('watch-network.test'),
      suite('connections.test'),
    ],
  },
];

const USED = {
  // The guest's own shell would run its own ip and sysctl, whatever is installed.
  '/usr/bin/sh': '/bin/dash',
} as const;

const golden = Object.fromEntries(readdirSync(GOLDEN).map((name) => [`/fixtures/golden/${name}`, join(GOLDEN, name)]));

describe('on the kernel of Debian', () => {
  let results: ReadonlyMap<string, SuiteResult> = new Map();
  beforeAll(async () => {
    results = await runSuitesInGuest(STAGES, {
      started: [join(import.meta.dir, '../support/guest/branch-daemon.ts')],
      programs: [
        ...['ip', 'nft', 'ping', 'sysctl', 'bash', 'timeout', 'ipvsadm', 'iptables', 'iptables-save', 'ip6tables-save'],
        ...['iptables-nft-save', 'iptables-nft-restore', 'iptables-legacy-save', 'iptables-legacy-restore'],
      ],
      files: {
        ...USED,
        ...golden,
        ...iptablesExtensions([
          ...['standard', 'tcp', 'mark', 'MARK', 'addrtype', 'comment', 'conntrack', 'connmark', 'CONNMARK'],
          ...['NAT', 'SNAT', 'MASQUERADE'],
        ]),
      },
      deadlineMs: DEADLINE_MS,
    });
  }, DEADLINE_MS);

  for (const { path } of STAGES.flatMap(({ suites }) => suites)) {
    const name = path.replace(/^.*\/|(\.test)?\.ts$/g, '');
    test(`the tests of ${name} pass`, () => {
      const { printed, passed, failed } = results.get(name) ?? { printed: 'it did not run', passed: 0, failed: 1 };
      if (failed > 0) process.stdout.write(printed);
      expect({ failed, some: passed > 0 }).toEqual({ failed: 0, some: true });
    });
  }
});
