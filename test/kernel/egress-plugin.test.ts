import { expect } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IpFamily, parseIp } from '../../src/addr/index.ts';
import { parseCniCall } from '../../src/cniproto/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { EGRESS } from '../../src/dataplane/index.ts';
import { toHostError } from '../../src/errors/index.ts';
import { Leases } from '../../src/ipamd/egress/leases.ts';
import { Egress } from '../../src/ipamd/egress/plugin.ts';
import { Reaper } from '../../src/ipamd/reaper.ts';
import { createLogger } from '../../src/log/index.ts';
import { createFiles, systemClock, systemExec } from '../../src/sys/index.ts';
import { kernelTest, lines, TestNetns } from '../support/netns.ts';
import { TestNode } from './pod-node.ts';
import { wholeState } from './whole-state.ts';

const OWN = { cniVersion: '1.1.0', interfaces: [{ name: 'eth0', sandbox: '/x' }], ips: [{ address: '10.0.1.90/32' }] };
const NEVER = new AbortController().signal;

/** egress-cni of a daemon whose host is a namespace, for one pod. */
class EgressStage implements Disposable {
  readonly node = new TestNode();
  readonly pod = new TestNetns('pod');
  readonly #folder = mkdtempSync(join(tmpdir(), 'vpc-cni-egress-'));
  readonly #family: IpFamily;
  readonly #stop = new AbortController();
  #egress: Egress;

  constructor(family: IpFamily) {
    this.#family = family;
    this.pod.ip('link add eth0 type veth peer name far');
    this.node.space.run('sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
    this.#egress = this.#start({});
  }

  #start(flags: Readonly<Record<string, string>>, family: IpFamily | undefined = this.#family): Egress {
    const logger = createLogger({ level: 'error', program: 'egress' });
    const leases = new Leases({ files: createFiles(this.#folder), logger }, '/egress').load();
    const nodeAddress = parseIp(this.#family === 'ipv4' ? '10.0.1.5' : '2001:db8:1::5');
    const { settings } = loadSettings({ flags });
    const { socket } = this.node;
    const egress = family && { family, nodeAddress };
    const signal = this.#stop.signal;
    const reaper = new Reaper({
      clock: systemClock,
      exec: systemExec,
      logger,
      signal,
      socket,
      netns: this.node.space.netns,
    });
    return new Egress({ clock: systemClock, logger, settings, socket, egress }, leases, reaper);
  }

  /** A new daemon, with these settings. */
  restart(flags: Readonly<Record<string, string>>): void {
    this.#egress = this.#start(flags);
  }

  /** What a call comes to: its answer, or the code and the words of its failure. */
  async call(command: string, config: object = {}, gone = NEVER): Promise<unknown> {
    const call = parseCniCall({
      ...{ plugin: 'egress-cni', command, containerId: 'c-web', netns: this.pod.netns.path, ifName: 'eth0', path: '/' },
      args: 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=web',
      config: { cniVersion: '1.1.0', name: 'aws-cni', type: 'egress-cni', enabled: 'true', prevResult: OWN, ...config },
    });
    return this.#egress
      .serve(call, gone)
      .catch((error: unknown) => `${toHostError(error).code} ${toHostError(error).message}`);
  }

  /** Everything a call could leave half-done. */
  state(): readonly string[] {
    return [wholeState(this.node.space), wholeState(this.pod), this.addresses().join()];
  }

  addresses(): readonly string[] {
    try {
      return readdirSync(join(this.#folder, 'egress'));
    } catch {
      return [];
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    this.node[Symbol.dispose]();
    this.pod[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

const WRONG: readonly (readonly [string, object, string])[] = [
  ['without a result', { prevResult: undefined }, 'CNI_CONFIG invalid network configuration: ADD needs prevResult'],
  ['with a text for a result', { prevResult: 'x' }, 'CNI_CONFIG invalid network configuration: prevResult is not'],
  [
    'with interfaces that are none',
    { prevResult: { interfaces: [7] } },
    'CNI_CONFIG invalid network configuration: prev',
  ],
];

for (const family of ['ipv4', 'ipv6'] as const) {
  const { ifName } = EGRESS[family];

  kernelTest(
    `an ADD for ${family} that fails costs no address and leaves nothing, whatever it failed for`,
    async () => {
      using stage = new EgressStage(family);
      const before = stage.state();
      for (const [name, config, says] of WRONG) {
        expect(`${name}: ${await stage.call('ADD', config)}`).toStartWith(`${name}: ${says}`);
        expect(stage.state()).toEqual(before);
      }
      expect(await stage.call('ADD', { enabled: 'false' })).toEqual(OWN);
      expect(stage.state()).toEqual(before);
      const ended = AbortSignal.abort(new Error('the runtime gave up'));
      expect(await stage.call('ADD', {}, ended)).toContain('the runtime gave up');
      expect(stage.state()).toEqual(before);
      stage.pod.ip(`link add ${ifName} type veth peer name far2`);
      const taken = stage.state();
      expect(await stage.call('ADD')).toMatch(new RegExp(`^IFNAME_TAKEN .* ${ifName} that is not ours`));
      expect(stage.state()).toEqual(taken);
      stage.pod.ip(`link delete ${ifName}`);
      if (family === 'ipv6') {
        stage.node.space.run('sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
        expect(await stage.call('ADD')).toMatch(/^NETLINK the kernel refused to set (neighbour|route) fd00::ac:/);
        expect(stage.state()).toEqual(before);
        stage.node.space.run('sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=0');
      }
      expect(await stage.call('ADD')).toMatchObject({ interfaces: [{}, {}, { name: ifName }] });
      expect(stage.addresses()).toHaveLength(1);
    },
  );

  kernelTest(`a pair for ${family} is known by whose it is: also when the prefix of links has changed`, async () => {
    using stage = new EgressStage(family);
    const before = stage.state();
    const added = await stage.call('ADD');
    const wired = stage.state();
    stage.restart({ AWS_VPC_K8S_CNI_VETHPREFIX: 'web' });
    expect(await stage.call('ADD')).toEqual(added);
    expect(await stage.call('CHECK', { prevResult: added })).toEqual({});
    expect(stage.state()).toEqual(wired);
    expect(await stage.call('DEL')).toEqual({});
    // Its pair is left to whoever removes the dead, and carries nothing.
    stage.node.space.ip('link delete group 7690');
    expect(await stage.call('DEL')).toEqual({});
    expect([stage.state()[0], stage.addresses()]).toEqual([before[0] ?? '', []]);
  });

  kernelTest(`CHECK for ${family} names what is missing, and nothing of a pod that was added without`, async () => {
    using stage = new EgressStage(family);
    expect(await stage.call('CHECK')).toEqual({});
    const added = await stage.call('ADD');
    expect(await stage.call('CHECK')).toBe(`CHECK_FAILED container c-web: the result given lacks interface ${ifName}`);
    stage.pod.ip(`link set ${ifName} down`);
    expect(await stage.call('CHECK', { prevResult: added })).toEndWith(`interface ${ifName} is down`);
    await stage.call('DEL');
    expect(await stage.call('CHECK', { prevResult: added })).toBe(
      `ATTACHMENT_UNKNOWN no allocation for container c-web interface ${ifName}`,
    );
    const other = [{ containerID: 'c-other', ifname: 'eth0' }];
    await stage.call('ADD');
    expect(await stage.call('GC', { 'cni.dev/valid-attachments': other })).toEqual({});
    expect([stage.addresses(), lines(stage.node.space.ip('-o link show group 7690')).length]).toEqual([[], 1]);
  });
}
