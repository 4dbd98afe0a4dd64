/** Enough for every address of a few full /16. */
const SHARDS = 256;

/**
 * A map for many entries that come and go. One large `Map` is rebuilt whole when it has no room for another deleted
 * entry, which near a power of two is every few operations (64,000 entries: 4 ms each time); small ones are not felt.
 */
export class ShardedMap<V> {
  readonly #shards: readonly Map<string, V>[] = Array.from({ length: SHARDS }, () => new Map());

  get(key: string): V | undefined {
    return this.#of(key)?.get(key);
  }
  has(key: string): boolean {
    return this.#of(key)?.has(key) ?? false;
  }
  set(key: string, value: V): void {
    this.#of(key)?.set(key, value);
  }
  delete(key: string): void {
    this.#of(key)?.delete(key);
  }

  /** The characters at the end are those in which addresses differ. */
  #of(key: string): Map<string, V> | undefined {
    let hash = key.length;
    for (let at = Math.max(0, key.length - 6); at < key.length; at += 1)
      hash = (hash * 31 + key.charCodeAt(at)) % 65_536;
    return this.#shards[hash % SHARDS];
  }
}
