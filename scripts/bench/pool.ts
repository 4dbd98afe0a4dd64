import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ipv4Address, parseIpv4 } from '../../src/addr/index.ts';
import { JIT_SCALE } from '../../src/commands/ipamd.ts';
import { checkPool, type DecideInput, decide, type Owner, Pool, renderRecords } from '../../src/pool/index.ts';
import { openAppendFile } from '../../src/sys/index.ts';
import type { Measured } from './rows.ts';

const BUDGET = { decideMs: 1, decideLargeMs: 5, checkMs: 5, appendMs: 0.2 } as const;
const SAMPLES = 50;
const WARM_UP = 20;
const PAIRS = 200;

const owner = (n: number): Owner => ({
  network: 'aws-cni',
  containerId: `c${n}`,
  ifName: 'eth0',
  podNamespace: 'default',
  podName: `pod-${n}`,
});
const addressOf = (n: number): Ipv4Address => parseIpv4(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`);

/** ENIs full of single addresses, of which pods hold all but one in ten. */
export function poolOf(enis: number, addresses: number): Pool {
  const pool = new Pool();
  for (let device = 0; device < enis; device += 1) {
    const id = `eni-${device}`;
    const at = { card: 0, device, table: device + 1, primary: device === 0 };
    pool.putEni({ id, ...at, subnetId: 'subnet-1', attachedAtMs: 0, efa: false });
    const numbers = Array.from({ length: addresses }, (_, n) => device * addresses + n);
    pool.addCidrs(
      id,
      numbers.map((n) => `${addressOf(n)}/32`),
    );
    for (const n of numbers.filter((each) => each % 10 !== 0))
      pool.apply({ kind: 'assigned', address: addressOf(n), owner: owner(n), since: 1n });
  }
  return pool;
}

function inputOf(view: Pool, enis: number, addresses: number): DecideInput {
  const total = enis * addresses;
  return {
    view,
    limits: { cards: [{ card: 0, maxEnis: enis }], slotsPerEni: addresses, maxPods: total },
    targets: { mode: 'secondary', fallbackToAddresses: false, warmEni: 0, warmIp: 5, minimumIp: 5, warmPrefix: 0 },
    ...{ waiting: 0, nowMs: 3_600_000, holds: { growthUntilMs: 0, shrinkUntilMs: 0 } },
    permits: { grow: true, shrink: true, freeEnis: true },
    ...{ trunkReserve: 0, fragmented: new Set<string>(), newEniFragmented: false },
    ...{ full: new Set<string>(), newEniFull: false },
  };
}

/** Milliseconds one run takes, for each of some runs. */
function time(run: () => unknown): readonly number[] {
  for (let round = 0; round < WARM_UP; round += 1) run();
  return Array.from({ length: SAMPLES }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
}

/** Microseconds to find, assign and release one address, without the daemon around it. */
function timePairs(pool: Pool): readonly number[] {
  let serial = 1_000_000;
  return time(() => {
    for (let pair = 0; pair < PAIRS; pair += 1) {
      serial += 1;
      const who = owner(serial);
      const choice = pool.choose({ owner: who, since: 1n, kinds: ['address'], cards: [0] });
      if (choice?.kind !== 'new') throw new Error('no address is free');
      pool.apply(choice.event);
      for (const event of pool.release(who, 0)) pool.apply(event);
      pool.endCooldowns(0);
    }
  }).map((ms) => (ms * 1000) / PAIRS);
}

/** Milliseconds to write one pod down when each waits for its own line, in memory, as /run is. */
function timeAppends(): readonly number[] {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bench-'));
  const journal = openAppendFile(join(folder, 'journal'), { mode: 0o600, sync: false });
  let serial = 0;
  try {
    return time(() => {
      for (let pair = 0; pair < PAIRS; pair += 1) {
        serial += 1;
        journal.append(
          renderRecords([{ kind: 'assigned', address: addressOf(serial), owner: owner(serial), since: 1n }]),
        );
      }
    }).map((ms) => ms / PAIRS);
  } finally {
    journal.close();
    rmSync(folder, { recursive: true });
  }
}

/** Measures the decisions under the daemon's policy of compilation, and what an ADD costs in a large pool against a small one. */
export function measurePool(): readonly Measured[] {
  Bun.unsafe.setJITPolicy(JIT_SCALE);
  try {
    return measure();
  } finally {
    Bun.unsafe.setJITPolicy(1);
  }
}

function measure(): readonly Measured[] {
  const [usual, large] = [poolOf(15, 50), poolOf(15, 667)];
  const decided = (pool: Pool, addresses: number): readonly number[] => {
    const given = inputOf(pool, 15, addresses);
    if (decide(given).actions.length === 0) throw new Error('there was nothing to decide');
    return time(() => decide(given));
  };
  const budget = (name: string, ours: readonly number[], peer: number): Measured => ({
    ...{ name, ours, unit: 'ms', peer: [peer], against: 'budget' },
  });
  return [
    budget('pool-decide-15x50', decided(usual, 50), BUDGET.decideMs),
    budget('pool-decide-10000', decided(large, 667), BUDGET.decideLargeMs),
    budget(
      'pool-check-15x50',
      time(() => checkPool(usual)),
      BUDGET.checkMs,
    ),
    budget('pool-journal-append', timeAppends(), BUDGET.appendMs),
    {
      name: 'pool-assign-release-10000',
      ours: timePairs(large),
      peer: timePairs(poolOf(2, 10)),
      unit: 'µs',
      against: 'same, near-empty node',
    },
  ];
}
