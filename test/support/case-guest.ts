import { expect } from 'bun:test';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecResult } from '../../src/sys/index.ts';
import { type E2eVpc, type JsonFailure, type JsonReport, until } from './e2e.ts';
import { type Ping, startPing } from './e2e-churn.ts';
import { callPlugin, makeSandbox, removeSandbox, type Sandbox } from './e2e-cni.ts';
import { expectGolden } from './golden.ts';
import { cloudInitOn } from './guest-cloud.ts';
import { diffFiles, type GuestFiles, readFiles, readStamps } from './guest-files.ts';
import { kernelState } from './guest-kernel.ts';
import { primaryNetworkFile } from './guest-network.ts';
import { type Killed, killAfterStep } from './killed-step.ts';
import { type CaseSettings, parseCase } from './parse-case.ts';
import { CARRIED, SystemdGuest } from './systemd-guest.ts';

const ROOT = join(import.meta.dir, '../..');

/** A pod of a case: its sandbox and the address it got. */
export interface CasePod extends Sandbox {
  readonly address: string;
}

/** What an uninstallation must leave as it was: files, and the network of the kernel. */
export interface GuestState {
  readonly files: GuestFiles;
  /** None while the machine is off. */
  readonly kernel: string | undefined;
}

/** What a case may do to its user data, which EC2 has before the guest is there. */
export type ChangeUserData = (text: string) => Promise<string>;

/** A scenario of the simulator for the settings of a case. */
async function scenarioOf(settings: CaseSettings, change: ChangeUserData): Promise<object> {
  const { nodes = 2, instanceType: type = 'm5.large', userData } = settings;
  const own = userData === undefined ? {} : { userData: await change(readFileSync(join(ROOT, userData.file), 'utf8')) };
  return {
    nodes: ['node-a', 'node-b', 'node-c', 'node-d']
      .slice(0, nodes)
      .map((name, index) => ({ name, type, ...(index === 0 ? own : {}) })),
  };
}

/** Lines that went and came; where there are none, the first that has another place or comes another number of times. */
function diffLines(before: readonly string[], after: readonly string[]): readonly string[] {
  const gone = before.filter((line) => !after.includes(line)).map((line) => `- ${line}`);
  const come = after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`);
  if (gone.length > 0 || come.length > 0) return [...gone, ...come];
  const moved = after.findIndex((line, index) => line !== before[index]);
  return Bun.deepEquals(before, after) ? [] : [`~ ${moved < 0 ? before[after.length] : after[moved]}`];
}

/** What a booted cloud image has where the case asks for it. */
async function prepare(guest: SystemdGuest, folder: string, settings: CaseSettings): Promise<void> {
  if (settings.cloudInit === true) await cloudInitOn(guest);
  if (settings.networkd === true) {
    guest.writeOutside('/etc/systemd/network/10-primary.network', primaryNetworkFile(guest.launched));
    await guest.outside('chroot', 'ROOT', 'systemctl', 'enable', 'systemd-networkd');
  }
  const files = join(folder, 'files');
  if (existsSync(files)) cpSync(files, guest.root, { recursive: true });
}

/** The machine of an end-to-end case, and what a case does with it and finds out about it. */
export class CaseGuest implements AsyncDisposable {
  readonly settings: CaseSettings;
  /** The machine itself, for what this class does not spell out. */
  readonly machine: SystemdGuest;
  readonly #folder: string;
  #before: GuestState | undefined;

  private constructor(folder: string, settings: CaseSettings, machine: SystemdGuest) {
    this.#folder = folder;
    this.settings = settings;
    this.machine = machine;
  }

  /** The machine of the case in a folder. `mark` is what its VPC is called. */
  static async start(folder: string, mark: string, change: ChangeUserData): Promise<CaseGuest> {
    const settings = parseCase(join(folder, 'case.json'));
    const temporary = mkdtempSync(join(tmpdir(), 'case-'));
    try {
      const scenario = join(temporary, 'scenario.json');
      writeFileSync(scenario, JSON.stringify(await scenarioOf(settings, change)));
      const machine = await SystemdGuest.start(mark, {
        vpc: [`--scenario=${scenario}`],
        prepare: (guest) => prepare(guest, folder, settings),
        power: settings.power ?? 'on',
      });
      const guest = new CaseGuest(folder, settings, machine);
      if (settings.power !== 'off') await guest.pristine();
      return guest;
    } finally {
      rmSync(temporary, { recursive: true });
    }
  }

  /** The simulated VPC. */
  get vpc(): E2eVpc {
    return this.machine.vpc;
  }

  /** Runs a program in the guest; whatever its exit code. */
  run(...args: Parameters<SystemdGuest['run']>): Promise<ExecResult> {
    return this.machine.run(...args);
  }

  /** What a program prints in the guest. Throws when it fails. */
  text(...argv: readonly [string, ...string[]]): Promise<string> {
    return this.machine.text(...argv);
  }

  /** The executable as it was carried there, whatever its exit code. */
  cli(...words: readonly string[]): Promise<ExecResult> {
    return this.run([CARRIED, ...words]);
  }

  /** `install --json`, which must succeed. */
  install(...words: readonly string[]): Promise<JsonReport> {
    return this.machine.report('install', ...words);
  }

  /** `uninstall --json`, which must succeed. */
  uninstall(...words: readonly string[]): Promise<JsonReport> {
    return this.machine.report('uninstall', ...words);
  }

  /** A command that must fail: what it says with `--json`, and its exit code. */
  async failure(...words: readonly string[]): Promise<JsonFailure & { readonly exitCode: number }> {
    const { exitCode, stdout, stderr } = await this.cli(...words, '--json');
    if (exitCode === 0) throw new Error(`${words.join(' ')} did not fail: ${stdout}${stderr}`);
    const document: JsonFailure = JSON.parse(stdout);
    return { ...document, exitCode };
  }

  /** Kills `vpc-cni WORDS` after so many of its steps, before the next begins. */
  killAfterStep(steps: number, ...words: readonly string[]): Promise<Killed> {
    return killAfterStep([...this.machine.enterArgv('--pid', '--uts', '--ipc'), CARRIED, ...words], steps);
  }

  /** A sandbox of its own, wired by the plugin as a container runtime calls it. */
  async addPod(name: string): Promise<CasePod> {
    // `ip netns` makes it with the first namespace, and of this kind.
    await this.text('mkdir', '-p', '/run/netns');
    const sandbox = await makeSandbox(this, name);
    const { exitCode, document } = await callPlugin(this, 'ADD', sandbox);
    const address = /"address":"([\d.]+)\/32"/.exec(JSON.stringify(document))?.[1];
    if (exitCode !== 0 || address === undefined) throw new Error(`ADD of ${name}: ${JSON.stringify(document)}`);
    return { ...sandbox, address };
  }

  /** Deletes a pod with its sandbox. */
  async deletePod(pod: CasePod): Promise<void> {
    expect(await callPlugin(this, 'DEL', pod)).toEqual({ exitCode: 0, document: '' });
    await removeSandbox(this, pod);
  }

  /** Starts to ping an address from a pod, so often; `end()` tells how many were answered and which were lost. */
  ping(pod: CasePod, address: string, everySeconds = 0.1): Ping {
    const argv = [...this.machine.enterArgv(), 'nsenter', `--net=${pod.netns}`, '--'] as const;
    return startPing(argv, address, everySeconds);
  }

  /** Which of these addresses a pod does not reach. */
  async unreached(pod: CasePod, ...addresses: readonly string[]): Promise<readonly string[]> {
    const missed: string[] = [];
    for (const address of addresses) {
      const ping = ['ping', '-n', '-q', '-c1', '-W2', address] as const;
      const { exitCode } = await this.run(['nsenter', `--net=${pod.netns}`, '--', ...ping]);
      if (exitCode !== 0) missed.push(`${pod.pod} → ${address}`);
    }
    return missed;
  }

  /** Waits until a file is in the guest. */
  async untilFile(path: string): Promise<void> {
    await until(path, async () => ((await this.machine.has(path)) ? true : undefined), { withinMs: 60_000 });
  }

  /** Every path of the guest's root: kind, mode, owner, target of links, checksum of texts. */
  tree(): GuestFiles {
    return readFiles(this.machine.root);
  }

  /** Inode and times of every path, a line each. */
  stamps(): readonly string[] {
    return readStamps(this.machine.root);
  }

  /** Links, addresses, rules, routes, nftables, iptables of all back ends, sysctls. */
  kernel(): Promise<string> {
    return kernelState(this.machine);
  }

  /** Takes the guest as it is now for what later states are compared with. It is so once booted, unless told. */
  async pristine(): Promise<void> {
    const kernel = this.machine.power === 'on' ? await this.kernel() : undefined;
    this.#before = { files: this.tree(), kernel };
  }

  get #pristine(): GuestState {
    if (this.#before === undefined) throw new Error('a case that boots its guest itself must call pristine() first');
    return this.#before;
  }

  /** The paths that differ from the pristine guest, against `expected/NAME.txt`. */
  expectTree(name = 'tree'): void {
    const lines = diffFiles(this.#pristine.files, this.tree()).map((line) => `${line}\n`);
    expectGolden(join(this.#folder, `expected/${name}.txt`), lines.join(''));
  }

  /** What is not as in the pristine guest: paths, and lines of the kernel's state; a line each. */
  async remains(): Promise<readonly string[]> {
    const { files, kernel } = this.#pristine;
    if (kernel === undefined) throw new Error('the guest was off when it was taken for pristine');
    const now = await this.kernel();
    return [...diffFiles(files, this.tree()), ...diffLines(kernel.split('\n'), now.split('\n'))];
  }

  /** A figure for whoever reads the run; nothing is asserted about it. */
  tell(text: string): void {
    process.stderr.write(`    ${text}\n`);
  }

  /** Ends the machine and its VPC. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.machine[Symbol.asyncDispose]();
  }
}
