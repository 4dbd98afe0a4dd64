import { SimFault } from './fault.ts';

/** Client tokens of one action: the same token with the same request does nothing twice. */
export class ClientTokens {
  readonly #known = new Map<string, { readonly id: string; readonly request: string }>();
  readonly #tokenOf = new Map<string, string>();

  /** The id of what the token made before, where it did. Another request under the same token is refused. */
  find(token: string | undefined, request: string): string | undefined {
    const known = token === undefined ? undefined : this.#known.get(token);
    if (known !== undefined && known.request !== request)
      throw new SimFault('IdempotentParameterMismatch', 'The client token was used before with other parameters');
    return known?.id;
  }

  /** Remembers what the token has made. */
  keep(token: string | undefined, made: { readonly id: string; readonly request: string }): void {
    if (token === undefined) return;
    this.#known.set(token, made);
    this.#tokenOf.set(made.id, token);
  }

  /** Forgets the token of what is gone. */
  forget(id: string): void {
    const token = this.#tokenOf.get(id);
    if (token === undefined) return;
    this.#known.delete(token);
    this.#tokenOf.delete(id);
  }
}
