import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecResult } from '../../src/sys/index.ts';
import { type E2eVpc, executable, freshVpc, type JsonReport, runAny, until } from './e2e.ts';
import { debianTree } from './systemd-tree.ts';

/** The unit under test. */
export const UNIT = 'vpc-cni-ipamd.service';

/** Where the executable to be installed is in the guest, as if it had been copied there. */
export const CARRIED = '/root/vpc-cni';

/**
 * Holds the guest's files, on a tmpfs of its own mount namespace, and its machine. It ends with its standard input, hence
 * also when the test run is killed: then the machine goes as in a power cut, and the VPC with it.
 */
const KEEPER = String.raw`
set -e
mount -t tmpfs -o mode=0755 guest "$GUEST"
mkdir "$GUEST/upper" "$GUEST/work" "$GUEST/root"
mount -t overlay -o "lowerdir=$TREE,upperdir=$GUEST/upper,workdir=$GUEST/work" guest "$GUEST/root"
mkdir -p /run/systemd/nspawn
mount -t tmpfs nspawn /run/systemd/nspawn
trap '' HUP INT TERM
machine=
while read -r word; do
  systemd-nspawn --quiet --directory="$GUEST/root" --boot --machine="$VPC" --register=no --keep-unit \
    --network-namespace-path="$NETNS" --capability=CAP_NET_ADMIN --bind-ro="$EXECUTABLE:$CARRIED" \
    --console=pipe >>"$CONSOLE" 2>&1 </dev/null &
  machine=$!
  echo "$machine"
done
[ -z "$machine" ] || kill -KILL "$machine" 2>/dev/null || true
wait
"$EXECUTABLE" sim down --name="$VPC" >/dev/null 2>&1 || true
umount --lazy "$GUEST"
rmdir "$GUEST"
rm -f "$CONSOLE"
`;

/** The guest's systemd must use the cgroup hierarchy this machine has. */
const UNIFIED = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '1' : '0';

/** `NSpid` ends with 1 in the first process of a process namespace (proc_pid_status(5)). */
const FIRST = /^NSpid:\t.*\t1$/m;

function procText(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** The first process of the machine nspawn runs; before it there is a short-lived other child. */
function leaderOf(nspawn: number): number | undefined {
  const children = procText(nspawn, `task/${nspawn}/children`).split(' ').map(Number);
  return children.find((pid) => FIRST.test(procText(pid, 'status')));
}

/** A node of a simulated VPC whose machine runs a real systemd. */
export class SystemdGuest implements AsyncDisposable {
  readonly vpc: E2eVpc;
  readonly #keeper: Bun.Subprocess<'pipe', 'pipe', 'inherit'>;
  readonly #answers: AsyncIterator<Uint8Array>;
  readonly #console: string;
  #nspawn = 0;
  #leader = 0;

  private constructor(vpc: E2eVpc, keeper: Bun.Subprocess<'pipe', 'pipe', 'inherit'>, console: string) {
    this.vpc = vpc;
    this.#keeper = keeper;
    this.#answers = keeper.stdout[Symbol.asyncIterator]();
    this.#console = console;
  }

  /** A fresh VPC with two nodes; the machine of node-a is booted, the other one is only there to be talked to. */
  static async start(mark: string): Promise<SystemdGuest> {
    const TREE = await debianTree();
    const vpc = freshVpc(mark);
    await vpc.up('--nodes=2');
    const { name: VPC, nodes } = await vpc.status();
    const GUEST = mkdtempSync(join(tmpdir(), `${VPC}-`));
    const CONSOLE = `${GUEST}.console`;
    const NETNS = vpc.node(nodes[0]?.name ?? '').paths.netns;
    const keeper = Bun.spawn(['unshare', '--mount', '--propagation=slave', '--', 'sh', '-c', KEEPER], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        ...{ TREE, VPC, GUEST, CONSOLE, NETNS, CARRIED, EXECUTABLE: executable() },
        SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: UNIFIED,
        // As on a machine of its own, /proc/sys/net may be written; nothing else of /proc/sys, which is this machine's.
        SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
      },
    });
    const guest = new SystemdGuest(vpc, keeper, CONSOLE);
    try {
      await guest.boot();
      await guest.write('/etc/vpc-cni/conf.d/00-simulator.env', 'AWS_ENDPOINT_URL_EC2=http://192.0.2.10\n');
      return guest;
    } catch (error) {
      await guest[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Switches the machine on and waits until systemd has started all it wants to start. */
  async boot(): Promise<void> {
    await this.switchOn();
    await this.untilBooted();
  }

  /** Switches the machine on and waits until systemd answers; units may still be starting. */
  async switchOn(): Promise<void> {
    this.#keeper.stdin.write('boot\n');
    await this.#keeper.stdin.flush();
    const { value } = await this.#answers.next();
    this.#nspawn = Number(new TextDecoder().decode(value));
    await this.#findLeader();
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
      { last: () => `${last} ${this.#said()}` },
    );
  }

  /** Shuts down in order, as an instance that is stopped. */
  async shutDown(): Promise<void> {
    await this.run(['systemctl', 'poweroff']);
    await this.#untilOff();
  }

  /** Pulls the plug. */
  async cutPower(): Promise<void> {
    process.kill(this.#nspawn, 'SIGKILL');
    await this.#untilOff();
  }

  /** `systemctl reboot`. nspawn leaves the start to who keeps it (--keep-unit), and then it is we. */
  async reboot(): Promise<void> {
    await this.run(['systemctl', 'reboot']);
    await this.#untilOff();
    await this.boot();
  }

  /** Runs a program in the guest; whatever its exit code. */
  run(
    argv: readonly [string, ...string[]],
    more: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<ExecResult> {
    const spaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--root', '--wd'];
    const clean = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8'];
    const set = Object.entries(more.env ?? {}).map(([key, value]) => `${key}=${value}`);
    return runAny(
      ['nsenter', `--target=${this.#leader}`, ...spaces, '--', ...clean, ...set, ...argv],
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
    const match = [`_SYSTEMD_UNIT=${UNIT}`, '_TRANSPORT=stdout'];
    const text = await this.text('journalctl', '--boot', '--output=cat', '--no-pager', '--quiet', ...match);
    return text.split('\n').filter((line) => line !== '');
  }

  /** `install` or `uninstall` with `--json`, which must succeed. */
  async report(...words: readonly ['install' | 'uninstall', ...string[]]): Promise<JsonReport> {
    return JSON.parse(await this.text(CARRIED, ...words, '--json'));
  }

  /** Ends the machine and the VPC and removes every trace of both. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper.stdin.end();
    await this.#keeper.exited;
  }

  async #findLeader(): Promise<void> {
    this.#leader = await until('the first process of the guest', () => leaderOf(this.#nspawn), {
      last: () => this.#said(),
    });
    await until('systemd to answer', async () => {
      const { exitCode } = await this.run(['systemctl', 'show', '--property=Version']);
      return exitCode === 0 ? true : undefined;
    });
  }

  /** The keeper has not reaped it yet, so it stays a zombie without children. */
  async #untilOff(): Promise<void> {
    const gone = (): boolean => !/^State:\t[^ZX]/m.test(procText(this.#nspawn, 'status'));
    await until('the machine to be off', () => (gone() ? true : undefined), { last: () => this.#said() });
  }

  #said(): string {
    return existsSync(this.#console) ? readFileSync(this.#console, 'utf8').slice(-2_000) : '';
  }
}
