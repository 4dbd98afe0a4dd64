import { FREE_POLICY } from '../../../src/ipamd/policy.ts';
import {
  type DecideInput,
  decide,
  type Intent,
  type JournalRecord,
  keysAround,
  kindsOf,
  type Memory,
  NOTHING_REMEMBERED,
  type Orphan,
  type Owner,
  type PendingGrowth,
  type PodAddress,
  type Pool,
  type PoolAction,
  renderJournalHeader,
  renderRecords,
  resolveTruth,
  sameOwner,
} from '../../../src/pool/index.ts';
import { replay } from '../../../src/pool/journal/memory.ts';
import { parseJournal } from '../../../src/pool/journal/parse-journal.ts';
import { execute, goingWith, learn, takeBack } from './deeds.ts';
import { Ec2Model } from './ec2-model.ts';
import { COOLDOWN_MS, type Daemon, type Outcome, REST_MS, type Settings } from './parts.ts';

/**
 * A node as values: EC2, the kernel's pods, what was written down, and a daemon that may be dead. The daemon does with its
 * pool what the real one does; the invariants are about the world outside it.
 */
export class World {
  readonly ec2: Ec2Model;
  readonly kernel = new Map<string, Orphan>();
  readonly wrong: string[] = [];
  readonly takenByHand = new Set<string>();
  nowMs = 1_700_000_000_000;
  ec2Up = true;
  diskFull = false;
  daemon: Daemon | undefined;
  /** Growth that EC2 had no room for rests until then. */
  #growthUntilMs = 0;
  #memory: Memory = NOTHING_REMEMBERED;
  #journal = renderJournalHeader({ generation: 1, bootId: 'b' });
  readonly #spool: Owner[] = [];
  readonly #freedAt = new Map<PodAddress, number>();
  readonly settings: Settings;

  constructor(settings: Settings) {
    this.settings = settings;
    this.ec2 = new Ec2Model(settings.room);
  }

  /** Starts the daemon: memory and journal, EC2 if it answers, the kernel; then leftovers and kept DELs. */
  start(): void {
    // A start waits until it can write its checkpoint: what a crash tore must not be written on.
    if (this.daemon !== undefined || this.diskFull) return;
    const { records } = parseJournal(this.#journal);
    this.#memory = replay(this.#memory, records);
    const pool = this.#truth();
    const intents = new Map(this.#memory.intents.map((intent) => [intent.key, intent]));
    this.daemon = { pool, underWay: [], waiting: new Map(), intents, sure: this.ec2Up };
    this.#fold();
    if (this.ec2Up) this.#removeLeftovers();
    this.#pass();
  }

  /** The daemon dies; `executed` says whether EC2 still does what it was asked for; a half line may be left. */
  crash(executed: boolean, torn: boolean): void {
    for (const { action } of this.daemon?.underWay ?? []) if (executed) this.#execute(action, true);
    if (torn && this.daemon !== undefined) this.#journal += '00000000 {"kind":"assig';
    this.daemon = undefined;
  }

  /** EC2 is there again: a daemon that started without it learns the truth. */
  ec2Returns(): void {
    this.ec2Up = true;
    const daemon = this.daemon;
    if (daemon === undefined || daemon.sure) return;
    this.#fold();
    this.daemon = { ...daemon, pool: this.#truth(), sure: true };
    this.#removeLeftovers();
    this.#pass();
  }

  add(owner: Owner): void {
    const daemon = this.daemon;
    if (daemon === undefined || this.kernel.has(owner.containerId)) return;
    // A sandbox whose DEL is still to be done never comes back under its name.
    if (this.#spool.some((each) => sameOwner(each, owner))) return;
    daemon.waiting.set(owner.containerId, owner);
    this.#pass();
  }

  del(owner: Owner): void {
    this.kernel.delete(owner.containerId);
    if (this.daemon === undefined) this.#spool.push(owner);
    else {
      this.daemon.waiting.delete(owner.containerId);
      this.#release(owner);
      this.#pass();
    }
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.#pass();
  }

  /** EC2 answers the request that has waited longest. */
  answer(outcome: Outcome): void {
    const daemon = this.daemon;
    const asked = daemon?.underWay.shift();
    if (daemon === undefined || asked === undefined) return;
    const { pool } = daemon;
    const { action, growth } = asked;
    const done = outcome === 'ok' || outcome === 'lost' ? this.#execute(action, false) : undefined;
    if (growth !== undefined) pool.removePending(growth);
    // Refused, or unheard and not done: EC2 is asked what there is, and says that nothing has changed.
    // What EC2 has no room for is asked again every now and then; all else is counted.
    if (done !== undefined) this.ec2.calls += 1;
    if (done === undefined) {
      takeBack(pool, action);
      if (growth !== undefined) this.#growthUntilMs = this.nowMs + REST_MS;
    } else learn(pool, action, { done, ec2: this.ec2 });
    if (asked.intent !== undefined) this.#end(asked.intent);
    this.#pass();
  }

  /** Somebody unassigns a CIDR by hand, and the daemon hears of it from EC2. */
  unassignByHand(index: number): void {
    const all = [...this.ec2.enis].flatMap(([id, eni]) => [...eni.cidrs].map((cidr) => ({ id, cidr })));
    const one = all[index % Math.max(1, all.length)];
    if (one === undefined || this.#podsIn([one.cidr]).length > 0) return;
    this.takenByHand.add(one.cidr);
    this.ec2.unassign(one.id, [one.cidr]);
    if (this.daemon?.sure === true) this.daemon.pool.removeCidrs(one.id, [one.cidr]);
    this.#pass();
  }

  /** Everything answers, time passes until nothing moves any more. Returns the number of EC2 calls that took. */
  quiet(): number {
    this.diskFull = false;
    this.ec2Returns();
    this.start();
    const before = this.ec2.calls;
    for (let round = 0; round < 200; round++) {
      while (this.daemon !== undefined && this.daemon.underWay.length > 0) this.answer('ok');
      this.pass(round < 40 ? 5_000 : 61_000);
      if (round > 60 && this.daemon?.underWay.length === 0) break;
    }
    while (this.daemon !== undefined && this.daemon.underWay.length > 0) this.answer('ok');
    return this.ec2.calls - before;
  }

  #truth(): Pool {
    const { pool } = resolveTruth({
      ec2: this.ec2Up ? this.ec2.inventory() : undefined,
      journal: { ...this.memory(), sameBoot: true },
      kernel: { pods: [...this.kernel.values()], hostAddresses: [] },
      // It lies: the metadata knows of nothing but the primary ENI.
      imds: {
        enis: this.ec2
          .inventory()
          .enis.slice(0, 1)
          .map((eni) => ({ ...eni, cidrs: [] })),
        foreign: [],
      },
      nowMs: this.nowMs,
      cooldownMs: COOLDOWN_MS,
    });
    return pool;
  }

  /** What a start would remember now. */
  memory(): Memory {
    return replay(this.#memory, parseJournal(this.#journal).records);
  }

  #append(records: readonly JournalRecord[]): boolean {
    if (this.diskFull) return false;
    this.#journal += renderRecords(records);
    return true;
  }

  /** The checkpoint: what the pool holds, and a new journal. */
  #fold(): void {
    const pool = this.daemon?.pool;
    if (pool === undefined || this.diskFull) return;
    const enis = [...pool.enis.values()].map((eni) => ({
      facts: { ...eni, cidrs: undefined },
      cidrs: [...eni.cidrs.keys()],
    }));
    this.#memory = { ...this.memory(), intents: [...(this.daemon?.intents.values() ?? [])], enis };
    this.#journal = renderJournalHeader({ generation: 1, bootId: 'b' });
  }

  #end(intent: Intent): void {
    this.daemon?.intents.delete(intent.key);
    this.#append([{ kind: 'ended', key: intent.key }]);
  }

  #release(owner: Owner): void {
    const pool = this.daemon?.pool;
    const events = pool?.release(owner, this.nowMs + COOLDOWN_MS) ?? [];
    // A DEL that cannot be written down fails, and comes again.
    if (!this.#append(events)) {
      this.#spool.push(owner);
      return;
    }
    for (const event of events) {
      pool?.apply(event);
      if (event.kind === 'released') this.#freedAt.set(event.address, this.nowMs);
    }
  }

  #removeLeftovers(): void {
    for (const [id, eni] of [...this.ec2.enis]) if (!eni.attached) this.ec2.deleteEni(id);
    for (const intent of this.memory().intents) this.#end(intent);
  }

  /** What the daemon decides from. */
  input(pool: Pool): DecideInput {
    return {
      view: pool,
      ...this.settings,
      waiting: this.daemon?.waiting.size ?? 0,
      nowMs: this.nowMs,
      holds: { growthUntilMs: this.#growthUntilMs, shrinkUntilMs: 0 },
      ...FREE_POLICY,
    };
  }

  #pass(): void {
    const daemon = this.daemon;
    if (daemon === undefined) return;
    daemon.pool.endCooldowns(this.nowMs);
    if (!this.diskFull) for (const owner of this.#spool.splice(0)) this.#release(owner);
    this.#serve(daemon);
    this.#fold();
    if (!daemon.sure) return;
    for (const action of decide(this.input(daemon.pool)).actions) this.#begin(daemon, action);
  }

  #serve({ pool, waiting }: Daemon): void {
    const { limits, targets } = this.settings;
    const cards = limits.cards.map(({ card }) => card);
    for (const owner of [...waiting.values()]) {
      const choice = pool.choose({ owner, since: BigInt(this.nowMs), kinds: kindsOf(targets.mode), cards });
      if (choice === undefined) return;
      if (choice.kind === 'new') {
        if (!this.#append([choice.event])) return;
        pool.apply(choice.event);
        const freed = this.#freedAt.get(choice.event.address);
        if (freed !== undefined && this.nowMs - freed < COOLDOWN_MS)
          this.wrong.push(`${choice.event.address} is used again after ${this.nowMs - freed} ms`);
      }
      const [allocation] = pool.find(owner);
      if (allocation !== undefined) this.kernel.set(owner.containerId, { ...allocation, eni: undefined } as Orphan);
      waiting.delete(owner.containerId);
    }
  }

  #begin(daemon: Daemon, action: PoolAction): void {
    const { pool } = daemon;
    const intent: Intent | undefined =
      action.kind === 'create-eni'
        ? { kind: 'create-eni', key: `token-${this.nowMs}-${action.device}-${this.ec2.calls}` }
        : action.kind === 'delete-eni'
          ? { kind: 'delete-eni', key: action.eniId }
          : undefined;
    if (intent !== undefined && !this.#append([{ kind: 'intended', intent }])) return;
    if (intent !== undefined) daemon.intents.set(intent.key, intent);
    const growth: PendingGrowth | undefined =
      action.kind === 'create-eni'
        ? { ...action, kind: 'eni' }
        : action.kind === 'assign'
          ? { ...action, kind: 'assign' }
          : undefined;
    if (growth !== undefined) pool.addPending(growth);
    if (action.kind === 'unassign') pool.setReleasing(action.eniId, action.cidrs, true);
    if (action.kind === 'delete-eni') pool.setLeaving(action.eniId, true);
    daemon.underWay.push({ action, growth, intent });
  }

  #podsIn(cidrs: readonly string[]): readonly string[] {
    const going = new Set(cidrs);
    return [...this.kernel.values()].flatMap(({ address }) =>
      keysAround(address).some((key) => going.has(key)) ? [address] : [],
    );
  }

  #execute(action: PoolAction, died: boolean): readonly string[] | undefined {
    const going = goingWith(this.ec2, action);
    for (const address of this.#podsIn(going)) this.wrong.push(`${address} of a running pod is given back`);
    return execute(this.ec2, action, { died, nowMs: this.nowMs });
  }
}
