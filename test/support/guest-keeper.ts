import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executable, until } from './e2e.ts';
import { debianTree } from './systemd-tree.ts';

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
echo ready
machine=
while read -r word; do
  systemd-nspawn --quiet --directory="$GUEST/root" --boot --machine="$VPC" --register=no --keep-unit \
    --network-namespace-path="$NETNS" --capability=CAP_NET_ADMIN \
    --drop-capability=CAP_SYS_TIME --bind-ro="$EXECUTABLE:$CARRIED" \
    --console=pipe >>"$CONSOLE" 2>&1 </dev/null &
  machine=$!
  echo "$machine"
done
# Without its first process everything in the machine ends; nspawn alone would leave that behind.
[ -z "$machine" ] || kill -KILL $(cat "/proc/$machine/task/$machine/children" 2>/dev/null) "$machine" 2>/dev/null || true
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

/** A file of /proc about a process; empty once it is gone. */
export function procText(pid: number, name: string): string {
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

/** The files of a machine and the switch that turns it on; systemd inside is none of its business. */
export class GuestKeeper implements AsyncDisposable {
  readonly #process: Bun.Subprocess<'pipe', 'pipe', 'inherit'>;
  readonly #answers: AsyncIterator<Uint8Array>;
  readonly #directory: string;
  #nspawn = 0;
  #leader = 0;

  private constructor(process: Bun.Subprocess<'pipe', 'pipe', 'inherit'>, directory: string) {
    this.#process = process;
    this.#answers = process.stdout[Symbol.asyncIterator]();
    this.#directory = directory;
  }

  /** Lays out the files of a machine that is off, in the network namespace of a node. */
  static async start(vpc: string, netns: string): Promise<GuestKeeper> {
    const GUEST = mkdtempSync(join(tmpdir(), `${vpc}-`));
    const env = { GUEST, CONSOLE: `${GUEST}.console`, TREE: await debianTree(), VPC: vpc, NETNS: netns, CARRIED };
    const keeper = Bun.spawn(['unshare', '--mount', '--propagation=slave', '--', 'sh', '-c', KEEPER], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        ...env,
        EXECUTABLE: executable(),
        SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: UNIFIED,
        // As on a machine of its own, /proc/sys/net may be written; nothing else of /proc/sys, which is this machine's.
        SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
      },
    });
    const guest = new GuestKeeper(keeper, GUEST);
    await guest.#answer();
    return guest;
  }

  async #answer(): Promise<string> {
    const { value } = await this.#answers.next();
    return new TextDecoder().decode(value);
  }

  /** Where the guest's files are in the keeper's mount namespace. */
  get files(): string {
    return `${this.#directory}/root`;
  }

  /** The process whose mount namespace has them. */
  get pid(): number {
    return this.#process.pid;
  }

  /** The first process of the running machine; 0 while it is off. */
  get leader(): number {
    return this.#leader;
  }

  /** The root of the guest as seen from outside: with all its mounts while it runs, its files alone when it is off. */
  get root(): string {
    return this.#leader === 0 ? `/proc/${this.pid}/root${this.files}` : `/proc/${this.#leader}/root`;
  }

  /** Switches the machine on and waits for its first process. */
  async switchOn(): Promise<void> {
    this.#process.stdin.write('boot\n');
    await this.#process.stdin.flush();
    this.#nspawn = Number(await this.#answer());
    const last = (): string => this.said();
    this.#leader = await until('the first process of the guest', () => leaderOf(this.#nspawn), { last });
  }

  /** Pulls the plug: with its first process all of the machine ends at once, and nspawn after it. */
  async cutPower(): Promise<void> {
    process.kill(this.#leader, 'SIGKILL');
    await this.untilOff();
  }

  /** Waits for the end of the machine and of nspawn, which the keeper has not reaped yet: it stays a zombie. */
  async untilOff(): Promise<void> {
    const ended = (pid: number): boolean => !/^State:\t[^ZX]/m.test(procText(pid, 'status'));
    const gone = (): boolean => ended(this.#leader) && ended(this.#nspawn);
    await until('the machine to be off', () => (gone() ? true : undefined), { last: () => this.said() });
    this.#leader = 0;
  }

  /** The end of what is on the console. */
  said(): string {
    const console = `${this.#directory}.console`;
    return existsSync(console) ? readFileSync(console, 'utf8').slice(-2_000) : '';
  }

  /** Ends the machine and the VPC and removes every trace of both. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stdin.end();
    await this.#process.exited;
  }
}
