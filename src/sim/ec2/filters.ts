import { SimFault, type Tags } from '../model/index.ts';
import type { Parameters } from './parameters.ts';

/** A `Filter.N`: an object passes when one of the patterns matches one of its values. */
export interface Filter {
  readonly name: string;
  readonly patterns: readonly RegExp[];
}

/** What a filter of each name looks at. */
export type FilterTable<T> = Readonly<Record<string, (item: T) => readonly (string | number | boolean | undefined)[]>>;

/** EC2 takes no more values in one request. */
const MAX_VALUES = 200;

/** Reads `Filter.N.Name` and `Filter.N.Value.M`. */
export function readFilters(parameters: Parameters): readonly Filter[] {
  const filters = parameters.structures('Filter').map((filter) => ({
    name: filter.required('Name'),
    patterns: filter.list('Value').map(patternOf),
  }));
  const values = filters.reduce((sum, filter) => sum + filter.patterns.length, 0);
  if (values > MAX_VALUES)
    throw new SimFault('FilterLimitExceeded', `A request takes ${MAX_VALUES} filter values, not ${values}`);
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
      return filter.patterns.some((pattern) => found.some((value) => pattern.test(String(value))));
    };
  });
  return items.filter((item) => tests.every((test) => test(item)));
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

/** `*` stands for any text, `?` for one character; a backslash takes their meaning away. */
function patternOf(value: string): RegExp {
  const source = value.replace(/\\[*?\\]|[*?]|[^*?\\]+|\\/g, (part) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    return RegExp.escape(part.length === 2 && part.startsWith('\\') ? part.slice(1) : part);
  });
  return new RegExp(`^${source}$`, 's');
}
