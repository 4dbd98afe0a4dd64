/** One request the simulator has answered. */
export interface SimCall {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The access key of an EC2 request, the address of an IMDS one. */
  readonly caller: string;
  /** The EC2 action, or method and path of an IMDS request. */
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** `OK`, the EC2 error code, or the HTTP status of a failed IMDS request. */
  readonly code: string;
  /** What came back in a few words: `OK` with the ids in the answer, or the error with its sentence. */
  readonly result: string;
  /** From the first look at the request to its answer, with what a dial made it wait. */
  readonly ms: number;
  /** EC2's id of the request; the metadata service has none. */
  readonly requestId?: string;
}

/** The last requests, oldest first; bounded, so that a long run does not fill the memory. */
export class CallRecord {
  readonly #limit: number;
  #calls: SimCall[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds a call; the oldest fall out. */
  add(call: SimCall): void {
    this.#calls.push(call);
    // Dropped in bulk: shifting one by one would move the whole list on every call.
    if (this.#calls.length >= 2 * this.#limit) this.#calls = this.#calls.slice(-this.#limit);
  }

  /** The calls kept, oldest first. */
  list(): readonly SimCall[] {
    return this.#calls.slice(-this.#limit);
  }

  /** Forgets every call. */
  clear(): void {
    this.#calls = [];
  }
}
