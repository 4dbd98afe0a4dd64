import { SimFault, type SimInstance, type SimVpc } from '../model/index.ts';

/**
 * Which RunInstances request made which instances: the same client token with the same request makes no others
 * (EC2 developer guide, "Ensuring idempotency").
 */
export class Launches {
  readonly #vpc: SimVpc;
  readonly #byInstance = new Map<string, string>();
  readonly #byToken = new Map<string, { readonly request: string; readonly ids: readonly string[] }>();

  constructor(vpc: SimVpc) {
    this.#vpc = vpc;
  }

  /** The client token an instance was launched with; empty without one. */
  tokenOf(instance: SimInstance): string {
    return this.#byInstance.get(instance.id) ?? '';
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
    if (token === '') return;
    for (const id of ids) this.#byInstance.set(id, token);
    this.#byToken.set(token, { request, ids });
    this.#forgetGone();
  }

  /** Instances leave the model some time after their end; what is kept of them here must not outgrow them. */
  #forgetGone(): void {
    if (this.#byInstance.size < 1000 || this.#byInstance.size < 2 * this.#vpc.instances().length) return;
    const gone = [...this.#byInstance].filter(([id]) => this.#vpc.findInstance(id) === undefined);
    for (const [id, token] of gone) {
      this.#byInstance.delete(id);
      this.#byToken.delete(token);
    }
  }
}
