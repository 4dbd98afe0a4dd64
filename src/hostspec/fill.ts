import { HostError } from '../errors/index.ts';

/** Values of the named holes of a template. */
export type Holes = Readonly<Record<string, string>>;

/** Puts the values into the `{{NAME}}` holes of a text. A hole without a value is a defect of the product. */
export function fillText(template: string, holes: Holes): string {
  return template.replaceAll(/\{\{([A-Z_]+)\}\}/g, (_hole, name: string) => {
    const value = holes[name];
    if (value === undefined) throw new HostError('INTERNAL', { reason: `the template hole ${name} has no value` });
    return value;
  });
}

/** Fills the holes in every key and string of a parsed document: a value can never break the document's syntax. */
export function fillValue(value: unknown, holes: Holes): unknown {
  if (typeof value === 'string') return fillText(value, holes);
  if (Array.isArray(value)) return value.map((item) => fillValue(item, holes));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [fillText(key, holes), fillValue(item, holes)]));
}
