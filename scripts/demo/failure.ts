/** Something a user of the demo can meet: what happened, and the way out when there is one. */
export class DemoFailure extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'DemoFailure';
    this.hint = hint;
  }
}

/** Goes on only when the fact holds. */
export function need(fact: boolean, otherwise: string): asserts fact {
  if (!fact) throw new DemoFailure(otherwise);
}
