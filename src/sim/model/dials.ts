/** A disturbance of one operation of the simulator, set from outside to see how a client copes. */
export interface Dial {
  /** The EC2 action, `IMDS` for the metadata service, or `*` for every EC2 action. */
  readonly action: string;
  /** Answer with this EC2 error code; for `IMDS`, with this HTTP status. */
  readonly error?: string;
  /** Wait so long before the request is looked at. */
  readonly delayMs?: number;
  /** Answer that IAM denies it. */
  readonly denied?: boolean;
  /** Answer that the account calls too often. */
  readonly throttled?: boolean;
  /** Disturb so many requests, then fall silent; without it, until cleared. */
  readonly times?: number;
}

/** The dials that are set. One per action; setting an action again replaces it. */
export class Dials {
  readonly #dials = new Map<string, Dial>();

  /** Sets a dial. */
  set(dial: Dial): void {
    this.#dials.set(dial.action, dial);
  }

  /** Removes the dial of an action, or all of them. */
  clear(action?: string): void {
    if (action === undefined) this.#dials.clear();
    else this.#dials.delete(action);
  }

  /** The dials now set, with the times they have left. */
  list(): readonly Dial[] {
    return [...this.#dials.values()];
  }

  /** The dial that disturbs this request, counted down. `IMDS` is no EC2 action, so `*` leaves it alone. */
  take(action: string): Dial | undefined {
    const dial = this.#dials.get(action) ?? (action === 'IMDS' ? undefined : this.#dials.get('*'));
    if (dial?.times === undefined) return dial;
    if (dial.times > 1) this.#dials.set(dial.action, { ...dial, times: dial.times - 1 });
    else this.#dials.delete(dial.action);
    return dial.times > 0 ? dial : undefined;
  }
}
