/** Lets work of one key wait for earlier work of the same key; other keys do not wait. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs the work after all earlier work of its key has ended, however that ended. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const ended = result.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(key, ended);
    try {
      return await result;
    } finally {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    }
  }
}
