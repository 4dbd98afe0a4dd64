import { join } from 'node:path';
import { parseIpv4Cidr } from '../../src/addr/index.ts';
import { NFT_TABLE, type Step } from '../../src/dataplane/index.ts';
import { applySteps, observeNetwork, packetRulesDigest, RouteSocket } from '../../src/kernel/index.ts';
import { readSysctl, systemExec, writeSysctl } from '../../src/sys/index.ts';
import type { Measured } from './rows.ts';

const BUDGET = { repairMs: 100, driftMs: 20, startMs: 50 } as const;
const PODS = 500;
const ENIS = 15;
const STARTS = 7;
const PATIENCE_MS = 20_000;
const ROUNDS = 4;

/** What it takes to see that nothing differs on a node of 500 pods.  */
export function measureDrift(): readonly Measured[] {
  const argv = ['unshare', '--net', process.execPath, join(import.meta.dir, 'drift-inside.ts'), String(PODS)];
  const { success, stdout, stderr } = Bun.spawnSync(argv);
  if (!success) throw new Error(`the drift of ${PODS} pods cannot be measured: ${stderr}`);
  const ours: readonly number[] = JSON.parse(stdout.toString());
  return [{ name: `drift-${PODS}`, ours, peer: [BUDGET.driftMs], unit: 'ms', against: 'budget' }];
}

/** What it takes to program a host of so many ENIs from nothing, packet rules included; each time in a process that has just begun. */
export function measureStart(): Measured {
  const argv = ['unshare', '--net', process.execPath, join(import.meta.dir, 'start-inside.ts'), String(ENIS)];
  const ours = Array.from({ length: STARTS }, () => {
    const { success, stdout, stderr } = Bun.spawnSync(argv);
    if (!success) throw new Error(`a host of ${ENIS} ENIs cannot be programmed: ${stderr}`);
    return Number(stdout.toString());
  });
  return { name: 'start-host-programming', ours, peer: [BUDGET.startMs], unit: 'ms', against: 'budget' };
}

/** Something of ours to be taken away, and whether it is there. */
interface Damage {
  readonly take: () => Promise<void> | void;
  readonly isThere: () => Promise<boolean> | boolean;
}

function damagesOf(socket: RouteSocket): readonly Damage[] {
  const { rules, routes } = observeNetwork(socket);
  const take = (step: Step): Damage['take'] => {
    return () => {
      applySteps(socket, [step]);
    };
  };
  const there = (now: 'rules' | 'routes', one: unknown): Damage['isThere'] => {
    const text = JSON.stringify(one);
    return () => observeNetwork(socket)[now].some((other) => JSON.stringify(other) === text);
  };
  const nft = (script: string): Damage['take'] => {
    return async () => void (await systemExec.run({ argv: ['nft', '-f', '-'], input: script }));
  };
  const hasTable = async (): Promise<boolean> => (await packetRulesDigest(systemExec)) !== undefined;
  const stray = { priority: 512, to: parseIpv4Cidr('198.18.0.1/32'), table: 254 };
  return [
    ...rules.map((rule) => ({ take: take({ kind: 'remove-rule', rule }), isThere: there('rules', rule) })),
    ...routes.map((route) => ({ take: take({ kind: 'remove-route', route }), isThere: there('routes', route) })),
    {
      take: take({ kind: 'add-rule', rule: stray }),
      isThere: () => observeNetwork(socket).rules.length === rules.length,
    },
    { take: nft(`flush chain ip ${NFT_TABLE} source-nat`), isThere: hasTable },
    { take: nft(`delete table ip ${NFT_TABLE}`), isThere: hasTable },
    {
      take: () => void writeSysctl('net/ipv4/ip_forward', '0'),
      isThere: () => readSysctl('net/ipv4/ip_forward') === '1',
    },
  ];
}

/** From the loss of one object of ours, of each kind in turn, until it is there again; on the daemon's node. */
export async function measureRepairs(): Promise<readonly Measured[]> {
  using socket = new RouteSocket();
  const ours: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    for (const { take, isThere } of damagesOf(socket)) {
      await take();
      const began = performance.now();
      while (!(await isThere())) {
        if (performance.now() - began > PATIENCE_MS) throw new Error('something of ours does not come back');
        await Bun.sleep(1);
      }
      ours.push(performance.now() - began);
      // Of looks at once there are a hundred, and what is measured is not a fight.
      await Bun.sleep(100);
    }
  return [{ name: 'repair', ours, peer: [BUDGET.repairMs], unit: 'ms', against: 'budget' }];
}
