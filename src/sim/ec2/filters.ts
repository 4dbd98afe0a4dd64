import { SimFault, type Tags } from '../model/index.ts';
import type { Parameters } from './parameters.ts';
import { createPattern } from './pattern.ts';

/** A `Filter.N`: an object passes when one of the wanted values matches one of its own. */
export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
  readonly matches: (text: string) => boolean;
  /** The values themselves when none of them holds a wildcard: what an index can look up. */
  readonly literals: readonly string[] | undefined;
}

/** What a filter of each name looks at. */
export type FilterTable<T> = Readonly<Record<string, (item: T) => readonly (string | number | boolean | undefined)[]>>;

/** EC2 user guide, "List and filter using the CLI and API", "Filtering considerations". */
const MOST = { filters: 50, values: 200, length: 255 } as const;

/** Reads `Filter.N.Name` and `Filter.N.Value.M`. */
export function readFilters(parameters: Parameters): readonly Filter[] {
  const filters = parameters.structures('Filter').map((filter) => {
    const values = filter.list('Value');
    const literals = values.some((value) => /[*?\\]/.test(value)) ? undefined : values;
    const patterns = values.map(createPattern);
    const matches = (text: string): boolean => patterns.some((pattern) => pattern(text));
    return { name: filter.required('Name'), values, matches, literals };
  });
  if (filters.length > MOST.filters)
    throw new SimFault('FilterLimitExceeded', `A request takes ${MOST.filters} filters, not ${filters.length}`);
  for (const { name, values } of filters) {
    if (values.length > MOST.values)
      throw new SimFault('FilterLimitExceeded', `A filter takes ${MOST.values} values, not ${values.length}`);
    const long = [name, ...values].find((text) => text.length > MOST.length);
    if (long !== undefined)
      throw new SimFault('InvalidParameterValue', `'${long.slice(0, 40)}…' is longer than ${MOST.length} characters`);
  }
  return filters;
}

/** The items that pass every filter. `tag:KEY` and `tag-key` work on everything that has tags. */
export function applyFilters<T extends { readonly tags: Tags }>(
  items: readonly T[],
  filters: readonly Filter[],
  table: FilterTable<T>,
): readonly T[] {
  const tests = filters.map((filter) => {
    const values = valuesFor(filter.name, table);
    return (item: T): boolean => {
      const found = values(item).filter((value) => value !== undefined);
      return found.some((value) => filter.matches(String(value)));
    };
  });
  return items.filter((item) => tests.every((test) => test(item)));
}

/**
 * The ids an index narrows a listing to, or `undefined` when no filter has one. `lookUp` gives what an index holds for
 * one literal value of a filter; the filter with the fewest ids wins, and all filters are applied to those.
 */
export function candidateIds(
  filters: readonly Filter[],
  lookUp: (name: string, value: string) => ReadonlySet<string> | readonly string[] | undefined,
): readonly string[] | undefined {
  let fewest: readonly string[] | undefined;
  for (const { name, literals } of filters) {
    const found = literals?.map((value) => lookUp(name, value));
    if (found === undefined || found.some((ids) => ids === undefined)) continue;
    const ids = [...new Set(found.flatMap((one) => [...(one ?? [])]))];
    if (fewest === undefined || ids.length < fewest.length) fewest = ids;
  }
  return fewest;
}

function valuesFor<T extends { readonly tags: Tags }>(name: string, table: FilterTable<T>): FilterTable<T>[string] {
  if (name === 'tag-key') return (item) => Object.keys(item.tags);
  if (name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return (item) => (Object.hasOwn(item.tags, key) ? [item.tags[key]] : []);
  }
  const values = Object.hasOwn(table, name) ? table[name] : undefined;
  if (values === undefined) throw new SimFault('InvalidParameterValue', `The filter '${name}' is invalid`);
  return values;
}
