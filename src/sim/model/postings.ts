import type { SimEni } from './types.ts';

/** What ENIs can be looked up by. The value of `tag` is key and value with a NUL between. */
export type EniIndex = 'instance-id' | 'subnet-id' | 'group-id' | 'tag' | 'tag-key' | 'attachment-id' | 'status';

const NOBODY: ReadonlySet<string> = new Set();

/** EC2's status of an ENI: whether it hangs on something. */
export function eniStatus(eni: Pick<SimEni, 'attachment' | 'trunk'>): 'available' | 'in-use' {
  return eni.attachment === undefined && eni.trunk === undefined ? 'available' : 'in-use';
}

/** For each value of each index the ids of the ENIs that have it. */
export class EniPostings {
  readonly #sets = new Map<string, Set<string>>();

  /** Replaces what is known of an ENI; `undefined` stands for one that is not there. */
  replace(before: SimEni | undefined, after: SimEni | undefined): void {
    const old = before === undefined ? [] : keysOf(before);
    const next = after === undefined ? [] : keysOf(after);
    const id = after?.id ?? before?.id ?? '';
    for (const key of old) if (!next.includes(key)) this.#remove(key, id);
    for (const key of next) if (!old.includes(key)) this.#add(key, id);
  }

  /** The ids of the ENIs with this value; a live set, not to be kept. */
  find(index: EniIndex, value: string): ReadonlySet<string> {
    return this.#sets.get(`${index}\0${value}`) ?? NOBODY;
  }

  #add(key: string, id: string): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([id]));
    else set.add(id);
  }

  #remove(key: string, id: string): void {
    const set = this.#sets.get(key);
    set?.delete(id);
    if (set?.size === 0) this.#sets.delete(key);
  }
}

/** Whether an ENI has this value of an index. */
export function hasValue(eni: SimEni, index: EniIndex, value: string): boolean {
  return keysOf(eni).includes(`${index}\0${value}`);
}

function keysOf(eni: SimEni): readonly string[] {
  const { attachment } = eni;
  const keys = [`subnet-id\0${eni.subnetId}`, `status\0${eniStatus(eni)}`];
  for (const group of eni.securityGroups) keys.push(`group-id\0${group}`);
  for (const [key, value] of Object.entries(eni.tags)) keys.push(`tag\0${key}\0${value}`, `tag-key\0${key}`);
  if (attachment !== undefined) keys.push(`instance-id\0${attachment.instanceId}`, `attachment-id\0${attachment.id}`);
  return keys;
}
