import { SimFault, type SimInstance, type SimVpc } from '../model/index.ts';

/** How an instance came to be. */
export interface Launch {
  readonly reservationId: string;
  /** Its place among the instances of one request. */
  readonly index: number;
  readonly token: string;
}

/**
 * Which RunInstances request made which instances: they share a reservation, and the same client token with the same
 * request makes no others (EC2 developer guide, "Ensuring idempotency").
 */
export class Launches {
  readonly #vpc: SimVpc;
  readonly #byInstance = new Map<string, Launch>();
  readonly #byToken = new Map<string, { readonly request: string; readonly ids: readonly string[] }>();

  constructor(vpc: SimVpc) {
    this.#vpc = vpc;
  }

  /** The launch of an instance; one that no request of ours made has a reservation to itself. */
  of(instance: SimInstance): Launch {
    const alone = { reservationId: instance.id.replace(/^i-/, 'r-'), index: 0, token: '' };
    return this.#byInstance.get(instance.id) ?? alone;
  }

  /** The instances a token has made. Refuses another request under it, and instances that are gone. */
  find(token: string, request: string): readonly SimInstance[] | undefined {
    const known = this.#byToken.get(token);
    if (known === undefined) return undefined;
    if (known.request !== request)
      throw new SimFault('IdempotentParameterMismatch', 'The client token was used before with other parameters');
    return known.ids.map((id) => {
      const instance = this.#vpc.findInstance(id);
      if (instance === undefined || instance.state === 'terminated')
        throw new SimFault('IdempotentInstanceTerminated', `The instance '${id}' of this client token is terminated`);
      return instance;
    });
  }

  /** Remembers what a request has made. */
  add(instances: readonly SimInstance[], token: string, request: string): void {
    const ids = instances.map(({ id }) => id);
    const reservationId = (ids[0] ?? '').replace(/^i-/, 'r-');
    ids.forEach((id, index) => void this.#byInstance.set(id, { reservationId, index, token }));
    if (token !== '') this.#byToken.set(token, { request, ids });
    this.#forgetGone();
  }

  /** Instances leave the model some time after their end; what is kept of them here must not outgrow them. */
  #forgetGone(): void {
    if (this.#byInstance.size < 1000 || this.#byInstance.size < 2 * this.#vpc.instances().length) return;
    const gone = [...this.#byInstance].filter(([id]) => this.#vpc.findInstance(id) === undefined);
    for (const [id, { token }] of gone) {
      this.#byInstance.delete(id);
      this.#byToken.delete(token);
    }
  }
}
