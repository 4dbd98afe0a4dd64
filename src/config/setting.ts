/** The value of a text, or the rule it breaks. */
export type Parsed<V> = { readonly ok: true; readonly value: V } | { readonly ok: false; readonly reason: string };

/** How texts of one kind become values. */
export interface Kind<V> {
  /** What may be written, as a phrase: `an integer from 0 to 9`. */
  readonly allowed: string;
  readonly parse: (text: string) => Parsed<V>;
}

/** Chapters of docs/configuration.md. */
export type Chapter = 'pool' | 'eni' | 'host network' | 'pods' | 'endpoints' | 'logs and ports' | 'cluster';

/**
 * One setting. `default` is text, as a user would write it, so that defaults pass the same parser. `unsetAs` names the
 * setting whose value counts while this one is unset. A setting without `only` is supported fully; `only` lists the values
 * that ask for nothing we lack yet, and any other value is refused rather than ignored.
 */
export interface Setting<V> extends Kind<V> {
  readonly chapter: Chapter;
  readonly default: string;
  readonly doc: string;
  readonly unsetAs?: string;
  readonly only?: readonly string[];
}

/** Everything about a setting but its kind. */
export type About = Omit<Setting<unknown>, keyof Kind<unknown> | 'only'>;

/** A setting we honour at every allowed value. */
export function setting<V>(kind: Kind<V>, about: About): Setting<V> {
  return { ...kind, ...about };
}

/** A setting of upstream whose feature we lack: only values that ask for nothing new are accepted (the default is one). */
export function notYet<V>(kind: Kind<V>, about: About & { readonly only?: readonly string[] }): Setting<V> {
  return { ...kind, ...about, only: about.only ?? [about.default] };
}
