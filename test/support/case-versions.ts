import { expect } from 'bun:test';
import { copyFileSync } from 'node:fs';
import type { CaseGuest, CasePod } from './case-guest.ts';
import type { JsonFailure, JsonReport } from './e2e.ts';
import type { Ping } from './e2e-churn.ts';
import { callPlugin, makeSandbox, removeSandbox } from './e2e-cni.ts';
import { CARRIED } from './systemd-guest.ts';

/** Where every node of a simulated VPC reaches the internet. */
export const INTERNET = '198.51.100.1';

const LOOK_AGAIN_MS = 2;
const AT_ONCE = 3;

/** Puts an executable into the guest, as if it had been copied there; returns its path. */
export function carry(guest: CaseGuest, executable: string, name: string): string {
  const path = `${CARRIED}-${name}`;
  copyFileSync(executable, `${guest.machine.root}${path}`);
  return path;
}

/** `--json` of a command of any executable, which must succeed. */
export async function report(guest: CaseGuest, ...argv: readonly [string, ...string[]]): Promise<JsonReport> {
  return JSON.parse(await guest.text(...argv, '--json'));
}

/** `--json` of a command that must fail, and its exit code. */
export async function failure(
  guest: CaseGuest,
  ...argv: readonly [string, ...string[]]
): Promise<JsonFailure & { readonly exitCode: number }> {
  const { exitCode, stdout, stderr } = await guest.run([...argv, '--json']);
  if (exitCode === 0) throw new Error(`${argv.join(' ')} did not fail: ${stdout}${stderr}`);
  const document: JsonFailure = JSON.parse(stdout);
  return { ...document, exitCode };
}

/** The versions of a guest, and the one whose daemon answers. */
export async function versions(
  guest: CaseGuest,
): Promise<{ readonly current: string | null; readonly previous: string | null; readonly serves: string | null }> {
  const { stdout } = await guest.run(['vpc-cni', 'status', '--json']);
  const status: {
    readonly ready: boolean;
    readonly daemon: { readonly version: string } | null;
    readonly installed: { readonly version: string; readonly previous: string | null } | null;
  } = JSON.parse(stdout);
  return {
    current: status.installed?.version ?? null,
    previous: status.installed?.previous ?? null,
    serves: status.ready ? (status.daemon?.version ?? null) : null,
  };
}

/** What pods have, on the host and inside, and what is written down of them: the same before and after any switch. */
export async function podState(guest: CaseGuest, pods: readonly CasePod[]): Promise<string> {
  const mine = (line: string): boolean => pods.some(({ address }) => line.includes(address));
  const commands = [
    ['ip', '-4', 'rule'],
    ['ip', '-4', 'route', 'show', 'table', 'all'],
    ...pods.map(({ netns }) => ['nsenter', `--net=${netns}`, 'ip', '-4', 'address'] as const),
    ...pods.map(({ netns }) => ['nsenter', `--net=${netns}`, 'ip', '-4', 'route'] as const),
    ['nft', 'list', 'ruleset'],
  ] as const;
  const texts = await Promise.all(commands.map(([program, ...words]) => guest.text(program, ...words)));
  return [...texts.slice(0, 2).map((text) => text.split('\n').filter(mine).join('\n')), ...texts.slice(2)].join('\n');
}

/** Pings between two pods and from one to the internet, fifty a second each. */
export function pingAll(guest: CaseGuest, a: CasePod, b: CasePod): readonly Ping[] {
  return [guest.ping(a, b.address, 0.02), guest.ping(b, a.address, 0.02), guest.ping(a, INTERNET, 0.02)];
}

/** Ends pings, of which not one may have been lost. */
export async function expectNoneLost(guest: CaseGuest, pings: readonly Ping[]): Promise<void> {
  const ended = await Promise.all(pings.map((ping) => ping.end()));
  expect(ended.map(({ lost }) => lost)).toEqual(ended.map(() => []));
  const answered = ended.map((ping) => ping.answered);
  expect(Math.min(...answered)).toBeGreaterThan(10);
  guest.tell(`${answered.join(' + ')} pings answered, none lost`);
}

/** Pods that come and go without a break, several at a time, until it is ended. */
export interface Churn {
  /** How many came, and what a runtime was told of those that did not. */
  readonly end: () => Promise<{
    readonly added: number;
    readonly failed: readonly string[];
    readonly slowestMs: number;
  }>;
}

/** Starts it. Nothing is tried again: what fails once has failed. */
export function startChurn(guest: CaseGuest): Churn {
  const failed: string[] = [];
  let [added, slowestMs, goesOn] = [0, 0, true];
  const worker = async (index: number): Promise<void> => {
    for (let round = 0; goesOn; round += 1) {
      const sandbox = await makeSandbox(guest, `c${index}-${round}`);
      for (const command of ['ADD', 'DEL']) {
        const begin = performance.now();
        const { exitCode, document } = await callPlugin(guest, command, sandbox);
        slowestMs = Math.max(slowestMs, performance.now() - begin);
        if (exitCode !== 0) failed.push(`${command} ${sandbox.pod}: ${JSON.stringify(document)}`);
        else if (command === 'ADD') added += 1;
      }
      await removeSandbox(guest, sandbox);
    }
  };
  const workers = Promise.all(Array.from({ length: AT_ONCE }, (_, index) => worker(index)));
  return {
    end: async () => {
      goesOn = false;
      await workers;
      return { added, failed, slowestMs: Math.round(slowestMs) };
    },
  };
}

/** Watches whether the daemon answers on its socket. */
export interface SocketWatch {
  /** Ends it; the longest time in milliseconds during which nobody answered. */
  readonly end: () => Promise<number>;
}

/** Starts to watch, every few milliseconds. */
export function watchSocket(guest: CaseGuest): SocketWatch {
  const unix = `${guest.machine.root}/run/vpc-cni/cni.sock`;
  let [goesOn, longest] = [true, 0];
  const answers = async (): Promise<boolean> => {
    try {
      return (await fetch('http://localhost/v1/status', { unix, signal: AbortSignal.timeout(1_000) })).ok;
    } catch {
      return false;
    }
  };
  const watching = (async (): Promise<void> => {
    let last = performance.now();
    while (goesOn) {
      if (await answers()) {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }
      await Bun.sleep(LOOK_AGAIN_MS);
    }
  })();
  return {
    end: async () => {
      goesOn = false;
      await watching;
      return Math.round(longest);
    },
  };
}
