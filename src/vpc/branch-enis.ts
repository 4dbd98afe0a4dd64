import table from './branch-enis.txt' with { type: 'text' };
import { limitsOf } from './instance-limits.ts';

interface Table {
  /** Slots by kind and size. */
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly kindOf: ReadonlyMap<string, string>;
  /** Branches by family and size. */
  readonly exceptions: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

let known: Table | undefined;

/** Branch ENIs the trunk ENI of an instance type takes; 0 where the type takes no trunk, or is unknown. */
export function branchEnisOf(instanceType: string): number {
  const limits = limitsOf(instanceType);
  if (limits === undefined || (limits.hypervisor !== 'nitro' && !limits.bareMetal)) return 0;
  known ??= readTable();
  const [family = '', size = ''] = instanceType.split('.');
  const exception = known.exceptions.get(family)?.get(size);
  if (exception !== undefined) return exception;
  const slots = known.slots.get(known.kindOf.get(family) ?? '');
  const enis = limits.cards.reduce((sum, card) => sum + card, 0);
  return Math.max(0, (slots?.get(size) ?? slots?.get('*') ?? 0) - enis);
}

function readTable(): Table {
  const lines = table.split('\n').map((line) => line.split(' '));
  const numbers = (entries: readonly string[]): ReadonlyMap<string, number> =>
    new Map(entries.map((entry) => entry.split('=')).map(([size = '', count]) => [size, Number(count)]));
  const named = (word: string): ReadonlyMap<string, ReadonlyMap<string, number>> =>
    new Map(lines.flatMap(([head, name = '', ...entries]) => (head === word ? [[name, numbers(entries)]] : [])));
  return {
    slots: named('slots'),
    kindOf: new Map(
      lines.flatMap(([head, kind = '', ...families]) => (head === 'kind' ? families.map((name) => [name, kind]) : [])),
    ),
    exceptions: named('but'),
  };
}
