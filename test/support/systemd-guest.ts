import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SimStatus } from '../../src/sim/index.ts';
import type { ExecResult } from '../../src/sys/index.ts';
import { type E2eVpc, freshVpc, type JsonReport, runAny, until } from './e2e.ts';
import { CARRIED, GuestKeeper } from './guest-keeper.ts';

export { CARRIED } from './guest-keeper.ts';

/** The unit under test. */
export const UNIT = 'vpc-cni-ipamd.service';

/** What a guest is made of, apart from Debian's files. */
export interface GuestOptions {
  /** Words for `sim up`; the first node is the guest's, the others are only there to be talked to. */
  readonly vpc?: readonly string[];
  /** Changes the files of the machine before it is switched on for the first time. */
  readonly prepare?: (guest: SystemdGuest) => Promise<void>;
  /** Whether it is switched on before the caller gets it. */
  readonly power?: 'on' | 'off';
}

const CLEAN = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8'] as const;

/** A node of a simulated VPC whose machine runs a real systemd. */
export class SystemdGuest implements AsyncDisposable {
  readonly vpc: E2eVpc;
  /** The VPC as it was launched. */
  readonly launched: SimStatus;
  readonly #keeper: GuestKeeper;

  private constructor(machine: {
    readonly vpc: E2eVpc;
    readonly launched: SimStatus;
    readonly keeper: GuestKeeper;
  }) {
    this.vpc = machine.vpc;
    this.launched = machine.launched;
    this.#keeper = machine.keeper;
  }

  /** A machine on the first node of a fresh VPC, which has two nodes unless told. */
  static async start(mark: string, options: GuestOptions = {}): Promise<SystemdGuest> {
    const vpc = freshVpc(mark);
    await vpc.up(...(options.vpc ?? ['--nodes=2']));
    const launched = await vpc.status();
    const [node] = launched.nodes;
    const keeper = await GuestKeeper.start(launched.name, vpc.node(node?.name ?? '').paths.netns);
    const guest = new SystemdGuest({ vpc, launched, keeper });
    try {
      guest.writeOutside('/etc/vpc-cni/conf.d/00-simulator.env', 'AWS_ENDPOINT_URL_EC2=http://192.0.2.10\n');
      // It is in every tree, for those who ask for it.
      guest.writeOutside('/etc/cloud/cloud-init.disabled', '');
      await options.prepare?.(guest);
      if (options.power !== 'off') await guest.boot();
      return guest;
    } catch (error) {
      await guest[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The root of the guest as seen from outside: with all its mounts while it runs, its files alone when it is off. */
  get root(): string {
    return this.#keeper.root;
  }

  /** Whether it runs. */
  get power(): 'on' | 'off' {
    return this.#keeper.leader === 0 ? 'off' : 'on';
  }

  /** Writes a file of the guest from outside, also while it is off; of root, for all to read. */
  writeOutside(path: string, text: string): void {
    const place = `${this.root}${path}`;
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text, { mode: 0o644 });
  }

  /**
   * Runs a program of this machine that sees the files of the guest; `ROOT` in its words is where they are, as they are
   * below the mount point of a volume when an image is built.
   */
  outside(...argv: readonly [string, ...string[]]): Promise<ExecResult> {
    const words = argv.map((word) => word.replace('ROOT', this.#keeper.files));
    return runAny(['nsenter', `--target=${this.#keeper.pid}`, '--mount', '--', ...words]);
  }

  /** Switches the machine on and waits until systemd has started all it wants to start. */
  async boot(): Promise<void> {
    await this.switchOn();
    await this.untilBooted();
  }

  /** Switches the machine on and waits until systemd answers; units may still be starting. */
  async switchOn(): Promise<void> {
    await this.#keeper.switchOn();
    await until('systemd to answer', async () => {
      const { exitCode } = await this.run(['systemctl', 'show', '--property=Version']);
      return exitCode === 0 ? true : undefined;
    });
  }

  /** Waits until systemd has started all it wants to start. */
  async untilBooted(): Promise<void> {
    let last = '';
    await until(
      'the guest to have booted',
      async () => {
        last = (await this.run(['systemctl', 'is-system-running'])).stdout.trim();
        return ['running', 'degraded'].includes(last) ? true : undefined;
      },
      { last: () => `${last} ${this.#keeper.said()}`, withinMs: 60_000 },
    );
  }

  /** Shuts down in order, as an instance that is stopped. */
  async shutDown(): Promise<void> {
    await this.run(['systemctl', 'poweroff']);
    await this.#keeper.untilOff();
  }

  /** Pulls the plug. */
  cutPower(): Promise<void> {
    return this.#keeper.cutPower();
  }

  /** `systemctl reboot`. nspawn leaves the start to who keeps it (--keep-unit), and then it is we. */
  async reboot(): Promise<void> {
    await this.run(['systemctl', 'reboot']);
    await this.#keeper.untilOff();
    await this.boot();
  }

  /** The words that run a program in the guest. Without `--pid` it stays a child of the caller, who can signal it. */
  enterArgv(...spaces: readonly string[]): readonly [string, ...string[]] {
    const always = ['--mount', '--net', '--root', '--wd'];
    return ['nsenter', `--target=${this.#keeper.leader}`, ...always, ...spaces, '--', ...CLEAN];
  }

  /** Runs a program in the guest; whatever its exit code. */
  run(
    argv: readonly [string, ...string[]],
    more: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<ExecResult> {
    const set = Object.entries(more.env ?? {}).map(([key, value]) => `${key}=${value}`);
    return runAny(
      [...this.enterArgv('--pid', '--uts', '--ipc'), ...set, ...argv],
      more.input === undefined ? {} : { input: more.input },
    );
  }

  /** What a program prints in the guest. Throws when it fails. */
  async text(...argv: readonly [string, ...string[]]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(argv);
    if (exitCode !== 0) throw new Error(`${argv.join(' ')} failed with ${exitCode}: ${stderr || stdout}`);
    return stdout.trimEnd();
  }

  /** Reports whether a path exists in the guest. */
  async has(path: string): Promise<boolean> {
    return (await this.run(['test', '-e', path])).exitCode === 0;
  }

  /** Writes a file in the guest, and its folder. */
  async write(path: string, text: string): Promise<void> {
    await this.text('mkdir', '-p', path.slice(0, path.lastIndexOf('/')));
    const { exitCode, stderr } = await this.run(['tee', path], { input: text });
    if (exitCode !== 0) throw new Error(`writing ${path} failed: ${stderr}`);
  }

  /** One property of the unit. */
  property(name: string): Promise<string> {
    return this.text('systemctl', 'show', '--value', `--property=${name}`, UNIT);
  }

  /** Waits for a property of the unit. */
  async untilProperty(name: string, wanted: string): Promise<void> {
    let last = '';
    await until(
      `${UNIT} with ${name}=${wanted}`,
      async () => {
        last = await this.property(name);
        return last === wanted ? true : undefined;
      },
      { last: () => last },
    );
  }

  /** What the unit wrote to the journal of this boot, a line each; systemd's own lines are left out. */
  async journal(): Promise<readonly string[]> {
    const own = [`_SYSTEMD_UNIT=${UNIT}`, 'SYSLOG_IDENTIFIER=vpc-cni-ipamd'];
    const match = [...own, '+', `_SYSTEMD_UNIT=${UNIT}`, '_TRANSPORT=stdout'];
    const text = await this.text('journalctl', '--boot', '--output=cat', '--no-pager', '--quiet', ...match);
    return text.split('\n').filter((line) => line !== '');
  }

  /** `install` or `uninstall` with `--json`, which must succeed. */
  async report(...words: readonly ['install' | 'uninstall', ...string[]]): Promise<JsonReport> {
    return JSON.parse(await this.text(CARRIED, ...words, '--json'));
  }

  /** Ends the machine and the VPC and removes every trace of both. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper[Symbol.asyncDispose]();
  }
}
