/** Something a user of the demo can meet. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}

/** Goes on only when the fact holds. */
export function need(fact: boolean, otherwise: string): asserts fact {
  if (!fact) throw new DemoFailure(otherwise);
}
