import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseIpv4, parseIpv4Cidr, parseMac } from '../../src/addr/index.ts';
import { loadSettings } from '../../src/config/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { Engine } from '../../src/ipamd/engine.ts';
import { allocationsOf, nicsOn } from '../../src/ipamd/nics.ts';
import { FREE_POLICY } from '../../src/ipamd/policy.ts';
import { complaintsOfPool } from '../../src/ipamd/pool-complaints.ts';
import { Store } from '../../src/ipamd/store.ts';
import { createLogger } from '../../src/log/index.ts';
import type { PoolAction } from '../../src/pool/index.ts';
import { createFiles } from '../../src/sys/index.ts';
import { eni, owner, pool, SMALL, show, single, targets } from '../pool/sample.ts';
import { ManualClock } from '../support/manual-clock.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nics-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const NOBODY = new AbortController().signal;
const settled = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) await Promise.resolve();
};

/** An engine over card 0 and card 1, whose growth is carried out by nobody. */
function engineOf(first: string, second: string) {
  const clock = new ManualClock();
  const logger = createLogger({ level: 'error', program: 'test' });
  const actions: PoolAction[] = [];
  const identity = {
    ...{ instanceId: 'i-1', instanceType: 'c6in.32xlarge', region: 'us-east-1', availabilityZone: 'us-east-1a' },
    ...{ vpcId: 'vpc-1', subnetId: 'subnet-1', subnetCidr: parseIpv4Cidr('10.0.0.0/24') },
    ...{ primaryMac: parseMac('02:00:00:00:00:01'), primaryAddress: parseIpv4('10.0.0.200'), vpcCidrs: [] },
    ...{ securityGroups: [], primaryEniId: 'eni-0' },
  };
  const cards = [0, 1].map((card) => ({ card, maxEnis: 1 }));
  const parts = {
    ...{ clock, logger, identity, signal: NOBODY, targets: targets(0, 1) },
    settings: loadSettings({ env: { ADD_WAIT_SECONDS: '3' } }).settings,
    limits: { ...SMALL, cards, slotsPerEni: 9 },
  };
  const store = new Store({ files: createFiles('/'), clock, logger }, folder);
  const held = pool(eni(0, first), eni(1, second, { card: 1, table: 10_101 }));
  const engine = new Engine(parts, store, held, {
    run: (action) => {
      actions.push(action);
      if (action.kind === 'assign') engine.change((changing) => changing.addPending(action));
      return new Promise(() => undefined);
    },
    changed: () => undefined,
    policy: () => FREE_POLICY,
  });
  const both = (n: number) => engine.allocate(nicsOn(engine.cards, owner(n)), NOBODY);
  return { engine, actions, held, both, pass: (ms: number) => clock.pass(ms, settled) };
}

const journal = (): readonly string[] => readFileSync(join(folder, 'journal'), 'utf8').trim().split('\n').slice(1);
const codeOf = (failed: Promise<unknown>): Promise<unknown> =>
  failed.then(
    () => 'served',
    ({ code, details }: HostError) => `${code} ${details['card'] ?? ''} ${details['code'] ?? ''}`.trim(),
  );

describe('a pod that wants an address of each card', () => {
  test('has them all, written down together, and gives them all back together', async () => {
    const { engine, held, both } = engineOf('ff', 'f');
    const given = await both(1);
    expect(given.map((each) => `${each.owner.ifName} ${each.eni?.table}`)).toEqual(['eth0 254', 'mNicIf1 10101']);
    expect(journal()).toHaveLength(2);
    expect(await both(1)).toEqual(given);
    engine.release(owner(1));
    expect([show(held), allocationsOf(held, owner(1))]).toEqual(['eni-0:cf eni-1:c', []]);
    expect(journal()).toHaveLength(4);
  });

  test('has nothing while one card has none, and those behind it are served', async () => {
    const { engine, held, both, actions, pass } = engineOf('ff', 'a');
    const waiting = both(1);
    await pass(1);
    expect([show(held), engine.waiting]).toEqual(['eni-0:ff eni-1:a', 1]);
    // Card 1 is asked for what this pod waits for and for its warm one, card 0 for nothing.
    expect(actions.map((action) => ('count' in action ? `${action.kind} ${action.count}` : action.kind))).toEqual([
      'assign 2',
    ]);
    const [plain] = await Promise.all([engine.allocate([{ owner: owner(2) }], NOBODY), pass(1)]);
    expect(plain?.map(({ eni: place }) => place?.card)).toEqual([0]);
    engine.change((changing) => changing.addCidrs('eni-1', [single(300)]));
    expect((await waiting).map((each) => String(each.address))).toEqual(['10.0.0.1', '10.0.1.44']);
  });

  test('is told which card lacks an address, and why, when its time is over', async () => {
    const { engine, held, both, pass } = engineOf('ff', 'a');
    const outcome = codeOf(both(1));
    engine.change((changing) => changing.addPending({ kind: 'assign', eniId: 'eni-1', unit: 'address', count: 1 }));
    await pass(3_001);
    expect(await outcome).toBe('CARD_EMPTY 1 POOL_GROWING');
    expect([show(held), engine.waiting]).toEqual(['eni-0:ff eni-1:a', 0]);
  });

  test('is refused at once when EC2 gives that card nothing, and nobody else is', async () => {
    const { engine, both, pass } = engineOf('ff', 'a');
    engine.hold('growth', 60_000, new HostError('IAM_DENIED', { action: 'AssignPrivateIpAddresses' }));
    const outcome = codeOf(both(1));
    await pass(1);
    expect(await outcome).toBe('CARD_EMPTY 1 IAM_DENIED');
    expect(engine.refusal()).toBeUndefined();
    expect(await codeOf(engine.allocate([{ owner: owner(2) }], NOBODY))).toBe('served');
  });

  test('is refused when EC2 has no slot on that card, and the other cards go on growing', async () => {
    const { engine, both, actions, pass } = engineOf('f', 'a');
    const error = new HostError('ENI_ATTACH_LIMIT', { instance: 'i-1', reason: 'too many' });
    engine.change((changing) => changing.removeCidrs('eni-1', [single(256)]));
    engine.change((changing) => changing.removeEni('eni-1'));
    engine.holds.holdCard(1, 30_000, error);
    const outcome = codeOf(both(1));
    await pass(1);
    expect(await outcome).toBe('CARD_EMPTY 1 ENI_ATTACH_LIMIT');
    const codes = complaintsOfPool(engine).map((complaint) => complaint()?.code);
    expect(codes.filter((code) => code !== undefined)).toEqual(['CARD_EMPTY', 'ADDRESS_ORPHANED']);
    expect(await codeOf(engine.allocate([{ owner: owner(2) }], NOBODY))).toBe('served');
    await pass(1);
    expect(actions.map(({ kind }) => kind)).toEqual(['assign']);
    await pass(30_000);
    expect(actions.map((action) => ('card' in action ? `${action.kind} ${action.card}` : action.kind))).toEqual([
      'assign',
      'create-eni 1',
    ]);
  });

  test('leaves the line when its DEL comes', async () => {
    const { engine, both, pass } = engineOf('ff', 'a');
    const outcome = codeOf(both(1));
    await pass(1);
    engine.cancel(owner(2));
    expect(engine.waiting).toBe(1);
    engine.cancel(owner(1));
    expect([await outcome, engine.waiting]).toEqual(['ATTACHMENT_UNKNOWN', 0]);
  });
});

test('an ordinary pod takes one of the next card when the first has none', async () => {
  const { engine } = engineOf('a', 'ff');
  const [given] = await engine.allocate([{ owner: owner(2) }], NOBODY);
  expect(given?.eni?.card).toBe(1);
});
