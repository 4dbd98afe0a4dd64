import { pausedMs } from '../aws/index.ts';
import type { Settings } from '../config/index.ts';
import { type HostError, toHostError } from '../errors/index.ts';
import { PATHS } from '../hostspec/index.ts';
import { RouteSocket } from '../kernel/index.ts';
import type { Logger } from '../log/index.ts';
import { type Intent, Pool } from '../pool/index.ts';
import { createFiles, giveBackMemory, systemClock, systemExec, takeLock } from '../sys/index.ts';
import { notify } from '../systemd/index.ts';
import { adoptPool, listen } from './adopt.ts';
import { Attachments } from './attachments.ts';
import { startBackground } from './background.ts';
import { trunkReserve } from './branch/index.ts';
import { Publisher } from './cloudwatch/index.ts';
import { Drift } from './drift/index.ts';
import { Leases } from './egress/leases.ts';
import { Engine } from './engine.ts';
import { identify, persist } from './identify.ts';
import { eniConfigsOfFile, grow, Lane, type LaneParts, Placement, permitsOf, shrink } from './lanes/index.ts';
import { aborted } from './later.ts';
import { Leftovers } from './leftovers.ts';
import { createCounts } from './metrics/counts.ts';
import { registerEc2Metrics } from './metrics/ec2-metrics.ts';
import { NodeNetwork } from './node-network.ts';
import { observable } from './observable.ts';
import type { Onlooker } from './onlooker.ts';
import { outlookDocument } from './outlook.ts';
import { Outside } from './outside/outside.ts';
import { ownConditions } from './own-conditions.ts';
import type { Edges } from './parts.ts';
import { FREE_POLICY } from './policy.ts';
import { whenQuiet } from './quiet.ts';
import { Readiness } from './readiness.ts';
import { Reaper } from './reaper.ts';
import { RecentCalls } from './recent-calls.ts';
import { openIntrospection, servePorts } from './serve-ports.ts';
import { askSocket, serveSocket } from './server.ts';
import { keepReplaying } from './slow-safety.ts';
import { HOST_NETWORK, onceStarted } from './starting.ts';
import { type Phase, type RunTimes, statusDocument } from './status.ts';
import { Store } from './store.ts';
import { timeCall } from './tell-calls.ts';
import { UnmanagedEnis } from './unmanaged-enis.ts';
import { CallsUnderWay, keepTelling } from './watchdog.ts';

/** What the daemon is started with. */
export interface RunOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** Value of NOTIFY_SOCKET. */
  readonly notifySocket: string | undefined;
  /** Milliseconds between signs of life; `undefined` when nobody waits for any. */
  readonly beatEveryMs: number | undefined;
  readonly signal: AbortSignal;
  /** Who shows people what happens; `undefined` where nobody does. */
  readonly onlooker?: Onlooker | undefined;
}

/** How much longer systemd is asked to wait: until the next attempt, and a little more. */
const EXTEND_MS = 30_000;
// The daemon being replaced finishes what EC2 was asked for.
const LOCK_WAIT_MS = 12_000;
// Memory is given back when no burst of pods can be under way, for the first call after it costs a few milliseconds more;
// where pods come and go all the time, seldom, and not between two of them that come together.
const PAUSES = { quietMs: 10_000, pauseMs: 500, everyMs: 15_000 } as const;

/** The daemon of one node: from reading who it is to serving the socket, until the signal. */
class Daemon {
  readonly #edges: Edges;
  readonly #options: RunOptions;
  readonly #store: Store;
  readonly #unmanaged: UnmanagedEnis;
  readonly #counts = createCounts();
  readonly #startedAtMs: number;
  readonly #beganMs: number;
  readonly #started = Promise.withResolvers<Attachments>();
  #phase: Phase = { kind: 'starting', doing: 'reading the instance metadata', failure: undefined };
  readonly #calls: CallsUnderWay;
  readonly #busy: () => void;
  #readiness: Readiness | undefined;
  #outside: Outside | undefined;
  #leftovers: Leftovers | undefined;
  #reaper: Reaper | undefined;

  constructor(edges: Edges, options: RunOptions) {
    this.#edges = edges;
    this.#options = options;
    this.#store = new Store(edges, PATHS.run, edges.settings.AWS_VPC_K8S_CNI_BACKING_STORE || undefined);
    this.#unmanaged = new UnmanagedEnis(edges);
    this.#startedAtMs = edges.clock.now();
    this.#beganMs = edges.clock.monotonic();
    this.#calls = new CallsUnderWay(edges.clock);
    this.#busy = whenQuiet(edges, PAUSES, giveBackMemory);
  }

  async run(): Promise<void> {
    const server = serveSocket(PATHS.socket, {
      status: () => statusDocument(this.#phase, this.#times()),
      outlook: () =>
        this.#phase.kind === 'serving' ? outlookDocument(this.#phase.engine, this.#phase.node) : undefined,
      serve: (request, gone) => this.#serve(request, gone),
    });
    try {
      // A start that waits for an answer of EC2 is given up: whatever it has done so far the next one finds.
      const engine = await Promise.race([this.#start(), aborted(this.#edges.signal)]);
      if (engine !== undefined) this.#watch(engine);
      await aborted(this.#edges.signal);
      this.#phase = { kind: 'stopping' };
      notify(this.#options.notifySocket, [{ kind: 'stopping' }]);
      // The socket first: a plugin that finds nobody waits for the next daemon or keeps its DEL; one that is told
      // "stopping" would have to fail.
      await server.stop();
      await Promise.all([engine?.stop(), this.#reaper?.stop()]);
    } catch (error) {
      if (!this.#edges.signal.aborted) throw error;
    } finally {
      await server.stop();
    }
  }

  #times(): RunTimes {
    const nowMs = this.#edges.clock.monotonic();
    return { startedAtMs: this.#startedAtMs, nowMs, readyAfterMs: this.#readiness?.afterMs };
  }

  async #start(): Promise<Engine> {
    const { logger, signal, settings, clock } = this.#edges;
    const { onlooker } = this.#options;
    onlooker?.watch(observable({ phase: () => this.#phase, times: () => this.#times(), looked: this.#busy }));
    const introspect = openIntrospection(this.#edges, onlooker);
    const ended = this.#counts.timeStart(clock);
    const stored = this.#store.load();
    const cloudwatch = settings.USE_CLOUDWATCH ? new Publisher(this.#edges, this.#counts.registry) : undefined;
    const recentCalls = new RecentCalls(clock, registerEc2Metrics(this.#counts.registry));
    const node = await identify(
      this.#edges,
      (failure) => this.#tell('reading who this instance is', failure),
      (outcome) => {
        recentCalls.told(outcome);
        onlooker?.asked(outcome);
        cloudwatch?.told(outcome);
      },
    );
    ended('metadata');
    this.#phase = { kind: 'starting', doing: 'asking EC2 for the ENIs of this instance', failure: undefined };
    const nothing = new Pool();
    let current: () => Pool = () => nothing;
    const leases = new Leases(this.#edges, PATHS.egress).load();
    const network = new NodeNetwork(node, () => current(), { takesOver: this.#store.takenOver, leases });
    const tellOf = (doing: string) => (failure: HostError) => this.#tell(doing, failure);
    const tell = tellOf('asking EC2 for the ENIs of this instance');
    const configs = settings.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG ? eniConfigsOfFile(node) : undefined;
    const placement = new Placement(node, configs);
    let proven = false;
    const [{ pool, fromKernel }] = await Promise.all([
      persist(this.#edges, 'asking EC2 for our ENIs', tell, async () => {
        const parts = { node, network, placement };
        const heard = await listen(parts, stored);
        proven = heard.ec2 !== undefined;
        return adoptPool(parts, stored, heard);
      }),
      persist(this.#edges, HOST_NETWORK.rules, tellOf(HOST_NETWORK.rules), () => network.repairPacketRules()),
    ]);
    await this.#unmanaged.claimOnly(network.macs);
    this.#store.follow(pool, (id) => network.attachmentOf(id));
    ended('pool');
    const engine = this.#engine({ node, network, placement }, pool);
    current = () => engine.pool;
    leases.settle(network.observe(), pool.allocations());
    const { links } = HOST_NETWORK;
    const repaired = await persist(this.#edges, links, tellOf(links), async () => network.repair());
    // What follows waits for the end by its signal, which would not come a second time.
    signal.throwIfAborted();
    ended('network');
    if (repaired.length > 0) logger.info('host network repaired', { steps: repaired.length });
    const reaper = new Reaper(node, pool.cooldowns.keys());
    this.#reaper = reaper;
    const attachments = new Attachments(node, engine, { leases, branches: network.branches, reaper });
    keepReplaying(node, { replay: (request) => attachments.replay(request), looked: () => this.#readiness?.keep() });
    const { damage } = stored;
    const conditions = ownConditions({ node, engine, network, store: this.#store, damage, fromKernel });
    this.#phase = { kind: 'serving', node, engine, network, conditions, recentCalls };
    this.#started.resolve(attachments);
    ended('serving');
    const readyMs = (): number | undefined => this.#readiness?.afterMs;
    servePorts({ node, engine, network, placement, reaper, counts: this.#counts, readyMs, introspect });
    engine.kick();
    const { care, facts } = startBackground({ node, engine, network, placement });
    for (const each of [care, facts, cloudwatch]) conditions.watch(() => each?.failure);
    cloudwatch?.start(node);
    this.#leftovers = new Leftovers(node, {
      store: this.#store,
      unmanaged: this.#unmanaged,
      freed: (eniId) =>
        engine.change((changing) => changing.setForeign(changing.foreign.filter((each) => each.eniId !== eniId))),
    });
    this.#leftovers.take(stored.intents);
    const own = { node, network, placement, engine, conditions, unmanaged: this.#unmanaged };
    const watching = { ...own, reconciled: this.#counts.reconciled, looked: () => this.#busy() };
    this.#outside = new Outside(watching, { unproven: !proven });
    this.#outside.start();
    const addressed = (): void => void facts.look();
    new Drift({ node, network, conditions, repaired: this.#counts.drifted, addressed }).start();
    logger.info('serving', {
      instance_id: node.identity.instanceId,
      startup_ms: Math.round(clock.monotonic() - this.#beganMs),
      pods: pool.allocations().length,
      node_port: settings.AWS_VPC_CNI_NODE_PORT_SUPPORT,
    });
    return engine;
  }

  /** systemd starts a new daemon when the pool's queue stands still, the socket is silent or a call is never answered. */
  #watch(engine: Engine): void {
    const { clock, logger, signal } = this.#edges;
    const { beatEveryMs: everyMs, notifySocket } = this.#options;
    if (everyMs === undefined) return;
    const proof = async (): Promise<void> => {
      await engine.passed();
      await askSocket(PATHS.socket);
      this.#calls.check();
    };
    void keepTelling({ notifySocket, everyMs, proof, clock, logger, signal });
  }

  #engine(own: Pick<LaneParts, 'node' | 'network' | 'placement'>, pool: Pool): Engine {
    const { node, placement } = own;
    const engine = new Engine(node, this.#store, pool, {
      run: (action) =>
        action.kind === 'assign' || action.kind === 'create-eni'
          ? growth.run(action, () => grow(parts, action))
          : shrinking.run(action, () => shrink(parts, action)),
      changed: () => {
        readiness.look();
        this.#busy();
        this.#options.onlooker?.changed();
      },
      waits: (cause) => this.#counts.waits(cause),
      policy: () => ({
        ...FREE_POLICY,
        ...permitsOf(node.settings, node.files),
        ...placement.policy,
        trunkReserve: trunkReserve(node, engine.pool),
        looking: this.#outside?.looking === true,
      }),
    });
    const readiness = new Readiness(node, engine, {
      beganMs: this.#beganMs,
      notifySocket: this.#options.notifySocket,
    });
    this.#readiness = readiness;
    const [store, unmanaged, failed] = [this.#store, this.#unmanaged, this.#counts.failed];
    const [slotTaken, unsure] = [() => this.#outside?.slotTaken(), (intent: Intent) => this.#leftovers?.take([intent])];
    const parts: LaneParts = { ...own, engine, store, unmanaged, failed, slotTaken, unsure };
    const growth = new Lane(parts, 'growth');
    const shrinking = new Lane(parts, 'shrink');
    return engine;
  }

  #tell(doing: string, failure: HostError): void {
    this.#phase = { kind: 'starting', doing, failure: { error: failure, atMs: this.#edges.clock.now() } };
    notify(this.#options.notifySocket, [
      { kind: 'status', text: `${doing}: ${failure.message}` },
      { kind: 'extend-timeout', ms: EXTEND_MS + pausedMs(failure) },
    ]);
  }

  async #serve(request: unknown, gone: AbortSignal): Promise<unknown> {
    const command =
      typeof request === 'object' && request !== null && 'command' in request ? String(request.command) : 'none';
    const { clock } = this.#edges;
    const ended = timeCall(clock, (code, ms) => {
      this.#counts.count(command, code, { ms });
      this.#options.onlooker?.called(command, code, ms);
    });
    try {
      const attachments = await onceStarted(this.#started.promise, () => this.#phase, { command, clock });
      const answer = await this.#calls.track(command, () => attachments.serve(request, gone));
      ended('ok');
      return answer;
    } catch (error) {
      const failure = toHostError(error);
      ended(failure.code);
      this.#edges.logger.warn('call refused', { command, error: failure });
      throw failure;
    }
  }
}

/** Runs the daemon until the signal. Throws `LOCK_HELD` when another one runs on this host. */
export async function runIpamd(options: RunOptions): Promise<void> {
  const files = createFiles('/');
  files.ensureDirectory(PATHS.run, 0o700);
  using _lock = await takeLock(`${PATHS.run}/ipamd.lock`, { clock: systemClock, waitMs: LOCK_WAIT_MS });
  using socket = new RouteSocket();
  const { settings, logger, signal } = options;
  const edges: Edges = { clock: systemClock, exec: systemExec, files, logger, socket, settings, signal };
  await new Daemon(edges, options).run();
}
