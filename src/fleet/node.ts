import { backoffMs, pausedMs, startRetryMs } from '../aws/index.ts';
import type { Settings } from '../config/index.ts';
import {
  cardsOf,
  decide,
  kindsOf,
  type Owner,
  Pool,
  type PoolAction,
  type PoolLimits,
  type PoolTargets,
  poolFigures,
} from '../pool/index.ts';
import { type Account, about, type Sky } from './account.ts';
import { Changes } from './changes.ts';
import type { Cloud, CloudEni } from './cloud.ts';
import { NodeEc2 } from './node-ec2.ts';
import type { SubnetSpace } from './subnet-space.ts';

/** From the start of the unit to its first request: what the daemon needs for itself. */
const START_MS = 300;

/** What all nodes of a fleet have in common. */
export interface NodeKind {
  readonly settings: Settings;
  readonly limits: PoolLimits;
  readonly targets: PoolTargets;
  /** Pods with an address of their own that the kubelet takes. */
  readonly mostPods: number;
  /** Whether somebody attaches a trunk ENI to each. */
  readonly trunk: boolean;
}

interface Lane {
  untilMs: number;
  failures: number;
  failedAtMs: number;
}

/** A node as the account sees it: the daemon's pool and decisions, its pods, and its requests. */
export class FleetNode {
  readonly pool = new Pool();
  readonly #sky: Sky;
  readonly #kind: NodeKind;
  readonly #name: string;
  /** When the instance was launched. */
  readonly #launchedAtMs: number;
  readonly #ec2: NodeEc2;
  readonly #changes: Changes;
  readonly #discovers: boolean;
  readonly #lanes: { readonly growth: Lane; readonly shrink: Lane };
  #pods: readonly Owner[] = [];
  #waiting: readonly { readonly owner: Owner; readonly sinceMs: number }[] = [];
  #named = 0;
  #wanted = 0;
  #serving = false;
  #ready = false;
  #onTarget = false;
  #scheduled = false;
  #gatheringSinceMs: number | undefined;
  #cancelWake: (() => void) | undefined;

  constructor(
    sky: Sky,
    edges: { readonly account: Account; readonly cloud: Cloud; readonly subnet: SubnetSpace },
    own: { readonly kind: NodeKind; readonly name: string },
  ) {
    this.#sky = sky;
    this.#kind = own.kind;
    this.#name = own.name;
    this.#launchedAtMs = sky.time.monotonic();
    this.#ec2 = new NodeEc2(sky, edges.account, edges.cloud);
    const { subnet } = edges;
    const { settings } = own.kind;
    this.#discovers =
      settings.ENABLE_SUBNET_DISCOVERY &&
      !settings.ENABLE_IMDS_ONLY_MODE &&
      !settings.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG;
    this.#changes = new Changes({
      ...{ sky, ec2: this.#ec2, pool: this.pool, subnet, discovers: this.#discovers },
      changed: () => this.#kick(),
    });
    const lane = (): Lane => ({ untilMs: 0, failures: 0, failedAtMs: -1 });
    this.#lanes = { growth: lane(), shrink: lane() };
  }

  /** Pods that have no address, and those nobody could put here. */
  get short(): { readonly waiting: number; readonly unplaced: number } {
    return { waiting: this.#waiting.length, unplaced: Math.max(0, this.#wanted - this.#kind.mostPods) };
  }

  /** From launch to serving: the metadata, then EC2's list of what the node has, until it comes. */
  async start(primary: CloudEni): Promise<void> {
    const { time, chance, world } = this.#sky;
    const { settings } = this.#kind;
    this.#ec2.adopt(primary);
    await time.sleep(about(this.#sky, START_MS) + world.imdsLagMs);
    if (!settings.ENABLE_IMDS_ONLY_MODE) await this.#listEnis(time, chance);
    const spared = settings.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG;
    if (this.#kind.trunk)
      this.pool.setForeign([{ card: 0, device: this.#lastDevice, eniId: `${this.#name}-trunk`, why: 'trunk' }]);
    this.#serving = true;
    this.#changes.adopt(primary, { card: 0, device: 0, spared });
    if (this.#discovers) await this.#changes.learnSubnets();
  }

  async #listEnis(time: Sky['time'], chance: Sky['chance']): Promise<void> {
    for (let attempt = 0; ; attempt++)
      try {
        return await this.#ec2.describeEnis();
      } catch (error) {
        await time.sleep(Math.max(startRetryMs({ attempt, random: chance() }), pausedMs(error)));
      }
  }

  /** The highest device number: those who attach a trunk leave the low ones to us. */
  get #lastDevice(): number {
    return (this.#kind.limits.cards[0]?.maxEnis ?? 1) - 1;
  }

  /** From now on the node is to run so many pods; none before it is ready. */
  want(pods: number): void {
    this.#wanted = pods;
    this.#follow();
  }

  #follow(): void {
    if (!this.#ready) return;
    const { time, tally } = this.#sky;
    const target = Math.min(this.#wanted, this.#kind.mostPods);
    const nowMs = time.monotonic();
    for (let have = this.#pods.length + this.#waiting.length; have < target; have++) {
      this.#waiting = [...this.#waiting, { owner: this.#nextOwner(), sinceMs: nowMs }];
      tally.waiting += 1;
    }
    // The youngest go first; those that wait have nothing to give back.
    while (this.#pods.length + this.#waiting.length > target) {
      if (this.#waiting.length > 0) {
        this.#waiting = this.#waiting.slice(0, -1);
        tally.waiting -= 1;
        tally.unserved += 1;
      } else this.#end(nowMs);
    }
    this.#kick();
  }

  #end(nowMs: number): void {
    const owner = this.#pods.at(-1);
    if (owner === undefined) return;
    this.#pods = this.#pods.slice(0, -1);
    this.#sky.tally.pods -= 1;
    const untilMs = nowMs + this.#kind.settings.IP_COOLDOWN_PERIOD * 1_000;
    for (const event of this.pool.release(owner, untilMs)) this.pool.apply(event);
  }

  #nextOwner(): Owner {
    const name = `${this.#name}-${this.#named++}`;
    return { network: 'aws-cni', containerId: name, ifName: 'eth0', podNamespace: 'fleet', podName: name };
  }

  #kick(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#sky.time.after(0, () => {
      this.#scheduled = false;
      this.#pass();
    });
  }

  #serve(nowMs: number): void {
    const { limits, targets } = this.#kind;
    const { tally } = this.#sky;
    const kinds = kindsOf(targets.mode);
    const cards = cardsOf(limits, this.pool);
    let served = 0;
    for (const { owner, sinceMs } of this.#waiting) {
      const choice = this.pool.choose({ owner, since: 0n, kinds, cards });
      if (choice?.kind !== 'new') break;
      this.pool.apply(choice.event);
      tally.addMs.push(nowMs - sinceMs);
      served += 1;
    }
    if (served === 0) return;
    this.#pods = [...this.#pods, ...this.#waiting.slice(0, served).map(({ owner }) => owner)];
    this.#waiting = this.#waiting.slice(served);
    tally.pods += served;
    tally.waiting -= served;
    tally.changedAtMs = nowMs;
  }

  /** What the daemon does after each event: serve, decide, ask EC2, and sleep until time alone makes a difference. */
  #pass(): void {
    if (!this.#serving) return;
    const { time } = this.#sky;
    const { limits, targets, settings } = this.#kind;
    const nowMs = time.monotonic();
    this.pool.endCooldowns(nowMs);
    this.#serve(nowMs);
    this.#look(nowMs);
    const grows = !settings.DISABLE_NETWORK_RESOURCE_PROVISIONING && !settings.ENABLE_IMDS_ONLY_MODE;
    const { growth, shrink } = this.#lanes;
    const { fragmented, full } = this.#changes.lacking;
    const { actions, wakeAtMs, gathering } = decide({
      view: this.pool,
      limits,
      targets,
      waiting: this.#waiting.length,
      nowMs,
      gatheringSinceMs: this.#gatheringSinceMs,
      holds: { growthUntilMs: growth.untilMs, shrinkUntilMs: shrink.untilMs },
      permits: { grow: grows, shrink: grows, freeEnis: grows },
      trunkReserve: 0,
      fragmented,
      newEniFragmented: fragmented.size > 0,
      full,
      newEniFull: full.size > 0,
    });
    this.#gatheringSinceMs = gathering ? (this.#gatheringSinceMs ?? nowMs) : undefined;
    for (const action of actions) void this.#run(action);
    if (actions.length === 0) this.#rest(nowMs);
    this.#cancelWake?.();
    this.#cancelWake = wakeAtMs === undefined ? undefined : time.after(wakeAtMs - nowMs, () => this.#kick());
  }

  /** Ready is: an address can be handed out. Then pods come. */
  #look(nowMs: number): void {
    if (this.#ready) return;
    const { limits, targets } = this.#kind;
    if (poolFigures(this.pool, limits, targets.mode).free === 0) return;
    this.#ready = true;
    const { tally, time } = this.#sky;
    tally.readyMs.push(nowMs - this.#launchedAtMs);
    tally.changedAtMs = nowMs;
    time.after(0, () => this.#follow());
  }

  /** Nothing is wanted of EC2, nothing under way and nothing held back: the targets are met, for the first time. */
  #rest(nowMs: number): void {
    const { growth } = this.#lanes;
    const still = this.pool.pending.length > 0 || this.#waiting.length > 0 || growth.untilMs > nowMs;
    if (this.#onTarget || !this.#ready || still || this.#pods.length < Math.min(this.#wanted, this.#kind.mostPods))
      return;
    this.#onTarget = true;
    this.#sky.tally.targetMs.push(nowMs - this.#launchedAtMs);
  }

  /** As the daemon's lanes: a failure holds its direction back, longer each time, with jitter. */
  async #run(action: PoolAction): Promise<void> {
    const { time, chance } = this.#sky;
    const lane = action.kind === 'assign' || action.kind === 'create-eni' ? this.#lanes.growth : this.#lanes.shrink;
    const beganMs = time.monotonic();
    try {
      await this.#changes.run(action);
      if (lane.failedAtMs <= beganMs) {
        lane.failures = 0;
        lane.untilMs = 0;
      }
    } catch (error) {
      const waitMs = Math.max(backoffMs({ attempt: lane.failures, random: chance() }), pausedMs(error));
      lane.failures += 1;
      lane.failedAtMs = time.monotonic();
      lane.untilMs = lane.failedAtMs + waitMs;
    }
    this.#kick();
  }
}
