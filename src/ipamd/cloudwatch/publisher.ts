import type { Registry } from 'prom-client';
import { type CloudWatch, connectCloudWatch, type Ec2Outcome, type Imds, type MetricDatum } from '../../aws/index.ts';
import { cloudWatchAccess, type Settings } from '../../config/index.ts';
import { type HostError, toHostError } from '../../errors/index.ts';
import { later } from '../later.ts';
import type { Edges, Node } from '../parts.ts';
import { figuresAt, totalsOf } from './figures.ts';

/** Upstream's namespace. */
const NAMESPACE = 'Kubernetes';
const NO_NAME = 'k8s-cluster';
const TAGS = ['eks:cluster-name', 'CLUSTER_ID', 'Name'];

/** CloudWatch takes so many figures in one request. */
const MOST_DATA = 1000;

/** Nodes of a cluster do not all send in the same moment; the time in the figure is that of the reading. */
const SPREAD = 0.25;

/** Refusals of what is in a request. */
const NEVER_TAKEN = /^(?:InvalidParameter|MissingRequiredParameter)/;

/** After failures the next try waits twice as many figures as after the one before, and at most so many. */
const MOST_WAIT = 16;

/**
 * The name of the cluster, as upstream's helper finds it, but without a right to describe tags. Throws when the metadata does
 * not answer: a name taken for want of it would split the cluster's figures in two.
 */
export async function clusterOf(settings: Settings, imds: Pick<Imds, 'get'>): Promise<string> {
  const told = settings.AWS_CLUSTER_ID || settings.CLUSTER_NAME;
  if (told !== '') return told;
  for (const tag of TAGS) {
    // Instances whose metadata tells no tags answer 404, as one without this tag does.
    const value = await imds.get(`/latest/meta-data/tags/instance/${tag}`);
    if (value) return value;
  }
  return NO_NAME;
}

/**
 * Publishes the figures of this node, one of each for each period, at multiples of it: the sum over a period is then the
 * cluster's. What cannot be sent is kept and sent with the next; the daemon never waits for it.
 */
export class Publisher {
  readonly #edges: Edges;
  readonly #registry: Registry;
  readonly #periodMs: number;
  #latenciesMs: number[] = [];
  #before: ReadonlyMap<string, number> = new Map();
  #unsent: readonly MetricDatum[] = [];
  #failures = 0;
  #skip = 0;
  #failure: HostError | undefined;

  constructor(edges: Edges, registry: Registry) {
    this.#edges = edges;
    this.#registry = registry;
    this.#periodMs = edges.settings.METRIC_UPDATE_INTERVAL * 2000;
  }

  /** Why nothing can be sent; cleared by the next success. */
  get failure(): HostError | undefined {
    return this.#failure;
  }

  /** Notes the time of a request to EC2. */
  told({ ms }: Ec2Outcome): void {
    this.#latenciesMs.push(ms);
  }

  /** Begins, once it is known where we are. */
  start(node: Pick<Node, 'identity' | 'imds'>): void {
    const { settings, signal } = this.#edges;
    const client = connectCloudWatch({ region: node.identity.region, ...cloudWatchAccess(settings) });
    signal.addEventListener('abort', () => client.close(), { once: true });
    let cluster: string | undefined;
    const send = async (): Promise<void> => {
      cluster ??= await clusterOf(settings, node.imds);
      await this.#send(client, cluster);
    };
    this.#wait(send);
  }

  #wait(send: () => Promise<void>): void {
    const now = this.#edges.clock.now();
    const atMs = (Math.floor(now / this.#periodMs) + 1) * this.#periodMs;
    later(this.#edges, atMs - now, () => {
      this.#wait(send);
      void this.#try(() => this.#read(atMs)).then(() => {
        const spreadMs = Math.random() * SPREAD * this.#periodMs;
        later(this.#edges, spreadMs, () => void this.#tryToSend(send));
      });
    });
  }

  async #read(atMs: number): Promise<void> {
    const now = totalsOf(await this.#registry.getMetricsAsJSON());
    const figures = figuresAt(atMs, { now, before: this.#before, latenciesMs: this.#latenciesMs });
    this.#before = now;
    this.#latenciesMs = [];
    this.#unsent = [...this.#unsent, ...figures].slice(-MOST_DATA);
  }

  async #tryToSend(send: () => Promise<void>): Promise<void> {
    if (this.#skip > 0) {
      this.#skip -= 1;
      return;
    }
    const failure = await this.#try(send);
    this.#failure = failure;
    if (failure === undefined) this.#failures = 0;
    else {
      this.#skip = Math.min(MOST_WAIT, 2 ** this.#failures) - 1;
      this.#failures += 1;
      // It takes none of a request that has one it does not like, such as one of a clock that was wrong: nor will it later.
      if (NEVER_TAKEN.test(String(failure.details['awsCode']))) this.#unsent = [];
    }
  }

  /** Does a part of it; what it failed with. The daemon goes on without. */
  async #try(work: () => Promise<void>): Promise<HostError | undefined> {
    try {
      await work();
      return undefined;
    } catch (caught) {
      const error = toHostError(caught);
      if (!this.#edges.signal.aborted) this.#edges.logger.warn('figures cannot be published, trying again', { error });
      return error;
    }
  }

  async #send(client: CloudWatch, cluster: string): Promise<void> {
    const data = this.#unsent;
    if (data.length === 0) return;
    await client.put(data, { namespace: NAMESPACE, cluster });
    // What was read meanwhile stays.
    this.#unsent = this.#unsent.filter((datum) => !data.includes(datum));
  }
}
