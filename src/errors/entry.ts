/** Whether doing the same again can succeed: never, after a back-off, or once a cooldown has run out. */
export type Retry = 'never' | 'backoff' | 'after-cooldown';

/** The values an error sentence is built from; printed as they are, so never a secret. */
export type Details = Readonly<Record<string, string | number | boolean | undefined>>;

/** One failure: the sentence, the way out, the retry class. */
export interface Entry {
  readonly retry: Retry;
  readonly says: (details: Details) => string;
  readonly remedy: string;
}
