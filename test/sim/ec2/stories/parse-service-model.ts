import * as ec2 from '@aws-sdk/client-ec2';

/**
 * EC2's official service model as the SDK carries it: what an action takes and what its answer may hold, by the names on
 * the wire. A schema is a function (lazy), a number (a scalar), or an array that starts with its kind.
 */
const LIST = 1;
const LIST_OF = 64;
const STRUCTURE = 3;
const OPERATION = 9;

interface Traits {
  readonly xmlName?: string;
  readonly ec2QueryName?: string;
}

/** The parameters of an action that hold values, the first of every list: `Filter.1.Value.1`. */
export function requestParameters(action: string): readonly string[] {
  return leaves(operation(action).input, '', {
    item: '.1',
    nameOf: ({ xmlName, ec2QueryName }, name) => {
      // The EC2 protocol: the query name, else the XML name with a capital.
      const wire = ec2QueryName ?? xmlName ?? name;
      return wire.charAt(0).toUpperCase() + wire.slice(1);
    },
  });
}

/** The elements an answer of the action may have: those of the model, and what every answer may begin with. */
export function answerElements(action: string): ReadonlySet<string> {
  return new Set(['requestId', 'return', ...modelElements(action)]);
}

/** The elements the model has for an answer of the action, with their containers; list items are transparent. */
export function modelElements(action: string): ReadonlySet<string> {
  const paths = leaves(operation(action).output, '', { item: '', nameOf: ({ xmlName }, name) => xmlName ?? name });
  const all = paths.flatMap((path) => path.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.')));
  return new Set(all);
}

function operation(action: string): { readonly input: unknown; readonly output: unknown } {
  const schema: unknown = Reflect.get(ec2, `${action}$`);
  if (!Array.isArray(schema) || schema[0] !== OPERATION) throw new Error(`the service model has no action ${action}`);
  return { input: schema[4], output: schema[5] };
}

/** How a path is spelt: what stands for the item of a list, and the names of members. */
interface Spelling {
  readonly item: string;
  readonly nameOf: (traits: Traits, name: string) => string;
}

function leaves(schema: unknown, path: string, spelling: Spelling, depth = 0): readonly string[] {
  const { target } = resolve(schema);
  // A list of scalars is the number of its scalar plus this one.
  if (typeof target === 'number' && (target & LIST_OF) !== 0) return [`${path}${spelling.item}`];
  // Recursive shapes end somewhere; no answer here is so deep.
  if (!Array.isArray(target) || depth > 12) return [path];
  if (target[0] === LIST) return leaves(target[4], `${path}${spelling.item}`, spelling, depth + 1);
  if (target[0] !== STRUCTURE) return [path];
  const [names, members] = [target[4] as readonly string[], target[5] as readonly unknown[]];
  return names.flatMap((name, index) => {
    const wire = spelling.nameOf(resolve(members[index]).traits, name);
    return leaves(members[index], path === '' ? wire : `${path}.${wire}`, spelling, depth + 1);
  });
}

function resolve(schema: unknown): { readonly target: unknown; readonly traits: Traits } {
  if (typeof schema === 'function') return resolve(schema());
  // A member with traits is a pair; whole schemas are longer.
  if (Array.isArray(schema) && schema.length === 2) {
    const traits = typeof schema[1] === 'object' ? (schema[1] as Traits) : {};
    return { target: resolve(schema[0]).target, traits };
  }
  return { target: schema, traits: {} };
}
